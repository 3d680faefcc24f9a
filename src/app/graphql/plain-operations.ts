/**
 * Plain operations, run without what Yoga puts around each request, which costs several times what most of them do. Only what
 * runs is answered here: everything else goes to Yoga untouched, so that what is wrong with a request is said in one place.
 */
import {
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  type TypeNode,
} from 'graphql';
import type { Context } from '../../core/context.ts';
import type { CheckedDocument, Documents } from './documents.ts';
import { checkCost, checkVariables } from './limits.ts';
import type { ReadOperation } from './read-operation.ts';

export class PlainOperations {
  readonly #schema: GraphQLSchema;
  readonly #documents: Documents;

  constructor(schema: GraphQLSchema, documents: Documents) {
    this.#schema = schema;
    this.#documents = documents;
  }

  /** Undefined where nothing has run: for what is not plain, and for what is refused before its first field. */
  run(context: Context, { query, operationName, variables }: ReadOperation): Promise<ExecutionResult | undefined> | undefined {
    const sound = this.#findSound(query);
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

  #findSound(query: string): CheckedDocument | undefined {
    try {
      const checked = this.#documents.read(query);
      // Full introspection is for Yoga and its own rules.
      return checked.introspects || checked.faults.length > 0 ? undefined : checked;
    } catch {
      return undefined;
    }
  }

  #requireCheap(sound: CheckedDocument, operation: OperationDefinitionNode, variables: Record<string, unknown>): void {
    const name = operation.name?.value ?? '';
    if (sound.cheap.has(name)) return;
    checkCost(this.#schema, sound.document, operation.name?.value, variables);
    if (!operation.variableDefinitions?.some(({ type }) => mayChangeCost(type))) sound.cheap.add(name);
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
