/** The GraphQL documents of recipes against the providers' schemas, and what of these is kept. */
import { buildSchema, type GraphQLSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { checkRecipe } from '../../scripts/recipes/check.ts';
import type { Facts } from '../../scripts/recipes/facts.ts';
import { readFacts } from '../../scripts/recipes/folders.ts';
import { listGraphqlFaults } from '../../scripts/recipes/graphql/graphql-faults.ts';
import { readSchema } from '../../scripts/recipes/graphql/read-schema.ts';
import { shrinkSchema } from '../../scripts/recipes/graphql/shrink-schema.ts';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import { readRecipe } from './read-recipe.ts';

const facts = readFacts('linear') as Facts;
const schema = readSchema(facts) as GraphQLSchema;

describe('a document', () => {
  it('is found out with another field, type, enum or member', () => {
    const spoilt = (name: string, spoil: (endpoint: Endpoint) => void) => {
      const endpoint = readRecipe('linear').requireEndpoint(name);
      expect(listGraphqlFaults(schema, endpoint)).toEqual([]);
      spoil(endpoint);
      return listGraphqlFaults(schema, endpoint);
    };
    const graphql = { document: 'query ($id: Int!) { issue(id: $id) { titel } }' };
    expect(spoilt('get_issue', (endpoint) => Object.assign(endpoint, { graphql }))).toEqual([
      'Cannot query field "titel" on type "Issue". Did you mean "title" or "state"?',
      'Variable "$id" of type "Int!" used in position expecting type "String!".',
      '$id type must be integer, since the variable is of type Int',
    ]);
    const ofList = (name: string, more: object) =>
      spoilt('list_issues', ({ parameters }) => Object.assign(parameters[name] as object, more));
    expect(ofList('order_by', { enum: ['createdAt', 'title'] })).toEqual(['$order_by may be title, which is no PaginationOrderBy']);
    expect(ofList('order_by', { enum: undefined })).toEqual(['$order_by may be any string, which is no PaginationOrderBy']);
    expect(ofList('filter', { properties: { titel: { type: 'string' } } })).toEqual(['$filter.titel is no field of IssueFilter']);
    const due = (more: object) => spoilt('create_issue', ({ parameters }) => Object.assign(parameters.due_date as object, more));
    expect(due({ type: 'integer', format: undefined })).toEqual(['$due_date may be of type integer, and a TimelessDate is a string']);
  });

  it('is no proof without a schema', () => {
    const { schema: _schema, ...without } = facts;
    const reports = checkRecipe(readRecipe('linear'), without);
    expect(reports.map(({ faults }) => faults[0])).toEqual(reports.map(() => 'its schema is not among the facts'));
  });
});

describe('what is kept of a schema', () => {
  const whole = buildSchema(`
    "Said." type Query { "Said." notes(after: ID, in: Filter!, old: Boolean): [Entry!]! unused: Unused }
    type Unused { id: ID }
    union Entry = Note | Sketch
    type Note implements Named { id: ID! name: String! at: Time unused: Unused }
    type Sketch implements Named { id: ID! name: String! }
    interface Named { name: String! }
    scalar Time
    enum Kind { NEW OLD }
    input Filter { kind: Kind! text: Text more: Filter unused: Int }
    input Text { is: String has: String }
  `);
  const document = 'query ($in: Filter!) { notes(in: $in) { ... on Note { at } ... on Named { name } } }';
  const keep = (parameter: object) => shrinkSchema(whole, [{ graphql: { document }, parameters: { in: parameter as never } }]).join('\n');

  it('is what documents select and parameters can hold, with what must be given, and no sentence', () => {
    const kept = keep({ type: 'object', properties: { text: { type: 'object', properties: { is: { type: 'string' } } } } });
    expect(kept.split(/\n(?=\w)/).map((block) => block.replaceAll(/\s+/g, ' '))).toEqual([
      'union Entry = Note | Sketch',
      'input Filter { kind: Kind! text: Text }',
      'enum Kind { NEW OLD }',
      'interface Named { name: String! }',
      'type Note implements Named { name: String! at: Time }',
      'type Query { notes(in: Filter!): [Entry!]! }',
      'type Sketch implements Named { name: String! }',
      'input Text { is: String }',
      'scalar Time',
    ]);
    expect(validate(buildSchema(kept), parse(document))).toEqual([]);
  });

  it('is all that can stand in an object that the recipe leaves open', () => {
    expect(keep({ type: 'object' }).replaceAll(/\s+/g, ' ')).toContain('input Filter { kind: Kind! text: Text more: Filter unused: Int }');
    expect(keep({ type: 'object' }).replaceAll(/\s+/g, ' ')).toContain('input Text { is: String has: String }');
  });
});
