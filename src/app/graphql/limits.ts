/** What one GraphQL operation may cost (docs/api.md, "GraphQL"). Introspection fields cost nothing, so tools can always read the schema. */
import { complexityFromQuery } from '@pothos/plugin-complexity';
import { type DocumentNode, type GraphQLSchema, Kind, type parse, visit } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { badRequest } from '../../core/errors.ts';
import { jsonValuesMax } from '../../core/json/check-json.ts';
import { executionBytesMax } from '../http/body/read-body.ts';
import type { GraphDoor } from './composed/graph-doors.ts';
import { listPlannedCalls } from './composed/planned-calls.ts';
import type { ShapeLimits } from './document-shape.ts';

export const graphqlLimits = {
  tokens: 2_000,
  operations: 50,
  fragments: 50,
  fields: 5_000,
  pairs: 500,
  depth: 12,
  aliases: 50,
  complexity: 5_000,
  callsOfIntegration: 50,
  variableBytes: executionBytesMax,
} as const satisfies ShapeLimits & Record<string, number>;

/** Throws bad_request naming the limit that an operation of a valid document passes. */
function checkOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Record<string, unknown>,
): void {
  checkVariables(countRepeatedVariables(document), variables);
  checkCost(schema, document, operationName, variables);
}

export function checkAliases(document: DocumentNode): void {
  let aliases = 0;
  visit(document, {
    Field: (field) => {
      if (field.alias && field.alias.value !== field.name.value) aliases += 1;
    },
  });
  if (aliases > graphqlLimits.aliases)
    throw badRequest(
      `The document has ${aliases} aliases, but at most ${graphqlLimits.aliases} are allowed. Send several requests instead.`,
    );
}

/** `variables` change which fields there are, by `@skip` and `@include`. */
export function checkCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Record<string, unknown>,
): void {
  checkCalls(schema, chooseOperation(document, operationName), variables);
  const cost = measureCost(schema, document, operationName, variables);
  if (cost.depth > graphqlLimits.depth)
    throw badRequest(
      `The operation is ${cost.depth} levels deep, but at most ${graphqlLimits.depth} are allowed. Ask for the deeper parts separately.`,
    );
  if (cost.complexity > graphqlLimits.complexity) {
    throw badRequest(
      `The operation's complexity is ${cost.complexity}, but at most ${graphqlLimits.complexity} is allowed. Ask for fewer items with \`first\`, or for fewer fields of each.`,
    );
  }
}

/** Of a valid document. */
export function measureCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Record<string, unknown>,
): { complexity: number; depth: number } {
  return complexityFromQuery(chooseOperation(document, operationName), { schema, variables });
}

/** Only the chosen operation runs, so only it is counted. */
function chooseOperation(document: DocumentNode, operationName: string | null | undefined): DocumentNode {
  const definitions = document.definitions.filter(
    (definition) => definition.kind !== Kind.OPERATION_DEFINITION || !operationName || definition.name?.value === operationName,
  );
  return { ...document, definitions };
}

/** Before anything is sent: what is refused in the middle would have been done in part. */
function checkCalls(schema: GraphQLSchema, document: DocumentNode, variables: Record<string, unknown>): void {
  for (const [integration, calls] of Map.groupBy(listPlannedCalls(schema, document, variables), (call) => call.integration))
    if (calls.length > graphqlLimits.callsOfIntegration)
      throw badRequest(
        `The operation calls ${integration} ${calls.length} times, but at most ${graphqlLimits.callsOfIntegration} calls of one integration are allowed. Send several requests instead.`,
      );
}

/** How often each variable is named that is named more than once. */
export function countRepeatedVariables(document: DocumentNode): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      uses.set(name.value, (uses.get(name.value) ?? 0) + 1);
    },
  });
  for (const [name, times] of uses) if (times === 1) uses.delete(name);
  return uses;
}

/** A variable is used as often as it is named, and each use may be a call that carries it. Throws bad_request naming it. */
export function checkVariables(repeated: ReadonlyMap<string, number>, variables: Record<string, unknown>): void {
  let values = 0;
  let bytes = 0;
  for (const [name, times] of repeated) {
    const weight = weigh(variables[name]);
    values += weight.values * times;
    bytes += weight.bytes * times;
    if (values > jsonValuesMax || bytes > graphqlLimits.variableBytes)
      throw badRequest(
        `\`$${name}\` is used ${times} times, which makes more than ${jsonValuesMax} JSON values or ${graphqlLimits.variableBytes / 1024 / 1024} MiB of variables together. Send several requests instead.`,
      );
  }
}

function weigh(value: unknown): { values: number; bytes: number } {
  const weight = { values: 0, bytes: 0 };
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    weight.values += 1;
    if (typeof next === 'string') weight.bytes += next.length;
    if (typeof next === 'object' && next !== null) for (const inner of Object.values(next)) open.push(inner);
  }
  return weight;
}

/** The same limits as a Yoga plugin, which parses and validates nothing that was read already. */
export function useOperationLimits(): Plugin<{ graph: GraphDoor }> {
  return {
    onParse({ context, setParseFn }) {
      setParseFn(
        (source: Parameters<typeof parse>[0]) => context.graph.documents.read(typeof source === 'string' ? source : source.body).document,
      );
    },
    onValidate({ context, params, setResult }) {
      const faults = context.graph.documents.faultsOf(params.documentAST);
      if (faults) setResult([...faults]);
    },
    onExecute({ args }) {
      checkOperation(args.schema, args.document, args.operationName, (args.variableValues ?? {}) as Record<string, unknown>);
    },
  };
}
