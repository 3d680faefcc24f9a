/** What people make types with and ask with: graphql-codegen on the SDL of the route, and urql on typed fields. */
import { codegen } from '@graphql-codegen/core';
import * as operations from '@graphql-codegen/typescript-operations';
import { Client, cacheExchange, fetchExchange, gql } from '@urql/core';
import { buildSchema, parse, printSchema } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RecipeStand, startRecipeStand } from '../executions/recipe-stand.ts';

let stand: RecipeStand;
beforeAll(async () => {
  const number = { in: 'query', type: 'integer', description: 'Its number.', required: true, examples: [1] };
  stand = await startRecipeStand(
    { get_issue: { parameters: { number }, example: { number: 1 }, returns: 'Issue' } },
    { recipe: { shapes: { Issue: { number: 'int64', title: 'string', labels: 'Label[]' }, Label: { name: 'string' } } } },
  );
});
afterAll(() => stand.close());

const document = 'query Issue($number: Int64!) { desk { get_issue(number: $number) { title labels { name } } } }';

it('graphql-codegen makes types of a document with typed fields', async () => {
  const { text } = await stand.server.request('GET', '/graphql/schema?integrations=desk');
  const types = await codegen({
    filename: 'types.ts',
    schema: parse(printSchema(buildSchema(text))),
    documents: [{ document: parse(document) }],
    config: { scalars: { Int64: 'number' } },
    plugins: [{ operations: {} }],
    pluginMap: { operations },
  });
  expect(types).toContain('title: string | null');
  expect(types).toContain('name: string | null');
  expect(types).toMatch(/IssueQueryVariables = [\s\S]*number: number/);
});

it('urql asks for typed fields', async () => {
  stand.upstream.json('{"title":"a","labels":[{"name":"bug"}]}');
  const client = new Client({
    url: `${stand.server.url}/graphql`,
    exchanges: [cacheExchange, fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${stand.server.key}` } },
  });
  const { data, error } = await client.query(gql(document), { number: 1 }).toPromise();
  expect(error).toBeUndefined();
  expect(data.desk.get_issue).toMatchObject({ title: 'a', labels: [{ name: 'bug' }] });
});
