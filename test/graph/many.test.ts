/** How many integrations one document, and one schema, may name. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { recipeOf, writeRecipes } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

const slugs = Array.from({ length: 26 }, (_, at) => `desk_${at + 1}`);

let upstream: Upstream;
let server: TestServer;
let remove: () => Promise<void>;
beforeAll(async () => {
  const made = await makeFolder();
  remove = made.remove;
  await writeRecipes(made.folder);
  for (const slug of slugs) {
    await mkdir(path.join(made.folder, slug));
    await cp(path.join(made.folder, 'desk/things.json'), path.join(made.folder, slug, 'things.json'));
    await writeFile(path.join(made.folder, slug, 'recipe.json'), JSON.stringify(recipeOf(slug)));
  }
  upstream = await Upstream.start();
  const env = Object.fromEntries(slugs.map((slug) => [`SKILLETT_${slug.toUpperCase()}_BASE_URL`, upstream.origin]));
  server = await startTestServer({ env: { SKILLETT_RECIPES: made.folder, ...env } });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
  await remove();
});
beforeEach(() => upstream.reset());

const naming = (count: number) =>
  `{ ${slugs
    .slice(0, count)
    .map((slug) => `${slug} { list_things }`)
    .join(' ')} }`;

it('ten integrations run in one document, and eleven are refused before anything is sent', async () => {
  expect(Object.keys((await server.graphql(naming(10))).json.data)).toEqual(slugs.slice(0, 10));
  expect(upstream.received).toHaveLength(10);
  const { status, json } = await server.graphql(naming(11));
  expect([status, json.errors[0].extensions.code]).toEqual([400, 'bad_request']);
  expect(json.errors[0].message).toBe('These are 11 integrations, but at most 10 are taken together. Send several requests.');
  expect(upstream.received).toHaveLength(10);
});

it('of too many `validate` says so as a fault of the document', async () => {
  const ask = 'query ($document: String!) { validate(document: $document) { valid executions faults { message } } }';
  const check = async (document: string) => (await server.graphql(ask, { document })).json.data.validate;
  expect(await check(naming(10))).toEqual({ valid: true, executions: 10, faults: [] });
  const { valid, faults } = await check(naming(11));
  expect([valid, faults]).toEqual([false, [{ message: expect.stringContaining('11 integrations') }]]);
});

it('a schema has twenty-five, and twenty-six are refused', async () => {
  const get = (count: number) => server.request('GET', `/graphql/schema?integrations=${slugs.slice(0, count)}`);
  expect((await get(25)).text).toContain('desk_25(');
  const { status, json } = await get(26);
  expect([status, json.message]).toEqual([400, expect.stringContaining('26 integrations, but at most 25')]);
  expect((await server.request('GET', `/graphql/schema?integrations=${Array(30).fill('desk_1')}`)).status).toBe(200);
});
