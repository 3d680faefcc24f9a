/** The description of the REST routes; that answers are as it says is checked of every request of `startTestServer`. */
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bearer, type Stand, startStand } from '../mcp/stand.ts';
import { signedInOwner } from '../people/person.ts';
import { checkDescribed } from '../support/rest-rows.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.close());

const config = await createConfig({
  extends: ['recommended'],
  // `connect` and `skills` are reserved words, so no slug is one of them. And people run this on their own machine.
  rules: { 'no-ambiguous-paths': 'off', 'no-server-example.com': 'off' },
});

async function lint(source: string): Promise<string[]> {
  const problems = await lintFromString({ source, absoluteRef: '/openapi.json', config });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`);
}

const paths = (document: { paths: object }) => Object.keys(document.paths);

it('is open, has every route, and a public linter finds nothing', async () => {
  const { status, headers, json, text } = await stand.server.request('GET', '/openapi.json', { authorization: null });
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
  expect(json).toMatchObject({ openapi: '3.1.1', servers: [{ url: stand.server.gateway.config.publicUrl }] });
  expect(paths(json)).toEqual(
    expect.arrayContaining(['/v1/skills', '/v1/{integration}/{endpoint}', '/api-keys/{id}', '/openapi.json', '/llms.txt']),
  );
  expect(await lint(text)).toEqual([]);
});

it('would not pass with a fault: the linter names an operation without answers, and a response without a description', async () => {
  const { json } = await stand.server.request('GET', '/openapi.json', { authorization: null });
  json.paths['/v1/skills'].get.responses = {};
  json.paths['/api-keys'].get.responses[200].description = undefined;
  expect((await lint(JSON.stringify(json))).length).toBeGreaterThanOrEqual(2);
});

it('says of each parameter of a query what the route does with it: a wrong value is refused, and a name that it lacks is ignored', async () => {
  const { json } = await stand.server.request('GET', '/openapi.json');
  const parameters = (path: string) => json.paths[path].get.parameters.filter((one: { in: string }) => one.in === 'query');
  expect(parameters('/v1/skills').map(({ name }: { name: string }) => name)).toEqual([
    'search',
    'category',
    'connected',
    'limit',
    'cursor',
  ]);
  expect(parameters('/v1/connect/{connectionId}')).toEqual([]);
  for (const { name, schema } of parameters('/v1/skills'))
    if (schema.type !== 'string')
      expect((await stand.server.request('GET', `/v1/skills?${name}=wrong`)).json.message, name).toContain(`\`${name}\``);
  const all = await stand.server.request('GET', '/v1/skills');
  expect((await stand.server.request('GET', '/v1/skills?nothing=wrong')).text).toBe(all.text);
});

it('says what each parameter means', async () => {
  const { json } = await stand.server.request('GET', '/openapi.json');
  const operations = Object.values<Record<string, { operationId: string; parameters?: Record<string, string>[] }>>(json.paths).flatMap(
    (methods) => Object.values(methods),
  );
  const silent = operations.flatMap(({ operationId, parameters = [] }) =>
    parameters.filter((one) => !one.$ref && !one.description).map(({ name }) => `${operationId}: ${name}`),
  );
  expect(operations.flatMap(({ parameters = [] }) => parameters).length).toBeGreaterThan(20);
  expect(silent).toEqual([]);
});

it('names the cookie of a session as browsers get it, by which a person has typed operations too', async () => {
  const browser = await signedInOwner(stand.server);
  const { status, json } = await browser.request('GET', '/openapi.json?integrations=github');
  expect([status, paths(json).includes('/v1/github/create_issue')]).toEqual([200, true]);
  expect([...browser.cookies.keys()]).toContain(json.components.securitySchemes.session.name);
});

