import { Client, fetchExchange, gql } from '@urql/core';
import { GraphQLClient } from 'graphql-request';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestAnswer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ kind: 'embedded' });
});
afterAll(() => server.close());

const viewer = '{ viewer { kind } }';
const slugsText = 'query Slugs($first: Int!) { integrations(first: $first) { nodes { slug } totalCount } }';
const slugs = gql(slugsText);
const createKey = 'mutation Make($name: String!) { createApiKey(name: $name) { fullKey } }';
const makeKey = 'mutation Make { createApiKey(name: "by GET") { fullKey } }';

function get(parameters: Record<string, string>, options: Parameters<TestServer['request']>[2] = {}): Promise<TestAnswer> {
  return server.request('GET', `/graphql?${new URLSearchParams(parameters)}`, options);
}

describe('GET on /graphql', () => {
  it('runs the queries of urql, which sends them by GET by itself, and its mutations by POST', async () => {
    const methods: string[] = [];
    const client = new Client({
      url: `${server.url}/graphql`,
      exchanges: [fetchExchange],
      fetchOptions: { headers: { authorization: `Bearer ${server.key}` } },
      fetch: (input, init) => {
        methods.push(init?.method as string);
        return fetch(input, init);
      },
    });
    const found = await client.query(slugs, { first: 2 }).toPromise();
    expect(found.error).toBeUndefined();
    expect(found.data.integrations.nodes).toHaveLength(2);
    const made = await client.mutation(gql(createKey), { name: 'by urql' }).toPromise();
    expect(made.data.createApiKey.fullKey).toMatch(/^sk_/);
    const refused = await client.query(gql('{ nothing }'), {}).toPromise();
    expect(refused.error?.graphQLErrors[0]?.extensions.code).toBe('bad_request');
    expect(methods).toEqual(['GET', 'POST', 'GET']);
  });

  it('runs the queries of graphql-request by GET, which reads our refusals', async () => {
    const client = (key: string) =>
      new GraphQLClient(`${server.url}/graphql`, { method: 'GET', headers: { authorization: `Bearer ${key}` } });
    const found: { integrations: { nodes: unknown[] } } = await client(server.key).request(slugsText, { first: 3 });
    expect(found.integrations.nodes).toHaveLength(3);
    const refused = await client('sk_bad')
      .request(viewer)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ response: { status: 401, errors: [{ extensions: { code: 'api_key_invalid' } }] } });
  });

  it('takes variables and an operation name, and HEAD answers without a body', async () => {
    const query = 'query A { viewer { kind } } query B($first: Int) { integrations(first: $first) { nodes { slug } } }';
    const chosen = await get({ query, operationName: 'B', variables: '{"first":1}' });
    expect([chosen.status, chosen.json.data.integrations.nodes.length]).toEqual([200, 1]);
    expect((await get({ query, operationName: 'A' })).json).toEqual({ data: { viewer: { kind: 'API_KEY' } } });
    const head = await server.request('HEAD', `/graphql?${new URLSearchParams({ query: viewer })}`);
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('runs no mutation, also not one that the operation name chooses among queries', async () => {
    const both = [`query Viewer ${viewer} ${makeKey}`, `${makeKey} query Viewer ${viewer}`];
    for (const parameters of [
      { query: makeKey },
      { query: makeKey.replace('mutation Make', 'mutation') },
      ...both.map((query) => ({ query, operationName: 'Make' })),
    ])
      for (const method of ['GET', 'HEAD']) {
        const refused = await server.request(method, `/graphql?${new URLSearchParams(parameters)}`);
        expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST']);
        if (method === 'GET')
          expect(refused.json).toEqual({
            errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'method_not_allowed' }) })],
          });
      }
    const listKeys = async () => (await server.request('GET', '/api-keys')).json.map(({ name }: { name: string }) => name);
    expect(await listKeys()).not.toContain('by GET');
    for (const query of both) expect((await get({ query, operationName: 'Viewer' })).json.data.viewer.kind).toBe('API_KEY');
    expect((await server.graphql(makeKey)).json.data.createApiKey.fullKey).toMatch(/^sk_/);
    expect(await listKeys()).toContain('by GET');
  });

  it('takes a key and never a cookie', async () => {
    const { findSession } = server.gateway;
    server.gateway.findSession = async () => ({ sessionId: 'session_any', userId: 'user_any' });
    try {
      const refused = await get(
        { query: viewer },
        { authorization: null, headers: { cookie: 'session=good', origin: 'http://localhost:0' } },
      );
      expect(refused.status).toBe(401);
      expect(refused.json.errors).toMatchObject([{ extensions: { code: 'unauthorized' } }]);
      const both = await get({ query: viewer }, { headers: { cookie: 'session=good' } });
      expect(both.json).toEqual({ data: { viewer: { kind: 'API_KEY' } } });
      const bad = await get({ query: viewer }, { authorization: 'Bearer sk_bad', headers: { cookie: 'session=good' } });
      expect([bad.status, bad.json.errors[0].extensions.code]).toEqual([401, 'api_key_invalid']);
    } finally {
      server.gateway.findSession = findSession;
    }
  });

  it('refuses a key in the address and parameters that cannot be read, each with a sentence', async () => {
    for (const [parameters, sentence] of [
      [{ query: viewer, api_key: server.key }, 'holds an API key'],
      [{ query: `{ a: endpoint(integration: "${server.key}", name: "x") { name } }` }, 'holds an API key'],
      [{}, 'takes the query in its address'],
      [{ query: viewer, variables: '[1]' }, '`variables` must be a JSON object'],
      [{ query: viewer, variables: '{"a":' }, '`variables` must be a JSON object'],
      [{ query: viewer, extensions: '7' }, '`extensions` must be a JSON object'],
      [{ query: viewer, operationName: 'Other' }, 'Could not determine'],
    ] satisfies [Record<string, string>, string][]) {
      const refused = await get(parameters);
      expect([refused.status, refused.json.errors[0].extensions.code], sentence).toEqual([400, 'bad_request']);
      expect(refused.json.errors[0].message).toContain(sentence);
      expect(refused.text).not.toContain(server.key);
    }
    const stranger = await get({ query: viewer, variables: '[1]' }, { authorization: `Bearer sk_${'0'.repeat(48)}` });
    expect([stranger.status, stranger.json.errors[0].extensions.code]).toEqual([401, 'api_key_invalid']);
  });
});

