/** A GraphQL schema in the form of OpenAPI: an operation for each query and mutation, with a document of its own. */
import {
  assertValidSchema,
  buildClientSchema,
  buildSchema,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  type IntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  parse,
  validate,
} from 'graphql';
import { selectFields } from './default-selection.ts';
import { holdsVerb } from './names.ts';
import type { OpenApi, Operation, PathItem, Schema } from './openapi.ts';

type Field = GraphQLField<unknown, unknown>;

/** What may stand in front of a definition: one piece at a time, since a pattern over all of them takes ages for some texts. */
const ignored = /[\s,\ufeff]+|#[^\n]*|"""[\s\S]*?"""|"(?!"")[^"\n]*"/y;
const definition = /(?:extend\s+)?(?:schema|type|interface|union|scalar|enum|input|directive)\s+[@{_A-Za-z]/y;

/** Whether a text that is no JSON is written in the schema language (GraphQL, "Type System Definitions"). */
export function isSchemaLanguage(text: string): boolean {
  ignored.lastIndex = 0;
  let at = 0;
  while (ignored.test(text)) at = ignored.lastIndex;
  definition.lastIndex = at;
  return definition.test(text);
}

/** Throws GraphQLError with the place of what is wrong. */
export function readSchemaLanguage(text: string): OpenApi {
  return fromSchema(buildSchema(text, { assumeValidSDL: true }));
}

/** The answer to an introspection query, or its `data`. */
export function findIntrospection(document: Record<string, unknown>): IntrospectionQuery | undefined {
  for (const one of [document, document.data])
    if (typeof one === 'object' && one !== null && '__schema' in one) return one as unknown as IntrospectionQuery;
  return undefined;
}

/** Throws Error for what is no introspection. */
export function readIntrospection(answer: IntrospectionQuery): OpenApi {
  return fromSchema(buildClientSchema(answer));
}

function fromSchema(schema: GraphQLSchema): OpenApi {
  assertValidSchema(schema);
  const fields = [
    ...Object.values(schema.getQueryType()?.getFields() ?? {}).map((field) => ['query', field] as const),
    ...Object.values(schema.getMutationType()?.getFields() ?? {}).map((field) => ['mutation', field] as const),
  ];
  const inputs = Object.values(schema.getTypeMap()).filter(isInputObjectType);
  const schemas = Object.fromEntries(inputs.map((type) => [type.name, objectOf(Object.values(type.getFields()))]));
  return {
    info: { title: '', version: '', ...(schema.description ? { description: schema.description } : {}) },
    isGraphql: true,
    paths: Object.fromEntries(fields.map(([kind, field]) => [`${kind} ${field.name}`, itemOf(schema, kind, field)])),
    components: { schemas },
  };
}

function itemOf(schema: GraphQLSchema, kind: 'query' | 'mutation', field: Field): PathItem {
  const document = writeDocument(schema, kind, field);
  const operation: Operation = {
    operationId: field.name,
    nameFrom: holdsVerb(field.name) ? field.name : `${verbFor(kind, field)}_${field.name}`,
    tags: [tagOf(field)],
    ...(field.description ? { description: field.description } : {}),
    ...(field.deprecationReason == null ? {} : { deprecated: true }),
    graphql: { document, data: field.name, isQuery: kind === 'query' },
    ...(field.args.length > 0 ? { requestBody: { content: { 'application/json': { schema: objectOf(field.args) } } } } : {}),
  };
  return { post: operation };
}

function verbFor(kind: 'query' | 'mutation', { type }: Field): string {
  if (kind === 'mutation') return 'run';
  return isListType(getNullableType(type)) || getNamedType(type).name.endsWith('Connection') ? 'list' : 'get';
}

/** What it is about: the type that it answers, without its wrapping. */
function tagOf({ type }: Field): string {
  const { name } = getNamedType(type);
  return name.replace(/(.)(Connection|Payload|Result|Response|Page)$/, '$1');
}

function writeDocument(schema: GraphQLSchema, kind: 'query' | 'mutation', field: Field): string {
  const args = field.args.filter((arg) => arg.deprecationReason == null || isRequired(arg));
  // What has a default takes it where its variable is left out, which may then be null (GraphQL, "All Variable Usages Are Allowed").
  const variables = args.map((arg) => `$${arg.name}: ${String(isRequired(arg) ? arg.type : getNullableType(arg.type))}`);
  const given = args.map(({ name }) => `${name}: $${name}`);
  const write = (selection: string) =>
    `${kind}${variables.length > 0 ? ` (${variables.join(', ')})` : ''} { ${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''}${selection} }`;
  const selection = selectFields(schema, field.type);
  const document = write(selection);
  // What does not fit the schema would be refused by the service.
  return selection !== '' && validate(schema, parse(document)).length > 0 ? write(' { __typename }') : document;
}

function objectOf(members: readonly (GraphQLArgument | GraphQLInputField)[]): Schema {
  const taken = members.filter((one) => one.deprecationReason == null || isRequired(one));
  const required = taken.filter(isRequired).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(taken.map((one) => [one.name, describedValue(one)])),
    ...(required.length > 0 ? { required } : {}),
  };
}

function isRequired(one: GraphQLArgument | GraphQLInputField): boolean {
  return isNonNullType(one.type) && one.defaultValue === undefined;
}

function describedValue({ type, description }: GraphQLArgument | GraphQLInputField): Schema {
  return { ...schemaOf(type), ...(description ? { description } : {}) };
}

const scalars: Readonly<Record<string, Schema>> = {
  String: { type: 'string' },
  ID: { type: 'string' },
  Int: { type: 'integer' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
};

function schemaOf(type: GraphQLInputType): Schema {
  if (isNonNullType(type)) return schemaOf(type.ofType);
  if (isListType(type)) return { type: 'array', items: schemaOf(type.ofType) };
  if (isInputObjectType(type)) return { $ref: `#/components/schemas/${type.name}` };
  if (isEnumType(type)) return { type: 'string', enum: type.getValues().map(({ name }) => name) };
  const known = Object.hasOwn(scalars, type.name) ? scalars[type.name] : undefined;
  if (known) return known;
  // What a scalar of the service's own looks like is not said anywhere but in words.
  if (/(date|time|uri|url|uuid|email|duration|cursor)/i.test(type.name)) return { type: 'string' };
  return { type: ['string', 'integer', 'number', 'boolean', 'object', 'array'] };
}
