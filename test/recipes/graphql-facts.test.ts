/** The GraphQL documents of recipes against the providers' schemas. */
import { type GraphQLNamedType, type GraphQLSchema, isEnumType, isInputObjectType, isObjectType } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueEndpoint, CatalogueIntegration } from '../../src/domains/recipes/catalogue.ts';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';
import { listGraphqlFaults, readFacts, readSchema } from './graphql-facts.ts';
import { hardRecipes } from './hard-stand.ts';

let linear: CatalogueIntegration;
const facts = readFacts('linear');
const whole = readSchema('linear');

beforeAll(async () => {
  const catalogue = await loadCatalogue({ bundledFolder: hardRecipes, extraFolder: undefined, integrations: new Map() });
  linear = catalogue.find('linear') as CatalogueIntegration;
});

/** `Issue.title: String!`, `Query.issue(id: String!)` and so on. */
function linesOf(type: GraphQLNamedType): string[] {
  if (isEnumType(type)) return type.getValues().map(({ name }) => `${type.name} ${name}`);
  if (isInputObjectType(type)) return Object.values(type.getFields()).map((field) => `${type.name}.${field.name}: ${field.type}`);
  if (!isObjectType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => [
    `${type.name}.${field.name}: ${field.type}`,
    ...field.args.map((argument) => `${type.name}.${field.name}(${argument.name}: ${argument.type})`),
  ]);
}

const factsOf = (schema: GraphQLSchema, names: readonly string[]) =>
  new Set(names.flatMap((name) => linesOf(schema.getType(name) as GraphQLNamedType)));

describe('every document', () => {
  it('fits the schema, and each parameter its variable', () => {
    expect(linear.endpoints.size).toBe(3);
    for (const endpoint of linear.endpoints.values())
      expect([endpoint.name, listGraphqlFaults(facts, endpoint)]).toEqual([endpoint.name, []]);
  });

  it('would be found out with another field, type, enum or member', () => {
    const spoilt = (name: string, spoil: (spec: CatalogueEndpoint['spec']) => void) => {
      const spec = structuredClone((linear.endpoints.get(name) as CatalogueEndpoint).spec);
      spoil(spec);
      return listGraphqlFaults(facts, { spec });
    };
    const graphql = { document: 'query ($id: Int!) { issue(id: $id) { titel } }' };
    expect(spoilt('get_issue', (spec) => Object.assign(spec, { graphql }))).toEqual([
      'Cannot query field "titel" on type "Issue". Did you mean "title" or "state"?',
      'Variable "$id" of type "Int!" used in position expecting type "String!".',
      '$id type must be integer, since the variable is of type Int',
    ]);
    const ofList = (name: string, more: object) =>
      spoilt('list_issues', ({ parameters }) => Object.assign(parameters[name] as object, more));
    expect(ofList('order_by', { enum: ['createdAt', 'title'] })).toEqual(['$orderBy may be title, which is no PaginationOrderBy']);
    expect(ofList('order_by', { enum: undefined })).toEqual(['$orderBy may be any string, which is no PaginationOrderBy']);
    expect(ofList('filter', { properties: { titel: { type: 'string' } } })).toEqual(['$filter.titel is no field of IssueFilter']);
  });
});

describe.skipIf(whole === undefined)('what is kept of the schema', () => {
  it('is as the provider has it', () => {
    const names = Object.keys(facts.getTypeMap()).filter((name) => !name.startsWith('__'));
    const known = factsOf(whole as GraphQLSchema, names);
    expect([...factsOf(facts, names)].filter((line) => !known.has(line))).toEqual([]);
  });
});
