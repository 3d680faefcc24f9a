/**
 * Plain operations, run without what Yoga puts around each request, which costs several times what most of them do. Only what
 * runs is answered here: everything else goes to Yoga untouched, so that what is wrong with a request is said in one place.
 */
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  type TypeNode,
  validate,
} from 'graphql';
import type { Context } from '../../core/context.ts';
import { Kept } from './kept.ts';
import { checkAliases, checkCost, checkVariables, countRepeatedVariables, graphqlLimits } from './limits.ts';
import type { ReadOperation } from './read-operation.ts';

/** Parsed, valid and within the limits that its text decides alone. */
interface SoundDocument {
  document: DocumentNode;
  repeatedVariables: ReadonlyMap<string, number>;
  /** Names of operations whose cost no variable can change, and which are known to be within the limits. */
  cheap: Set<string>;
}

const documentsMax = 500;
/** Longer documents are rare, and each that is kept takes several times its length of memory. */
const keptLengthMax = 8_192;

export class PlainOperations {
  readonly #schema: GraphQLSchema;
  readonly #rules: Parameters<typeof validate>[2];
  readonly #documents = new Kept<SoundDocument>(documentsMax);

  constructor(schema: GraphQLSchema, introspection: boolean) {
    this.#schema = schema;
    this.#rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  }

  /** Undefined where nothing has run: for what is not plain, and for what is refused before its first field. */
  run(context: Context, { query, operationName, variables }: ReadOperation): Promise<ExecutionResult | undefined> | undefined {
    const sound = this.#requireSound(query);
    const operation = sound && getOperationAST(sound.document, operationName);
    if (!sound || !operation || operation.operation === 'subscription') return undefined;
    const variableValues = variables ?? {};
    try {
      checkVariables(sound.repeatedVariables, variableValues);
      this.#requireCheap(sound, operation, variableValues);
    } catch {
      return undefined;
    }
    const result = execute({ schema: this.#schema, document: sound.document, contextValue: context, variableValues, operationName });
    return result instanceof Promise ? result.then(unlessRefused) : Promise.resolve(unlessRefused(result));
  }

  #requireSound(query: string): SoundDocument | undefined {
    const known = this.#documents.get(query);
    if (known) return known;
    const found = findSound(this.#schema, query, this.#rules);
    if (found && query.length <= keptLengthMax) this.#documents.set(query, found);
    return found;
  }

  #requireCheap(sound: SoundDocument, operation: OperationDefinitionNode, variables: Record<string, unknown>): void {
    const name = operation.name?.value ?? '';
    if (sound.cheap.has(name)) return;
    checkCost(this.#schema, sound.document, operation.name?.value, variables);
    if (!operation.variableDefinitions?.some(({ type }) => mayChangeCost(type))) sound.cheap.add(name);
  }
}

function findSound(schema: GraphQLSchema, query: string, rules: Parameters<typeof validate>[2]): SoundDocument | undefined {
  // Full introspection is for Yoga and its own rules.
  if (/__(schema|type)\b/.test(query)) return undefined;
  try {
    const document = parse(query, { maxTokens: graphqlLimits.tokens });
    if (validate(schema, document, rules).length > 0) return undefined;
    checkAliases(document);
    return { document, repeatedVariables: countRepeatedVariables(document), cheap: new Set() };
  } catch {
    return undefined;
  }
}

/** `first` is a number, and `@include` takes a boolean; texts and JSON are only passed on. */
function mayChangeCost(type: TypeNode): boolean {
  if (type.kind !== Kind.NAMED_TYPE) return mayChangeCost(type.type);
  return !['String', 'ID', 'JSON'].includes(type.name.value);
}

/** Without `data` no field has run (GraphQL, "Request error result format"). */
function unlessRefused(result: ExecutionResult): ExecutionResult | undefined {
  return 'data' in result ? result : undefined;
}