it('adds endpoints as typed operations for a key, by their JSON Schemas and what they answer', async () => {
  const { status, json, text } = await stand.server.request('GET', '/openapi.json?integrations=github,slack');
  expect(status).toBe(200);
  const operation = json.paths['/v1/github/create_issue'].post;
  expect(operation.operationId).toBe('github.create_issue');
  expect(operation.responses['2XX'].content['application/json'].schema.properties.data).toMatchObject({
    description: expect.stringContaining('`select`'),
    anyOf: [{ $ref: '#/components/schemas/github.Issue' }, { type: 'null' }],
  });
  const described = await stand.server.request('GET', '/v1/skills/github/create_issue');
  expect(operation.requestBody).toMatchObject({
    required: true,
    content: { 'application/json': { schema: { required: ['params'], properties: { params: described.json.schema, account: {} } } } },
  });
  const github = stand.server.gateway.catalogue.find('github');
  for (const name of github?.endpoints.keys() ?? []) expect(paths(json)).toContain(`/v1/github/${name}`);
  expect(paths(json)).toContain('/v1/slack/send_message');
  expect(await lint(text)).toEqual([]);
});

it('wants a key for integrations, and answers an unknown slug and another user’s in the same way', async () => {
  const { server } = stand;
  expect((await server.request('GET', '/openapi.json?integrations=github', { authorization: null })).json.error).toBe('unauthorized');
  expect((await server.request('GET', '/openapi.json?integrations=github', bearer(`sk_${'0'.repeat(48)}`))).json.error).toBe(
    'api_key_invalid',
  );
  for (const query of ['', 'github,', Array.from({ length: 21 }, (_, at) => `a${at}`).join()])
    expect((await server.request('GET', `/openapi.json?integrations=${query}`)).json.error, query).toBe('bad_request');
  const document = JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Acme', version: '1' },
    servers: [{ url: 'https://acme.example/api' }],
    paths: { '/notes': { get: { operationId: 'listNotes', responses: { 200: { description: 'Notes' } } } } },
  });
  const imported = await server.graphql(
    'mutation ($document: String) { importIntegration(slug: "acme", document: $document) { integration { slug } } }',
    { document },
  );
  expect(imported.json.errors).toBeUndefined();
  const own = await server.request('GET', '/openapi.json?integrations=acme');
  expect(paths(own.json)).toContain('/v1/acme/list_notes');
  expect(await lint(own.text)).toEqual([]);
  const other = await stand.newKey();
  for (const slug of ['acme', 'nowhere'])
    expect((await server.request('GET', `/openapi.json?integrations=${slug}`, bearer(other))).json).toEqual({
      error: 'not_found',
      message: 'Integration not found.',
    });
});

it('is what the tests hold answers to: one that it does not describe fails', () => {
  const answer = (status: number, json: unknown, type = 'application/json') => ({
    status,
    headers: new Headers({ 'content-type': type }),
    text: JSON.stringify(json),
    json,
  });
  const check = (given: ReturnType<typeof answer>, sent?: unknown) => () => checkDescribed('POST', '/v1/desk/write', { sent }, given);
  expect(check(answer(201, { status: 201, data: null }), { params: {} })).not.toThrow();
  for (const [given, sent] of [
    [answer(201, { status: 201 })],
    [answer(404, { error: 'nope' })],
    [answer(404, { error: 'not_found' })],
    [answer(200, 'text', 'text/plain')],
    [answer(201, { status: 201, data: null }), { parms: {} }],
  ] as const)
    expect(check(given, sent), given.text).toThrow();
});

it('llms.txt is open, and names every route and the ways in', async () => {
  const { status, headers, text } = await stand.server.request('GET', '/llms.txt', { authorization: null });
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(text).toMatch(/^# Skillett\n\n> /);
  expect(text).toContain('/mcp/oauth for clients');
  const { json } = await stand.server.request('GET', '/openapi.json');
  for (const [path, methods] of Object.entries(json.paths))
    for (const method of Object.keys(methods as object))
      expect(text).toContain(`\`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}\``);
});
