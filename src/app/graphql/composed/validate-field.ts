/** `Query.validate`: what a document would be told, would call and would cost, without running it. */
import { type FieldNode, GraphQLError, getArgumentValues, getVariableValues, Kind, type OperationDefinitionNode } from 'graphql';
import type { Context } from '../../../core/context.ts';
import { badRequest, SkillettError } from '../../../core/errors.ts';
import { mayCall } from '../../../core/principal.ts';
import { builder } from '../../../core/schema/builder.ts';
import { canonicalJson } from '../../../domains/executions/request/canonical-json.ts';
import type { CatalogueEndpoint } from '../../../domains/recipes/catalogue.ts';
import { EndpointRef } from '../../../domains/skills/endpoints/graphql.ts';
import { checkCost, checkVariables, measureCost } from '../limits.ts';
import { GraphDoors } from './graph-doors.ts';
import { listPlannedCalls, type PlannedCall } from './planned-calls.ts';

interface CheckedCall {
  path: string[];
  endpoint: CatalogueEndpoint;
  account: string | null;
  allowed: boolean;
  shared: boolean;
}

interface DocumentFault {
  message: string;
  line: number | undefined;
  column: number | undefined;
}

interface DocumentCheck {
  faults: DocumentFault[];
  calls: CheckedCall[];
  complexity: number | null;
  depth: number | null;
}

const FaultRef = builder.objectRef<DocumentFault>('DocumentFault').implement({
  description: 'Why a document would be refused before anything is called.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'What is wrong, and how to mend it.' }),
    line: t.exposeInt('line', { nullable: true, description: 'Its line in the document, from 1; null where it has no place.' }),
    column: t.exposeInt('column', { nullable: true, description: 'Its column in that line, from 1.' }),
  }),
});

const PlannedCallRef = builder.objectRef<CheckedCall>('PlannedCall').implement({
  description: 'An execution that a typed field of a document would be.',
  fields: (t) => ({
    path: t.exposeStringList('path', { description: 'Where its answer would stand.' }),
    endpoint: t.field({ type: EndpointRef, description: 'What is called.', resolve: ({ endpoint }) => endpoint }),
    account: t.exposeString('account', {
      nullable: true,
      description: 'The account that is named; null leaves it to the only one, or the default.',
    }),
    allowed: t.exposeBoolean('allowed', { description: 'Whether it is within the scopes of whoever asks.' }),
    shared: t.exposeBoolean('shared', { description: 'Whether an equal read before it is the same execution, so that it counts nowhere.' }),
  }),
});

const DocumentCheckRef = builder.objectRef<DocumentCheck>('DocumentCheck').implement({
  description: 'What would become of a document.',
  fields: (t) => ({
    valid: t.boolean({
      description: 'Whether it would run. What its fields would be told then is not known.',
      resolve: ({ faults }) => faults.length === 0,
    }),
    faults: t.field({ type: [FaultRef], description: 'Why it would not; the first 20.', resolve: ({ faults }) => faults }),
    calls: t.field({
      type: [PlannedCallRef],
      description: 'What its typed fields would call; those of `read` and `execute` are not among them. At most 50 of one integration run.',
      resolve: ({ calls }) => calls,
    }),
    executions: t.int({
      description: 'How many executions its typed fields would count.',
      resolve: ({ calls }) => calls.filter(({ shared }) => !shared).length,
    }),
    complexity: t.exposeInt('complexity', {
      nullable: true,
      description: 'What it weighs of the 5,000 that a document may; null where it is not known.',
    }),
    depth: t.exposeInt('depth', { nullable: true, description: 'How deep it is, of 12; null where it is not known.' }),
  }),
});

builder.queryField('validate', (t) =>
  t.field({
    type: DocumentCheckRef,
    complexity: 5,
    description:
      'Says whether a document would run, what it would call and what that costs. Nothing is called and nothing counted but this request.',
    args: {
      document: t.arg.string({ required: true, description: 'The document, with one operation.' }),
      variables: t.arg({ type: 'JSON', description: 'Its variables by name, as an object. Left out: none.' }),
    },
    resolve: async (_root, { document, variables }, context) => {
      await context.principal();
      if (variables !== undefined && variables !== null && (typeof variables !== 'object' || Array.isArray(variables)))
        throw badRequest('`variables` must be an object of values by name.');
      return checkDocument(context, document, (variables ?? {}) as Record<string, unknown>);
    },
  }),
);

async function checkDocument(context: Context, query: string, given: Record<string, unknown>): Promise<DocumentCheck> {
  const check: DocumentCheck = { faults: [], calls: [], complexity: null, depth: null };
  try {
    const { schema, documents } = await GraphDoors.require(context.gateway).find(context, query, () => undefined);
    const { document, faults, repeatedVariables } = documents.read(query);
    if (faults.length > 0) return { ...check, faults: faults.map(toFault) };
    const operation = requireOne(document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION));
    const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], given, { maxErrors: 20 });
    if (errors) return { ...check, faults: errors.map(toFault) };
    checkVariables(repeatedVariables, given);
    const { complexity, depth } = measureCost(schema, document, undefined, coerced);
    Object.assign(check, { complexity, depth });
    check.calls = await checkCalls(context, listPlannedCalls(schema, document, coerced), coerced);
    checkCost(schema, document, undefined, coerced);
    return check;
  } catch (thrown) {
    const isOther = thrown instanceof SkillettError && thrown.code !== 'bad_request';
    if (isOther || !(thrown instanceof GraphQLError)) throw thrown;
    return { ...check, faults: [toFault(thrown)] };
  }
}

function toFault({ message, locations }: GraphQLError): DocumentFault {
  return { message, line: locations?.[0]?.line, column: locations?.[0]?.column };
}

function requireOne(operations: readonly OperationDefinitionNode[]): OperationDefinitionNode {
  const [operation, ...others] = operations;
  if (!operation || others.length > 0) throw badRequest('`document` must have one operation, so that it is clear what would run.');
  return operation;
}

async function checkCalls(context: Context, planned: readonly PlannedCall[], variables: Record<string, unknown>): Promise<CheckedCall[]> {
  const { scopes } = await context.holder();
  const met = new Set<string>();
  return planned.map(({ integration, endpoint, field, node, root, path }) => {
    const { _account: own, ...args } = getArgumentValues(field, node, variables);
    const account = (own ?? argumentOf(root, 'account', variables) ?? null) as string | null;
    const { name, readOnly } = endpoint;
    const key = `${canonicalJson([integration, name, account])}${canonicalJson(args)}`;
    const shared = readOnly && met.has(key);
    met.add(key);
    return { path, endpoint, account, allowed: mayCall(scopes, integration, name, readOnly), shared };
  });
}

/** Of the field above, which takes texts alone. */
function argumentOf(node: FieldNode | undefined, name: string, variables: Record<string, unknown>): unknown {
  const value = node?.arguments?.find((argument) => argument.name.value === name)?.value;
  if (value?.kind === Kind.VARIABLE) return variables[value.name.value];
  return value?.kind === Kind.STRING ? value.value : undefined;
}
