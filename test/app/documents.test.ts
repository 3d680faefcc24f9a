import { GraphQLEnumType, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { describe, expect, it } from 'vitest';
import { PreparedDocument } from '../../src/app/operations/documents.ts';
import type { Context } from '../../src/core/context.ts';

const Word = new GraphQLEnumType({ name: 'Word', values: { PENDING: { value: 'pending' }, PER_MINUTE: { value: 'perMinute' } } });
const Row: GraphQLObjectType = new GraphQLObjectType({
  name: 'Row',
  fields: () => ({
    word: { type: Word },
    words: { type: new GraphQLList(new GraphQLList(Word)) },
    text: { type: GraphQLString },
    rows: { type: new GraphQLList(Row) },
  }),
});
const row = { word: 'pending', words: [['perMinute', null], null], text: 'PENDING', rows: null };

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      row: { type: Row, resolve: async () => ({ ...row, rows: [row, null] }) },
      nothing: { type: Row },
      given: {
        type: GraphQLString,
        args: {
          name: { type: new GraphQLNonNull(GraphQLString) },
          size: { type: GraphQLInt, defaultValue: 7 },
          note: { type: GraphQLString },
        },
        resolve: (_root, args) => JSON.stringify(args),
      },
    },
  }),
});
const text = 'query ($name: String!, $size: Int, $note: String) { given(name: $name, size: $size, note: $note) }';
const document = new PreparedDocument(schema, text, 'a test');

async function run(variables: Record<string, unknown>) {
  const { data, errors } = await document.run({} as Context, variables);
  return errors ? errors.map(({ message }) => message).join() : JSON.parse(data?.given as string);
}

describe('a document that a door runs', () => {
  it.each([
    [
      { name: 'a', size: 1, note: 'b' },
      { name: 'a', size: 1, note: 'b' },
    ],
    [
      { name: 'a', size: 1 },
      { name: 'a', size: 1 },
    ],
    [
      { name: 'a', note: undefined },
      { name: 'a', size: 7 },
    ],
    [
      { name: 'a', size: null, note: null },
      { name: 'a', size: null, note: null },
    ],
    [
      { name: 'a', note: 'b' },
      { name: 'a', size: 7, note: 'b' },
    ],
  ])('gives its field what was given, null and defaults included: %j', async (variables, args) => {
    expect(await run(variables)).toEqual(args);
  });

  it('says what is missing that must be given', async () => {
    expect(await run({ note: 'b' })).toContain('"$name" of required type "String!" was not provided');
  });

  it('has the words of rows where GraphQL has names of enum values, wherever they stand', async () => {
    const rows = new PreparedDocument(
      schema,
      `{ one: row { word as: words text ...more ... on Row { rows { word } } } nothing { word } }
       fragment more on Row { rows { words text } }`,
      'a test',
    );
    const below = { word: 'pending', words: row.words, text: 'PENDING' };
    expect((await rows.run({} as Context, {})).data).toEqual({
      one: { word: 'pending', as: row.words, text: 'PENDING', rows: [below, null] },
      nothing: null,
    });
  });

  it('must fit the schema', () => {
    expect(() => new PreparedDocument(schema, '{ taken }', 'GET /taken')).toThrow(
      'The document of GET /taken does not fit the schema: Cannot query field "taken" on type "Query".',
    );
  });
});