describe('a refusal on /graphql', () => {
  it('has the form of GraphQL errors, whatever refuses', async () => {
    const post = (options: Parameters<TestServer['request']>[2]) => server.request('POST', '/graphql', options);
    const cases: [Promise<TestAnswer>, number, string][] = [
      [get({ query: viewer }, { authorization: null }), 401, 'unauthorized'],
      [server.request('PUT', '/graphql', { body: {} }), 405, 'method_not_allowed'],
      [post({ body: 'x', headers: { 'content-type': 'text/plain' } }), 415, 'unsupported_media_type'],
      [post({ body: { query: viewer, pad: 'x'.repeat(40 * 1024 * 1024) } }), 413, 'payload_too_large'],
      [server.request('POST', `/graphql?key=${server.key}`, { body: { query: viewer } }), 400, 'bad_request'],
      [post({ body: '{', headers: { accept: 'application/graphql-response+json' } }), 400, 'bad_request'],
    ];
    for (const [running, status, code] of cases) {
      const answer = await running;
      expect([answer.status, answer.json.errors[0].extensions.code]).toEqual([status, code]);
      expect(answer.json.errors[0]).toMatchObject({
        message: expect.stringMatching(/\.$/),
        extensions: { requestId: answer.headers.get('x-request-id') },
      });
      expect(answer.json).not.toHaveProperty('error');
    }
    const refused = await get({ query: viewer }, { authorization: null, headers: { accept: 'application/graphql-response+json' } });
    expect(refused.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('of a dashboard session on another page is one too', async () => {
    const { findSession } = server.gateway;
    server.gateway.findSession = async () => ({ sessionId: 'session_any', userId: 'user_any' });
    try {
      const refused = await server.graphql(viewer, {}, { authorization: null, headers: { cookie: 'a=b', origin: 'https://evil.example' } });
      expect([refused.status, refused.json.errors[0].extensions.code]).toEqual([403, 'forbidden']);
    } finally {
      server.gateway.findSession = findSession;
    }
  });
});
