import { buildSchema, validateSchema } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { schema as own } from '../../src/app/graphql/schema.ts';
import { ComposedSchemas } from '../../src/domains/graph/compose-schema.ts';
import type { CatalogueIntegration } from '../../src/domains/recipes/catalogue.ts';
import { addKey, addUser } from '../admission/people.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const get = (query: string, options = {}) => server.request('GET', `/graphql/schema${query}`, options);

it('GET /graphql/schema gives our schema with the integrations that are asked for, as text', async () => {
  const { status, text, headers } = await get('?integrations=github,slack');
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  const fields = Object.keys(buildSchema(text).getQueryType()?.getFields() ?? {});
  expect(fields).toEqual(expect.arrayContaining(['viewer', 'github', 'slack']));
  expect(fields).not.toContain('notion');
  expect(text).toContain('github_create_issue(');
});

it('without slugs gives those that are connected, and those that need no account', async () => {
  const fields = Object.keys(
    buildSchema((await get('')).text)
      .getQueryType()
      ?.getFields() ?? {},
  );
  expect(fields).toContain('hackernews');
  expect(fields).not.toContain('github');
});

it('is 404 for an unknown slug with the nearest ones, 401 for strangers, 405 for POST', async () => {
  const unknown = await get('?integrations=github,slak');
  expect([unknown.status, unknown.json.error, unknown.json.details[0].message]).toEqual([404, 'not_found', 'Did you mean `slack`?']);
  expect((await get('?integrations=github', { authorization: null })).status).toBe(401);
  expect((await server.request('POST', '/graphql/schema')).status).toBe(405);
});

it('introspection is widened by the header and by the address alike, and for strangers it is our own part', async () => {
  const query = '{ __type(name: "Query") { fields { name } } }';
  const names = ({ json }: Awaited<ReturnType<TestServer['request']>>) => json.data.__type.fields.map(({ name }: { name: string }) => name);
  const byHeader = names(await server.graphql(query, {}, { headers: { 'x-skillett-integrations': 'notion' } }));
  const byAddress = names(await server.request('POST', '/graphql?integrations=notion', { body: { query } }));
  expect(byHeader).toContain('notion');
  expect(byAddress).toEqual(byHeader);
  const byNothing = names(await server.graphql(query));
  expect(byNothing).toContain('hackernews');
  expect(byNothing).not.toContain('notion');
  expect(names(await server.graphql(query, {}, { authorization: null }))).toEqual(Object.keys(own.getQueryType()?.getFields() ?? {}));
  const unknown = await server.graphql(query, {}, { headers: { 'x-skillett-integrations': 'nothing_of_it' } });
  expect(unknown.json.errors[0].extensions.code).toBe('not_found');
});

it('of sets that nobody asked for lately a user gets thirty a minute, and those that are kept without a bound', async () => {
  const { database } = server.gateway;
  const eager = (await addKey(database, await addUser(database), { scopes: ['*'] })).id;
  const slugs = server.gateway.catalogue.integrations.slice(0, 7).map(({ slug }) => slug);
  const sets = Array.from({ length: 2 ** slugs.length }, (_, bits) => slugs.filter((_slug, at) => bits & (1 << at)));
  const statuses: number[] = [];
  // The two smallest may be kept from before.
  for (const set of sets.filter((one) => one.length > 2).slice(0, 31))
    statuses.push((await get(`?integrations=${set}`, { authorization: `Bearer ${eager}` })).status);
  expect(statuses).toEqual([...Array(30).fill(200), 429]);
  expect((await get(`?integrations=${sets.find((one) => one.length > 2)}`, { authorization: `Bearer ${eager}` })).status).toBe(200);
  expect((await get('?integrations=github,slack,notion')).status).toBe(200);
});

it('every integration of the catalogue makes a valid schema, alone and with others', async () => {
  const schemas = new ComposedSchemas(own);
  const { integrations } = server.gateway.catalogue;
  for (const one of integrations) {
    const { schema, print } = await schemas.compose([one]);
    expect(validateSchema(buildSchema(print())), one.slug).toEqual([]);
    expect(schema.getQueryType()?.getFields()[one.slug], one.slug).toBeDefined();
  }
  expect(validateSchema(buildSchema((await schemas.compose(integrations.slice(0, 5))).print()))).toEqual([]);
});

it('is made once for a set of integrations, whatever their order', async () => {
  const schemas = new ComposedSchemas(own);
  const [a, b] = server.gateway.catalogue.integrations.slice(0, 2) as [never, never];
  expect(await schemas.compose([a, b])).toBe(await schemas.compose([b, a]));
  expect(await schemas.compose([a])).not.toBe(await schemas.compose([a, b]));
});

it('goes when what is kept becomes too much, with every set of an integration that goes, and one alone is never too much', async () => {
  const find = (slug: string) => server.gateway.catalogue.find(slug) as CatalogueIntegration;
  const [github, notion, slack] = [find('github'), find('notion'), find('slack')];
  const schemas = new ComposedSchemas(own, 3_000);
  const small = await schemas.compose([notion, slack]);
  expect(await schemas.compose([notion, slack])).toBe(small);
  const alone = await schemas.compose([slack]);
  const large = await schemas.compose([github]);
  expect(large.schema.getQueryType()?.getFields().github).toBeDefined();
  expect(schemas.isKept([github])).toBe(true);
  expect([schemas.isKept([notion, slack]), schemas.isKept([slack])]).toEqual([false, false]);
  expect(await schemas.compose([slack])).not.toBe(alone);
  await expect(schemas.compose([github, slack])).rejects.toThrow('have too many fields to be one schema');
  expect(schemas.isKept([github, slack])).toBe(false);
  expect(await schemas.compose([notion, slack])).not.toBe(small);
});
