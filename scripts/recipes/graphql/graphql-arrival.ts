/** What a GraphQL service would find wrong with a request that arrived, by its schema, and requests made wrong on purpose. */
import {
  GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getVariableValues,
  isInputObjectType,
  parse,
  typeFromAST,
  validate,
} from 'graphql';
import type { Arrived } from '../arrived/arrival-faults.ts';
import type { Control } from '../arrived/controls.ts';
import { readJson } from '../arrived/read-values.ts';
import { takesAnything } from './read-schema.ts';

interface Body {
  query: string;
  variables?: Record<string, unknown>;
}

export function listGraphqlArrivalFaults(schema: GraphQLSchema, { method, body }: Arrived): string[] {
  if (method !== 'POST') return [`method ${method}: POST is how documents are sent`];
  const sent = readJson(body.toString()) as Body | undefined;
  if (typeof sent?.query !== 'string') return ['body: holds no document'];
  const others = Object.keys(sent).filter((name) => !['query', 'variables'].includes(name));
  try {
    const document = parse(sent.query);
    const faults = validate(schema, document).map(({ message }) => message);
    const definitions = document.definitions.flatMap((one) => (one.kind === 'OperationDefinition' ? (one.variableDefinitions ?? []) : []));
    const known = definitions.map(({ variable }) => variable.name.value);
    const given = sent.variables ?? {};
    const { errors = [] } = faults.length > 0 ? {} : getVariableValues(schema, definitions, given);
    return [
      ...others.map((name) => `body ${name}: is not GraphQL's`),
      ...faults,
      ...Object.keys(given).flatMap((name) => (known.includes(name) ? [] : [`$${name}: the document has no such variable`])),
      ...errors.map(({ message }) => message),
    ];
  } catch (error) {
    if (error instanceof GraphQLError) return [error.message];
    throw error;
  }
}

const strange = 'skillett_control';

export function listGraphqlControls(schema: GraphQLSchema, arrived: Arrived): Control[] {
  const { query, variables = {} } = JSON.parse(arrived.body.toString()) as Body;
  const make = (kind: string, body: object): Control => ({ kind, arrived: { ...arrived, body: Buffer.from(JSON.stringify(body)) } });
  const definitions = parse(query).definitions.flatMap((one) =>
    one.kind === 'OperationDefinition' ? (one.variableDefinitions ?? []) : [],
  );
  return [
    { kind: 'another method', arrived: { ...arrived, method: 'GET' } },
    make('half a document', { query: query.slice(0, -1), variables }),
    make('an undocumented field', { query: query.replace(/\}\s*$/, `${strange} }`), variables }),
    make('an unknown variable', { query, variables: { ...variables, [strange]: 1 } }),
    make('an unknown member', { query, variables, [strange]: 1 }),
    ...definitions.flatMap(({ variable, type }) => {
      const name = variable.name.value;
      const known = getNamedType(typeFromAST(schema, type) as GraphQLInputType | undefined);
      const { [name]: _left, ...rest } = variables;
      const wrong = isInputObjectType(known) ? strange : { [strange]: 1 };
      return [
        ...(type.kind === 'NonNullType' ? [make(`no $${name}`, { query, variables: rest })] : []),
        ...(takesAnything(known) ? [] : [make(`$${name} of another type`, { query, variables: { ...variables, [name]: wrong } })]),
      ];
    }),
  ];
}
