/** A GraphQL document in a recipe: what can be known of it without the service's schema. */
import {
  type DocumentNode,
  GraphQLError,
  GraphQLSchema,
  KnownFragmentNamesRule,
  NoFragmentCyclesRule,
  NoUndefinedVariablesRule,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  type TypeNode,
  UniqueArgumentNamesRule,
  UniqueFragmentNamesRule,
  UniqueInputFieldNamesRule,
  UniqueVariableNamesRule,
  type VariableDefinitionNode,
  validate,
} from 'graphql';
import type { Endpoint, Integration } from '../format/format.ts';
import type { Graphql } from '../format/graphql.ts';
import type { JsonType, Parameter, RecipeValue } from '../format/parameter.ts';
import type { FaultPath, Report } from './texts.ts';

/** Those that need no schema. */
const rules = [
  KnownFragmentNamesRule,
  NoFragmentCyclesRule,
  NoUndefinedVariablesRule,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  UniqueArgumentNamesRule,
  UniqueFragmentNamesRule,
  UniqueInputFieldNamesRule,
  UniqueVariableNamesRule,
];
const noSchema = new GraphQLSchema({ assumeValid: true });

export function checkGraphql(endpoint: Endpoint, report: Report): void {
  const { graphql, method, body, read_only } = endpoint;
  if (graphql === undefined) return;
  if (method !== 'POST') report(['method'], 'must be POST, by which the document is sent');
  if (body !== undefined) report(['body'], 'cannot stand beside `graphql`: the document and its variables are the whole body');
  const operation = checkDocument(graphql, ['graphql'], report);
  if (!operation) return;
  if (operation.operation === 'query' && !read_only) report(['read_only'], 'must be true, since a query changes nothing');
  if (operation.operation === 'mutation' && read_only) report(['read_only'], 'cannot be true, since a mutation changes things');
  checkVariables(operation.variableDefinitions ?? [], endpoint, report);
}

export function checkVerifyDocument({ graphql, method }: NonNullable<Integration['verify']>, path: FaultPath, report: Report): void {
  if (graphql === undefined) return;
  if (method !== 'POST') report([...path, 'method'], 'must be POST, by which the document is sent');
  const operation = checkDocument(graphql, [...path, 'graphql'], report);
  if (operation?.operation === 'mutation')
    report([...path, 'graphql', 'document'], 'must be a query: proving a credential changes nothing');
  for (const { variable } of operation?.variableDefinitions ?? [])
    report([...path, 'graphql', 'document'], `nothing fills $${variable.name.value}: write its value into the document`);
}

/** Its one operation; undefined when there is a fault in the document. */
function checkDocument({ document, data }: Graphql, path: FaultPath, report: Report): OperationDefinitionNode | undefined {
  const parsed = parseDocument(document);
  const faults = parsed instanceof GraphQLError ? [parsed] : validate(noSchema, parsed, rules);
  for (const { message } of faults) report([...path, 'document'], `is no sound GraphQL document: ${message.replaceAll(/\s+/g, ' ')}`);
  if (parsed instanceof GraphQLError || faults.length > 0) return undefined;
  const operations = parsed.definitions.filter((definition) => definition.kind === 'OperationDefinition');
  const [operation] = operations;
  if (!operation || operations.length > 1 || operation.operation === 'subscription') {
    report([...path, 'document'], 'must hold exactly one operation, a query or a mutation');
    return undefined;
  }
  const missing = data === undefined ? undefined : findMissing(data.split('.'), operation, parsed);
  if (missing !== undefined) report([...path, 'data'], `the document does not select ${missing}`);
  return operation;
}

function parseDocument(document: string): DocumentNode | GraphQLError {
  try {
    return parse(document, { noLocation: true });
  } catch (error) {
    return error as GraphQLError;
  }
}

/** The first part of the path that the operation does not select. */
function findMissing(names: readonly string[], operation: OperationDefinitionNode, { definitions }: DocumentNode): string | undefined {
  const fieldsOf = ({ selections }: SelectionSetNode): { key: string; inner: SelectionSetNode | undefined }[] =>
    selections.flatMap((selection) => {
      if (selection.kind === 'Field') return { key: (selection.alias ?? selection.name).value, inner: selection.selectionSet };
      if (selection.kind === 'InlineFragment') return fieldsOf(selection.selectionSet);
      const fragment = definitions.find((one) => one.kind === 'FragmentDefinition' && one.name.value === selection.name.value);
      return fragment?.kind === 'FragmentDefinition' ? fieldsOf(fragment.selectionSet) : [];
    });
  let sets: SelectionSetNode[] = [operation.selectionSet];
  for (const [at, name] of names.entries()) {
    const fields = sets.flatMap(fieldsOf).filter(({ key }) => key === name);
    if (fields.length === 0) return names.slice(0, at + 1).join('.');
    sets = fields.flatMap(({ inner }) => inner ?? []);
  }
  return undefined;
}

/** Every variable has its parameter, and every parameter of the body its variable. */
function checkVariables(definitions: readonly VariableDefinitionNode[], { parameters }: Endpoint, report: Report): void {
  const filled = new Map<string, [string, Parameter]>();
  for (const [name, parameter] of Object.entries(parameters))
    if (parameter.in === 'body') filled.set(parameter.as ?? name, [name, parameter]);
  for (const { variable, type, defaultValue } of definitions) {
    const [name, parameter] = filled.get(variable.name.value) ?? [];
    filled.delete(variable.name.value);
    if (name === undefined || !parameter) {
      report(['graphql', 'document'], `no parameter in the body fills $${variable.name.value}`);
      continue;
    }
    const path = ['parameters', name];
    if (parameter.merge) report([...path, 'merge'], 'is not for a variable of a document');
    if (type.kind === 'NonNullType' && !defaultValue && !parameter.required && !parameter.send_default)
      report(
        [...path, 'required'],
        `must be true (or give a \`default\` with \`send_default\`), since $${variable.name.value} must be set`,
      );
    const fault = findTypeFault(type, parameter);
    if (fault !== undefined) report([...path, ...fault.path], fault.message);
  }
  for (const [variable, [name, { as }]] of filled)
    report(['parameters', name, as === undefined ? 'in' : 'as'], `the document has no variable $${variable}`);
}

const jsonTypes: Readonly<Record<string, readonly JsonType[]>> = {
  String: ['string'],
  ID: ['string', 'integer'],
  Int: ['integer'],
  Float: ['number', 'integer'],
  Boolean: ['boolean'],
};

/** Where a value that fits its description would not fit the type. Of types that GraphQL does not define nothing is known. */
export function findTypeFault(type: TypeNode, value: Parameter | RecipeValue): { path: string[]; message: string } | undefined {
  const types = [value.type].flat();
  if (type.kind === 'NonNullType') {
    if (types.includes('null')) return { path: ['type'], message: 'cannot be null, since the variable cannot' };
    return findTypeFault(type.type, value);
  }
  const given = types.filter((one) => one !== 'null');
  if (type.kind === 'ListType') {
    if (given.some((one) => one !== 'array')) return { path: ['type'], message: 'must be array, since the variable is a list' };
    const fault = value.items && findTypeFault(type.type, value.items);
    return fault && { path: ['items', ...fault.path], message: fault.message };
  }
  const name = type.name.value;
  const fitting = jsonTypes[name];
  if (!fitting || given.every((one) => fitting.includes(one))) return undefined;
  return { path: ['type'], message: `must be ${fitting.join(' or ')}, since the variable is of type ${name}` };
}
