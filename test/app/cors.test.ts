/** Pages of other origins: what a browser is told. test/web/cors.test.ts has what a real one does with it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

const app = 'https://app.example.org';
const viewer = { query: '{ viewer { kind } }' };
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('without SKILLETT_CORS_ORIGINS', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ kind: 'embedded' });
  });
  afterAll(() => server.close());

  it('no page of another origin is let in', async () => {
    for (const [method, path, status] of [
      ['OPTIONS', '/graphql', 405],
      ['OPTIONS', '/v1/skills', 405],
      ['GET', '/v1/skills', 200],
    ] as const) {
      const answer = await server.request(method, path, { headers: { origin: app, 'access-control-request-method': 'POST' } });
      expect(answer.status).toBe(status);
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-') || name === 'vary')).toEqual([]);
    }
  });
});

describe('with SKILLETT_CORS_ORIGINS', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ kind: 'embedded', env: { SKILLETT_CORS_ORIGINS: `${app}, HTTP://LocalHost:80/` } });
  });
  afterAll(() => server.close());

  const doors = [
    ['POST', '/graphql', viewer],
    ['GET', `/graphql?${new URLSearchParams(viewer)}`, undefined],
    ['POST', '/mcp', ping],
    ['GET', '/v1/skills', undefined],
    ['POST', '/v1/sandbox/list_notes', {}],
  ] as const;

  it.each(doors)('answers the preflight of %s %s without a key', async (method, path) => {
    const preflight = await server.request('OPTIONS', path, {
      authorization: null,
      headers: { origin: app, 'access-control-request-method': method, 'access-control-request-headers': 'authorization,x-of-my-client' },
    });
    expect([preflight.status, preflight.text]).toEqual([204, '']);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(app);
    expect(preflight.headers.get('access-control-allow-methods')?.split(', ')).toEqual(expect.arrayContaining(['GET', 'POST', 'DELETE']));
    expect(preflight.headers.get('access-control-allow-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'accept', 'idempotency-key', 'x-of-my-client']),
    );
    expect(preflight.headers.get('vary')).toBe('Origin, Access-Control-Request-Headers');
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
  });

  it.each(doors)('lets the page read what %s %s answers, a refusal too', async (method, path, body) => {
    for (const [authorization, status] of [
      [`Bearer ${server.key}`, 200],
      [null, 401],
      [`Bearer sk_${'0'.repeat(48)}`, 401],
    ] as const) {
      const answer = await server.request(method, path, { authorization, headers: { origin: app }, body });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('access-control-allow-origin')).toBe(app);
      expect(answer.headers.get('vary')).toContain('Origin');
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      const exposed = answer.headers.get('access-control-expose-headers')?.split(', ');
      for (const name of ['X-Request-Id', 'RateLimit-Remaining', 'Retry-After', 'Idempotent-Replayed', 'Link', 'WWW-Authenticate'])
        expect(exposed).toContain(name);
    }
    for (const [tried, status] of [
      ['/v1/nothing/at/all/here', 404],
      ['/v1/skills?limit=x', 400],
    ] as const)
      expect(await server.request('GET', tried, { headers: { origin: app } })).toMatchObject({ status });
  });

  it.each([
    'null',
    'https://app.example.org.',
    'https://app.example.org/',
    'https://APP.example.org',
    'http://app.example.org',
    'https://app.example.org:8443',
    'https://evil.app.example.org',
    'https://app.example.org.evil.example',
    `${app}, https://evil.example`,
    '*',
  ])('lets no page of %s in', async (origin) => {
    for (const path of ['/graphql', '/v1/skills', '/mcp']) {
      const preflight = await server.request('OPTIONS', path, { headers: { origin, 'access-control-request-method': 'POST' } });
      expect(preflight.status).toBe(path === '/mcp' ? 403 : 405);
      const answer = await server.request('POST', path, { headers: { origin }, body: viewer });
      for (const { headers } of [preflight, answer]) {
        expect(headers.get('access-control-allow-origin')).toBeNull();
        // Of the same address, so that no cache gives it to a page that may.
        expect(headers.get('vary')).toBe('Origin');
      }
    }
  });

  it('takes an origin with its default port, in capitals or with a slash as browsers print it', async () => {
    const answer = await server.request('GET', '/v1/skills', { headers: { origin: 'http://localhost' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://localhost');
  });

  it('an OPTIONS that is no preflight is refused like any method that is none', async () => {
    const plain = await server.request('OPTIONS', '/graphql');
    expect([plain.status, plain.json.errors[0].extensions.code, plain.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      'GET, HEAD, POST',
    ]);
    const withOrigin = await server.request('OPTIONS', '/v1/skills', { headers: { origin: app } });
    expect([withOrigin.status, withOrigin.headers.get('access-control-allow-origin')]).toEqual([405, app]);
  });

  it('takes no cookie of another origin, neither for reading nor beside a key', async () => {
    const { findSession } = server.gateway;
    const { userId } = (await server.gateway.db.selectFrom('apiKeys').select('userId').executeTakeFirst()) as { userId: string };
    server.gateway.findSession = async () => ({ sessionId: 'session_any', userId });
    const cookie = { cookie: 'session=good' };
    try {
      for (const origin of [app, 'https://evil.example']) {
        const options = { authorization: null, headers: { ...cookie, origin } };
        expect(await server.request('GET', '/api-keys', options)).toMatchObject({ status: 403, json: { error: 'forbidden' } });
        expect(await server.request('POST', '/api-keys', { ...options, body: { name: 'x' } })).toMatchObject({ status: 403 });
        expect(await server.graphql(viewer.query, {}, options)).toMatchObject({ status: 403 });
      }
      const both = await server.graphql(viewer.query, {}, { headers: { ...cookie, origin: app } });
      expect(both.json).toEqual({ data: { viewer: { kind: 'API_KEY' } } });
      const own = { authorization: null, headers: { ...cookie, origin: new URL(server.gateway.config.publicUrl).origin } };
      expect((await server.request('GET', '/api-keys', own)).status).toBe(200);
      expect((await server.request('GET', '/api-keys', { authorization: null, headers: cookie })).status).toBe(200);
    } finally {
      server.gateway.findSession = findSession;
    }
  });

  it('leaves pages of people closed', async () => {
    for (const path of ['/dashboard', '/sign-in', '/metrics', '/healthz', '/api/auth/get-session'])
      expect((await server.request('GET', path, { headers: { origin: app } })).headers.get('access-control-allow-origin'), path).toBeNull();
  });
});
