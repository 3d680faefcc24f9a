/** The GraphQL documents that doors run in process: parsed and validated once, so that a request only executes. */
import { type DocumentNode, type ExecutionResult, execute, type GraphQLSchema, Kind, parse, validate, visit } from 'graphql';
import type { Context } from '../../core/context.ts';
import { prepareEnumWords } from './enum-words.ts';

export class PreparedDocument {
  readonly #schema: GraphQLSchema;
  readonly #whole: DocumentNode;
  /** Names of the variables that may be left out. */
  readonly #optional: readonly string[] = [];
  /** By what is left out, a bit for each. */
  readonly #shortened = new Map<number, DocumentNode>();
  readonly #toWords: ((data: unknown) => void) | undefined;

  /** Throws when the document does not fit the schema; `owner` says whose it is. */
  constructor(schema: GraphQLSchema, text: string, owner: string) {
    this.#schema = schema;
    this.#whole = parse(text, { noLocation: true });
    const faults = validate(schema, this.#whole);
    if (faults.length > 0)
      throw new Error(`The document of ${owner} does not fit the schema: ${faults.map((fault) => fault.message).join(' ')}`);
    this.#toWords = prepareEnumWords(schema, this.#whole);
    const [operation] = this.#whole.definitions;
    if (operation?.kind === Kind.OPERATION_DEFINITION)
      this.#optional = (operation.variableDefinitions ?? [])
        .filter(({ type, defaultValue }) => type.kind !== Kind.NON_NULL_TYPE && !defaultValue)
        .map(({ variable }) => variable.name.value);
  }

  /** A result at once where nothing had to be waited for. Enums in it are the words of rows (`pending`), not GraphQL's names. */
  run(context: Context, variableValues: Record<string, unknown>): ExecutionResult | Promise<ExecutionResult> {
    const document = this.#without(variableValues);
    const result = execute({ schema: this.#schema, document, contextValue: context, variableValues }) as
      | ExecutionResult
      | Promise<ExecutionResult>;
    if (!this.#toWords) return result;
    return result instanceof Promise ? result.then((ended) => this.#withWords(ended)) : this.#withWords(result);
  }

  /** The data of a result, whose shape validation guarantees. Throws its first error. */
  async ask(context: Context, variableValues: Record<string, unknown>): Promise<unknown> {
    const { data, errors } = await this.run(context, variableValues);
    if (errors?.[0]) throw errors[0];
    return data;
  }

  #withWords(result: ExecutionResult): ExecutionResult {
    this.#toWords?.(result.data);
    return result;
  }

  /**
   * An argument whose variable was not given counts as absent (GraphQL, "Coercing Field Arguments"), so it may as well not
   * stand there: executing it all the same is a third of what a small document costs.
   */
  #without(given: Record<string, unknown>): DocumentNode {
    let bits = 0;
    for (let at = 0; at < this.#optional.length; at += 1) if (given[this.#optional[at] as string] === undefined) bits |= 1 << at;
    if (bits === 0) return this.#whole;
    let document = this.#shortened.get(bits);
    if (!document) {
      document = leaveOut(this.#whole, new Set(this.#optional.filter((_name, at) => bits & (1 << at))));
      this.#shortened.set(bits, document);
    }
    return document;
  }
}

function leaveOut(document: DocumentNode, names: ReadonlySet<string>): DocumentNode {
  return visit(document, {
    VariableDefinition: ({ variable }) => (names.has(variable.name.value) ? null : undefined),
    Argument: ({ value }) => (value.kind === Kind.VARIABLE && names.has(value.name.value) ? null : undefined),
  });
}
