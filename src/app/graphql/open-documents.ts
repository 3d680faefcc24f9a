/** What /graphql does for those who show no credential: the documents in which every root field is open to everybody. */
import {
  BREAK,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  specifiedRules,
  validate,
  visit,
} from 'graphql';
import type { Context } from '../../core/context.ts';
import { badRequest, SkillettError } from '../../core/errors.ts';
import { unauthorized } from '../http/authenticate.ts';
import { strangerBytesMax } from '../http/body/read-body.ts';
import { Kept } from './kept.ts';
import { graphqlLimits } from './limits.ts';
import type { ReadOperation } from './read-operation.ts';

/** Full introspection takes tens of milliseconds, so a document has it once and its answer is kept. */
const introspectionFields: ReadonlySet<string> = new Set(['__schema', '__type']);

/**
 * Throws unauthorized for a document with a root field that asks who is there, and bad_request with the first fault of one that is not
 * valid: to find and print all of them takes tens of milliseconds. One that cannot be read is left to be refused for that. Says whether
 * the document introspects.
 */
function requireOpenDocument(schema: GraphQLSchema, query: unknown, introspection: boolean): boolean {
  const document = typeof query === 'string' ? tryParse(query) : undefined;
  if (!document) return false;
  if ((document.tokenCount as number) > strangerTokensMax) throw unauthorized();
  const names = document.definitions
    .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
    .flatMap((operation) => rootFields(document, operation).map((name) => ({ operation, name })));
  let introspects = 0;
  for (const { operation, name } of names) {
    if (name === '__typename') continue;
    if (introspectionFields.has(name)) introspects += introspection ? 1 : Number.POSITIVE_INFINITY;
    else if (!schema.getRootType(operation.operation)?.getFields()[name]?.extensions.open) throw unauthorized();
  }
  if (introspects > 1 || (introspects === 1 && hasAlias(document))) throw unauthorized();
  const [fault] = validate(schema, document, specifiedRules, { maxErrors: 1, hideSuggestions: true });
  if (fault) throw badRequest(fault.message);
  return introspects > 0;
}

/** Under another name a field can walk the whole schema again, and a level deeper as often each time. */
function hasAlias(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Field: ({ alias }) => {
      if (!alias) return undefined;
      found = true;
      return BREAK;
    },
  });
  return found;
}

function tryParse(query: string): DocumentNode | undefined {
  try {
    return parse(query, { noLocation: true, maxTokens: graphqlLimits.tokens });
  } catch {
    return undefined;
  }
}

function rootFields(document: DocumentNode, operation: OperationDefinitionNode): string[] {
  const met = new Set<string>();
  const namesIn = ({ selections }: SelectionSetNode): string[] =>
    selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection.name.value];
      if (selection.kind === Kind.INLINE_FRAGMENT) return namesIn(selection.selectionSet);
      if (met.has(selection.name.value)) return [];
      met.add(selection.name.value);
      return document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value
          ? namesIn(definition.selectionSet)
          : [],
      );
    });
  return namesIn(operation.selectionSet);
}

export interface KeptAnswer {
  mediaType: string;
  text: string;
}

/** The usual introspection has 184. To validate as many tokens as a key may send takes tens of milliseconds. */
const strangerTokensMax = 500;

/** Introspection that nobody has asked for before, which all without a key together may ask for in a minute. */
const newIntrospectionsMax = 30;

/** Longer documents are rare, and each that is known takes its length of memory. */
const knownLengthMax = 4_096;

/** What stands before a document is validated, which costs milliseconds that nobody without a good key is worth. */
export class StrangersGate {
  readonly #schema: GraphQLSchema;
  readonly #introspection: boolean;
  readonly #answers = new Kept<KeptAnswer>(8);
  /** Documents that a good key has sent before, which Yoga need not validate again. */
  readonly #known = new Kept<true>(1_000);
  #minuteEndsMs = 0;
  #newInMinute = 0;

  constructor(schema: GraphQLSchema, introspection: boolean) {
    this.#schema = schema;
    this.#introspection = introspection;
  }

  /** Throws 401s. What it returns is the introspection of somebody without a credential, kept from before or to be kept. */
  async admit(
    context: Context,
    body: Buffer,
    operation: ReadOperation | undefined,
    mediaType: string,
  ): Promise<{ kept: KeptAnswer | undefined; keep(value: unknown): void } | undefined> {
    const { kind } = await context.caller();
    if (kind !== 'none') {
      if (body.length <= strangerBytesMax) await this.#requireKnown(context, operation ? operation.query : readQuery(body));
      return undefined;
    }
    if (!requireOpenDocument(this.#schema, operation ? operation.query : readQuery(body), this.#introspection)) return undefined;
    const name = `${mediaType} ${body.toString('latin1')}`;
    const kept = this.#answers.get(name);
    if (!kept) this.#countNew();
    return {
      kept,
      keep: (value) => {
        if (typeof value === 'object' && value !== null && !('errors' in value))
          this.#answers.set(name, { mediaType, text: JSON.stringify(value) });
      },
    };
  }

  /** Each walks the schema; whoever shows a key is not counted. Throws rate_limited. */
  #countNew(): void {
    const nowMs = performance.now();
    if (nowMs >= this.#minuteEndsMs) {
      this.#minuteEndsMs = nowMs + 60_000;
      this.#newInMinute = 0;
    }
    this.#newInMinute += 1;
    if (this.#newInMinute <= newIntrospectionsMax) return;
    const seconds = Math.ceil((this.#minuteEndsMs - nowMs) / 1000);
    throw new SkillettError(
      'rate_limited',
      `Too many new introspection queries came without a key. Send your API key, or retry in ${seconds} s.`,
      { headers: { 'retry-after': String(seconds) } },
    );
  }

  async #requireKnown(context: Context, query: unknown): Promise<void> {
    // Introspection costs more than its validation, so what a good key has asked for is not given to a false one.
    if (typeof query !== 'string' || (this.#known.get(query) && !/__(schema|type)\b/.test(query))) return;
    await context.holder();
    if (query.length <= knownLengthMax) this.#known.set(query, true);
  }
}

function readQuery(body: Buffer): unknown {
  try {
    return (JSON.parse(body.toString('utf8')) as { query?: unknown } | null)?.query;
  } catch {
    return undefined;
  }
}
