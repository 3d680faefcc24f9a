/** The GraphQL documents that doors run in process: parsed and validated once, so that a request only executes. */
import { type DocumentNode, type ExecutionResult, execute, type GraphQLSchema, parse, validate } from 'graphql';
import type { Context } from '../core/context.ts';

/** Throws when the document does not fit the schema; `owner` says whose it is. */
export function prepareDocument(schema: GraphQLSchema, document: string, owner: string): DocumentNode {
  const parsed = parse(document, { noLocation: true });
  const faults = validate(schema, parsed);
  if (faults.length > 0)
    throw new Error(`The document of ${owner} does not fit the schema: ${faults.map((fault) => fault.message).join(' ')}`);
  return parsed;
}

/** A result at once where nothing had to be waited for. */
export function runDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  context: Context,
  variableValues: Record<string, unknown>,
): ExecutionResult | Promise<ExecutionResult> {
  return execute({ schema, document, contextValue: context, variableValues }) as ExecutionResult | Promise<ExecutionResult>;
}
