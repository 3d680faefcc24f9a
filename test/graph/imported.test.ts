/** Own integrations in the graph: asked for before they are there, and imported before their slug became a root field of ours. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let upstream: Upstream;
let document: string;
beforeAll(async () => {
  upstream = await Upstream.start();
  server = await startTestServer({ env: { SKILLETT_OUTBOUND_ALLOW: `127.0.0.1:${upstream.port}` } });
  const answer = {
    '200': {
      description: 'It.',
      content: { 'application/json': { schema: { type: 'object', properties: { title: { type: 'string' } } } } },
    },
  };
  document = JSON.stringify({
    openapi: '3.0.3',
    info: { title: 'Acme', version: '1' },
    servers: [{ url: upstream.origin }],
    paths: { '/notes': { get: { operationId: 'getNote', responses: answer }, post: { operationId: 'addNote', responses: answer } } },
  });
  const importing = 'mutation ($document: String) { importIntegration(slug: "acme", document: $document) { endpointCount } }';
  expect((await server.graphql(importing, { document })).json.data.importIntegration.endpointCount).toBe(2);
  await server.gateway.db
    .updateTable('ownIntegrations')
    .set({ slug: 'calls', recipe: sql`replace(recipe, '"slug":"acme"', '"slug":"calls"')`, version: sql`version + 1` })
    .where('slug', '=', 'acme')
    .execute();
  upstream.json('{"title":"a"}');
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

it('with a slug that is reserved now is listed and called by every door but the graph, where the root field is ours', async () => {
  expect((await server.graphql('{ integration(slug: "calls") { slug } }')).json.data.integration.slug).toBe('calls');
  expect((await server.request('POST', '/v1/calls/get_note', { body: {} })).json.data).toEqual({ title: 'a' });
  const read = '{ read(integration: "calls", endpoint: "get_note") { data } }';
  expect((await server.graphql(read)).json.data).toEqual({ read: { data: { title: 'a' } } });
  expect((await server.graphql('{ calls { totalCount } }')).json.data).toEqual({ calls: { totalCount: 2 } });
  const { errors } = (await server.graphql('{ calls { get_note { title } } }')).json;
  expect(errors[0].message).toContain('Cannot query field "get_note"');
  expect((await server.graphql('mutation { calls_add_note { title } }')).json.data.calls_add_note).toEqual({ title: 'a' });
});

it('with such a slug cannot be made anew, nor another one under such a slug, and a free slug has all typed fields', async () => {
  const make = async (field: string, slug: string) =>
    (
      await server.graphql(`mutation ($document: String) { it: ${field}(slug: "${slug}", document: $document) { endpointCount } }`, {
        document,
      })
    ).json;
  for (const [field, slug] of [
    ['updateIntegration', 'calls'],
    ['importIntegration', 'validate'],
  ] as const) {
    const { errors } = await make(field, slug);
    expect(errors[0].extensions.code).toBe('bad_request');
    expect(errors[0].message).toContain('slug: is a word of our own in addresses, scopes or GraphQL; choose another');
  }
  expect((await make('importIntegration', 'called')).data.it.endpointCount).toBe(2);
  const { data } = (await server.graphql('{ called { get_note { title } } calls { totalCount } }')).json;
  expect(data.called).toEqual({ get_note: { title: 'a' } });
});

it('answers a document that was refused before it was there, whoever had sent it', async () => {
  const query = '{ later { get_note { title } } }';
  expect((await server.graphql(query)).json.errors[0].message).toContain('Cannot query field "later"');
  const importing = 'mutation ($document: String) { importIntegration(slug: "later", document: $document) { endpointCount } }';
  expect((await server.graphql(importing, { document })).json.data.importIntegration.endpointCount).toBe(2);
  expect((await server.graphql(query)).json).toMatchObject({ data: { later: { get_note: { title: 'a' } } } });
  await server.graphql('mutation { removeIntegration(slug: "later") { slug } }');
  expect((await server.graphql(query)).json.data?.later).toBeUndefined();
});
