/**
 * The REST contract, field by field. In one file although it is long: all of it runs on each kind of database, by one server that
 * takes seconds to start on PGlite.
 */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pollDeviceToken } from '../../src/app/operations/device-login.ts';
import type { AnyRoute } from '../../src/app/rest/route.ts';
import { routes } from '../../src/app/rest/routes.ts';
import { checkOutput } from '../support/rest-rows.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Plays GitHub: names the account, refuses one token, and answers everything else with what it was asked. */
function startGitHub(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.headers.authorization === 'Bearer bad-token')
      return response.writeHead(401, { 'content-type': 'application/json' }).end('{"message":"Bad credentials"}');
    if (request.url === '/user')
      return response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":583231,"login":"octocat"}');
    if (request.url === '/repos/octocat/hello-world/issues' && request.method === 'POST')
      return response
        .writeHead(201, { 'content-type': 'application/json; charset=utf-8', 'set-cookie': 'a=b' })
        .end('{ "number": 12345678901234567890, "b": 1, "a": 2 }');
    if (request.url === '/repos/octocat/gone/issues')
      return response.writeHead(410, { 'content-type': 'application/json' }).end('{"message":"Issues are disabled for this repo"}');
    return response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe.each(['postgres', 'pglite'] as const)('the REST contract on %s', (kind) => {
  let server: TestServer;
  let github: Server;
  /** Rows that have answered. */
  const answered = new Set<AnyRoute>();

  beforeAll(async () => {
    github = await startGitHub();
    server = await startTestServer({
      kind,
      env: {
        SKILLETT_GITHUB_BASE_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
        SKILLETT_GMAIL_CLIENT_ID: 'a-client',
        SKILLETT_GMAIL_CLIENT_SECRET: 'planted-secret',
      },
    });
    const { request } = server;
    server.request = async (method, path, options) => {
      const answer = await request(method, path, options);
      const row = checkOutput(method, path, answer);
      if (row) answered.add(row);
      return answer;
    };
  });
  afterAll(async () => {
    await server.close();
    github.close();
  });

  it('refuses a request without a key, and says which scheme to use', async () => {
    const answer = await server.request('GET', '/v1/skills', { authorization: null });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ error: 'unauthorized', message: 'Missing or invalid authorization.' });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(answer.headers.get('x-skillett-error-source')).toBe('skillett');
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it('refuses an unknown key with a link to the page of keys', async () => {
    const answer = await server.request('GET', '/v1/skills', { authorization: `Bearer sk_${'0'.repeat(48)}` });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({
      error: 'api_key_invalid',
      message: 'Invalid API key.',
      action_url: `${server.gateway.config.publicUrl}/dashboard/api-keys`,
    });
  });

  it.each([
    '/metrics',
    '/healthz',
    '/readyz',
    '/mcp',
    '/graphql',
    '/',
    '/dashboard/api-keys',
    '/assets/x.js',
    '/oauth/callback',
    '/api/auth/get-session',
    '/v1/nowhere/at/all',
  ])('refuses a key in the address of %s, in a sentence that does not repeat it', async (path) => {
    for (const authorization of [null, `Bearer ${server.key}`])
      for (const method of ['GET', 'POST'])
        for (const address of [`${path}?api_key=${server.key}`, `${path}?a=%73k_${server.key.slice(3)}`]) {
          const refused = await server.request(method, address, { authorization });
          expect([refused.status, refused.text.includes('holds an API key')], `${method} ${address}`).toEqual([400, true]);
          expect(refused.text).not.toContain(server.key.slice(3));
        }
    const other = await server.request('GET', `${path}?api_key=none`);
    expect(other.text).not.toContain('holds an API key');
  });

  it('refuses a key in the path, and repeats no path that takes another method', async () => {
    for (const path of [`/v1/${server.key}/x`, `/v1/desk/${server.key}`, `/${server.key}`, `/v1/%73k_${server.key.slice(3)}/x`]) {
      const refused = await server.request('GET', path);
      expect([refused.status, refused.json.message], path).toEqual([
        400,
        expect.stringMatching(/^The path of the address holds an API key/),
      ]);
      expect(refused.text).not.toContain(server.key.slice(3));
    }
    const refused = await server.request('GET', '/v1/desk/not_a_key');
    expect([refused.status, refused.json.message]).toEqual([405, 'This address takes POST, not GET.']);
    expect(server.log.filter((line) => line.includes(server.key.slice(3)))).toEqual([]);
  });

  it('refuses a key in the query string', async () => {
    for (const path of ['/v1/skills', `/graphql?query=${encodeURIComponent('{ viewer { kind } }')}`])
      for (const authorization of [null, `Bearer ${server.key}`]) {
        const refused = await server.request('GET', `${path}${path.includes('?') ? '&' : '?'}api_key=${server.key}`, { authorization });
        expect(refused.status).toBe(400);
        expect(refused.text).toMatch(/`api_key` holds an API key\. Keys go into the Authorization header only/);
        expect(refused.text).not.toContain(server.key);
      }
    expect((await server.request('GET', '/v1/skills?api_key=none', { authorization: null })).status).toBe(401);
    const named = await server.request('GET', `/v1/skills?${server.key}`);
    expect([named.status, named.text.includes(server.key)]).toEqual([400, false]);
    expect(named.json.message).toMatch(/^The query string holds an API key/);
    for (const [query, status] of [
      [`?api_key=${server.key}`, 400],
      ['?api_key=none', 200],
    ] as const)
      expect((await server.request('POST', `/auth/device/code${query}`, { authorization: null })).status, query).toBe(status);
    for (const [query, status] of [
      [`?api_key=${server.key}`, 400],
      ['?api_key=none', 200],
    ] as const)
      expect((await server.request('POST', `/graphql${query}`, { body: { query: '{ __typename }' } })).status, query).toBe(status);
  });

  it('lists the integrations with the fields of the contract', async () => {
    const { status, json } = await server.request('GET', '/v1/skills?search=github');
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['integrations', 'next_cursor', 'total']);
    expect(Object.keys(json.integrations[0])).toEqual([
      'slug',
      'name',
      'description',
      'category',
      'auth_types',
      'connected',
      'accounts',
      'endpoint_count',
    ]);
    expect(json.integrations[0]).toMatchObject({ slug: 'github', auth_types: ['oauth2', 'bearer'], connected: false, accounts: [] });
  });

  it('pages through lists with limit and cursor until nothing is left', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { json } = await server.request(
        'GET',
        `/v1/skills/github?limit=40${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      seen.push(...json.endpoints.map((endpoint: { name: string }) => endpoint.name));
      cursor = json.next_cursor;
      expect(json.total).toBeGreaterThanOrEqual(70);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe(server.gateway.catalogue.find('github')?.endpoints.size);
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'cursor=nonsense', 'connected=maybe'])(
    'refuses %s on a list and ignores names it does not know',
    async (query) => {
      expect((await server.request('GET', `/v1/skills?${query}`)).json.error).toBe('bad_request');
      expect((await server.request('GET', `/v1/skills?unknown=${query}`)).status).toBe(200);
    },
  );

  it('refuses a cursor whose moment the database does not know, on every list in the order of time', async () => {
    for (const [moment, status] of [
      [0, 200],
      [-62_135_596_800_001, 400],
      [8_640_000_000_000_000, 400],
    ] as const) {
      const cursor = Buffer.from(JSON.stringify([moment, 'x'])).toString('base64url');
      for (const path of ['/api-keys', '/v1/connect'])
        expect((await server.request('GET', `${path}?cursor=${cursor}`)).status, `${path} ${moment}`).toBe(status);
      expect((await server.graphql(`{ calls(after: "${cursor}") { totalCount } }`)).status, `calls ${moment}`).toBe(status);
    }
  });

  it('describes an integration, an endpoint, and its document', async () => {
    const integration = await server.request('GET', '/v1/skills/github?method=POST&read_only=false&category=issues');
    expect(Object.keys(integration.json)).toEqual([
      'slug',
      'name',
      'description',
      'version',
      'connected',
      'endpoints',
      'next_cursor',
      'total',
    ]);
    expect(integration.json.endpoints).toContainEqual({
      name: 'create_issue',
      method: 'POST',
      category: 'issues',
      description: expect.any(String),
      read_only: false,
    });
    const endpoint = await server.request('GET', '/v1/skills/github/create_issue');
    expect(Object.keys(endpoint.json)).toEqual([
      'integration',
      'name',
      'method',
      'category',
      'description',
      'read_only',
      'provider_scopes',
      'parameters',
      'schema',
      'example',
      'answer',
      'answer_fields',
      'errors',
    ]);
    expect(endpoint.json.parameters.find((parameter: { name: string }) => parameter.name === 'title')).toMatchObject({ required: true });
    expect(Object.keys(endpoint.json.example)).toEqual(['params', 'cli', 'curl']);
    const document = await server.request('GET', '/v1/skills/github/create_issue', { headers: { accept: 'text/markdown' } });
    expect(document.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(document.text).toMatch(/^---\nname: create_issue\nmethod: POST\n/);
    expect(document.text).toContain('owner/repo → {owner}, {repo}');
  });

  it.each([
    ['text/markdown', 'text/markdown'],
    ['TEXT/Markdown; variant="a,b"; q=0.5', 'text/markdown'],
    ['application/json;q=0.4, text/markdown;q=0.5', 'text/markdown'],
    ['application/json, text/markdown', 'text/markdown'],
    ['text/markdown;q=0.4, application/json;q=0.5', 'application/json'],
    ['text/markdown;q=0.4, */*', 'application/json'],
    ['text/markdown;q=0', 'application/json'],
    ['text/*', 'application/json'],
    ['application/json;x="text/markdown"', 'application/json'],
    ['*/*', 'application/json'],
  ])('answers Accept: %s with %s (RFC 9110, section 12.5.1)', async (accept, type) => {
    const answer = await server.request('GET', '/v1/skills/github/create_issue', { headers: { accept } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`]);
    const graphql = await server.graphql('{ __typename }', undefined, {
      headers: { accept: accept.replace(/text\/markdown/gi, 'application/graphql-response+json') },
    });
    const newer = type === 'text/markdown' ? 'application/graphql-response+json' : 'application/json';
    expect([graphql.status, graphql.headers.get('content-type')]).toEqual([200, `${newer}; charset=utf-8`]);
  });

  it('answers 404 for unknown integrations, endpoints and routes', async () => {
    expect((await server.request('GET', '/v1/skills/nothing')).json).toMatchObject({
      error: 'not_found',
      message: 'Integration not found.',
    });
    expect((await server.request('GET', '/v1/skills/github/nothing')).json).toMatchObject({
      error: 'not_found',
      message: 'Endpoint not found.',
    });
    expect((await server.request('POST', '/v1/github/nothing', { body: {} })).json).toMatchObject({
      error: 'not_found',
      message: 'Endpoint not found.',
    });
    expect((await server.request('POST', '/v1/github/nothing', { body: {}, authorization: `Bearer sk_${'0'.repeat(48)}` })).status).toBe(
      401,
    );
    const route = await server.request('GET', '/v2/skills');
    expect(route.status).toBe(404);
    expect(route.json.error).toBe('not_found');
  });

  it('lets variants of a path pass neither the table nor the key check', async () => {
    for (const path of ['//v1/skills', '/v1//skills', '/V1/skills', '/v1/skills/', '/v1/%73kills', '/v1/skills/%67ithub'])
      expect((await server.request('GET', path)).status, path).toBe(404);
  });

  it('answers 405 with Allow, 415, 413 and 400 for bodies, each with a sentence', async () => {
    const method = await server.request('PUT', '/v1/connect');
    expect(method.status).toBe(405);
    expect(method.headers.get('allow')).toBe('POST, GET');
    for (const [verb, path, allow] of [
      ['POST', '/v1/skills/github', 'GET'],
      ['POST', '/v1/connect/conn_1', 'GET, DELETE'],
      ['GET', '/v1/github/create_issue', 'POST'],
      ['HEAD', '/v1/github/create_issue', 'POST'],
    ] as const) {
      const refused = await server.request(verb, path);
      expect([refused.status, refused.headers.get('allow')], `${verb} ${path}`).toEqual([405, allow]);
    }
    expect((await server.request('HEAD', '/v1/skills/github')).status).toBe(200);
    for (const path of ['/healthz', '/readyz']) {
      expect((await server.request('GET', path)).status, path).toBe(200);
      const posted = await server.request('POST', path);
      expect(posted.status, path).toBe(405);
      expect(posted.headers.get('allow')).toBe('GET, HEAD');
      expect(posted.json.error).toBe('method_not_allowed');
    }
    expect(
      (await server.request('POST', '/v1/connect', { body: 'x=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).json
        .error,
    ).toBe('unsupported_media_type');
    expect((await server.request('POST', '/api-keys', { body: `{"name":"${'x'.repeat(1024 * 1024)}"}` })).json).toMatchObject({
      error: 'payload_too_large',
      message: expect.stringContaining('1 MiB'),
    });
    expect((await server.request('POST', '/api-keys', { body: '{"name":' })).json.message).toContain('not valid JSON');
    expect((await server.request('POST', '/api-keys', { body: { name: 'x', colour: 'red' } })).json.message).toContain('colour');
    expect((await server.request('POST', '/api-keys', { body: { name: 7, scopes: 3 } })).json).toEqual({
      error: 'bad_request',
      message: 'The body is not as this route takes it: `name` must be a text; `scopes` must be a text or a list of texts.',
      details: [
        { path: 'name', message: 'must be a text' },
        { path: 'scopes', message: 'must be a text or a list of texts' },
      ],
    });
    expect((await server.request('POST', '/api-keys', { body: {} })).json.message).toContain('`name` is required');
  });

  it.each([
    ['FOO /v1/skills HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'bad_request'],
    ['GET /v1/skills HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n', 400, 'bad_request'],
    [`GET /v1/skills HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'bad_request'],
    ['GET /v1/skills HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n', 401, 'unauthorized'],
  ])('answers %j, which no client library sends, as JSON with a request id too', async (text, status, error) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname).end(text);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    const [head, body] = answer.split('\r\n\r\n') as [string, string];
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toMatch(/^x-request-id: req_[0-9a-f]{32}$/im);
    expect(head).toMatch(/^x-skillett-error-source: skillett$/im);
    expect(JSON.parse(body)).toEqual({ error, message: expect.stringMatching(/\.$/) });
  });

  it('refuses a faulty body of an execution after what comes first, and counts the call', async () => {
    const faults: [string, string, Record<string, string>][] = [
      ['{"params":', 'not valid JSON', {}],
      ['{"params":"x"}', '`params` must be an object', {}],
      ['{"parms":{}}', '`parms` is no field here; there are `params`, `account`, `select`', {}],
      [`{"params":{"title":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`, 'nested deeper than 100 levels', {}],
      ['x=1', 'application/json', { 'content-type': 'application/x-www-form-urlencoded' }],
    ];
    for (const [at, [body, message, headers]] of faults.entries()) {
      const answer = await server.request('POST', '/v1/github/create_issue', { body, headers });
      expect(answer.json.message, body.slice(0, 40)).toContain(message);
      expect(answer.status).toBe(at === 4 ? 415 : 400);
      // Only what has counted says how much is left.
      expect(answer.headers.get('ratelimit-remaining')).toMatch(/^\d+$/);
      expect((await server.request('POST', '/v1/github/nope', { body, headers })).status).toBe(404);
    }
    const made = await server.request('POST', '/api-keys', { body: { name: 'Mail', scopes: 'gmail' } });
    const refused = await server.request('POST', '/v1/github/create_issue', {
      body: '{"params":',
      authorization: `Bearer ${made.json.full_key}`,
    });
    expect(refused.json.error).toBe('scope_not_allowed');
  });

  it('connects by credential, shows the connection, and executes with the account', async () => {
    const before = await server.request('POST', '/v1/github/create_issue', {
      body: { params: { repo: 'octocat/hello-world', title: 'Found a bug' } },
    });
    expect(before.status).toBe(403);
    expect(before.json).toEqual({
      error: 'integration_not_connected',
      message: 'The user needs to connect their github account first.',
      action_url: `${server.gateway.config.publicUrl}/dashboard/integrations`,
    });
    const rejected = await server.request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token: 'bad-token' } } });
    expect(rejected.json.error).toBe('credential_rejected');
    const connected = await server.request('POST', '/v1/connect', {
      body: { integration: 'github', credentials: { token: 'planted-token' } },
    });
    expect(connected.json).toEqual({ connection_id: expect.stringMatching(/^conn_/), status: 'connected' });
    const state = await server.request('GET', `/v1/connect/${connected.json.connection_id}`);
    expect(state.json).toEqual({ status: 'connected', integration: 'github' });
    const list = await server.request('GET', '/v1/connect');
    expect(list.json.connections.find((one: { integration: string }) => one.integration === 'github')).toMatchObject({
      account: 'octocat',
      default: true,
      status: 'connected',
    });

    const created = await server.request('POST', '/v1/github/create_issue', {
      body: { params: { repo: 'octocat/hello-world', title: 'Found a bug' } },
    });
    expect(created.status).toBe(201);
    expect(created.text).toBe('{"status":201,"data":{ "number": 12345678901234567890, "b": 1, "a": 2 }}');
    expect(created.headers.get('set-cookie')).toBeNull();
    expect(created.headers.get('ratelimit-limit')).toBe('3000');

    const proxied = await server.request('POST', '/v1/proxy/github', {
      body: { method: 'POST', path: '/repos/octocat/hello-world/issues', body: { title: 'Found a bug' } },
    });
    expect([proxied.status, proxied.text]).toEqual([created.status, created.text]);
    const missing = await server.request('POST', '/v1/proxy/github', { body: { method: 'GET', path: '/nothing' } });
    expect(missing.text).toBe('{"status":404,"error":{"message":"Not Found"}}');

    const failed = await server.request('POST', '/v1/github/list_issues_for_repo', { body: { params: { repo: 'octocat/gone' } } });
    expect(failed.status).toBe(410);
    expect(failed.text).toBe('{"status":410,"error":{"message":"Issues are disabled for this repo"}}');
    expect(failed.headers.get('x-skillett-error-source')).toBe('upstream');

    const graphql = await server.graphql(
      'mutation { execute(integration: "github", endpoint: "create_issue", params: {repo: "octocat/hello-world", title: "Found a bug"}) { status ok data } }',
    );
    expect(graphql.text).toContain('"data":{ "number": 12345678901234567890, "b": 1, "a": 2 }');

    const removed = await server.request('DELETE', `/v1/connect/${connected.json.connection_id}`);
    expect(removed.status).toBe(204);
    expect(removed.headers.get('x-skillett-revoked')).toBe('unsupported');
    expect((await server.request('DELETE', `/v1/connect/${connected.json.connection_id}`)).status).toBe(404);
    expect(server.log.join('')).not.toContain('planted-token');
  });

  it('lists every parameter fault and suggests the name that was meant', async () => {
    const { status, json } = await server.request('POST', '/v1/github/create_issue', {
      body: { params: { repo: 'octocat', titel: 'x', labels: 'bug' } },
    });
    expect(status).toBe(400);
    expect(json.error).toBe('bad_request');
    expect(json.details.map((fault: { path: string }) => fault.path)).toEqual(expect.arrayContaining(['params.title', 'params.titel']));
    expect(JSON.stringify(json.details)).toContain('did you mean');
  });

  it('loses no parameter on the way to the check, whatever its name', async () => {
    const placesOf = async (params: string) => {
      const { json } = await server.request('POST', '/v1/github/create_issue', { body: `{"params":${params}}` });
      return json.details.map((fault: { path: string }) => fault.path).sort();
    };
    expect(await placesOf('{"repo":"a/b","title":"x","__proto__":{"limit":1}}')).toEqual(['params.__proto__']);
    expect(await placesOf('null')).toEqual(['params.repo', 'params.title']);
    for (const wrong of ['[]', '"x"', '5']) expect(await placesOf(wrong)).toEqual(['params']);
  });

  it('makes, lists and revokes keys with the fields of the contract', async () => {
    const made = await server.request('POST', '/api-keys', { body: { name: 'Reader', scopes: 'github:read,gmail' } });
    expect(made.status).toBe(201);
    expect(Object.keys(made.json)).toEqual(['api_key', 'full_key']);
    expect(Object.keys(made.json.api_key)).toEqual(['id', 'name', 'key_prefix', 'scopes', 'expires_at', 'created_at']);
    expect(made.json.full_key).toMatch(/^sk_[0-9a-f]{48}$/);
    expect(made.json.api_key).toMatchObject({
      name: 'Reader',
      scopes: ['github:read', 'gmail'],
      key_prefix: made.json.full_key.slice(0, 11),
    });
    const authorization = `Bearer ${made.json.full_key}`;

    const own = await server.request('GET', '/api-keys', { authorization });
    expect(own.json.map((key: { id: string }) => key.id)).toEqual([made.json.api_key.id]);
    expect(Object.keys(own.json[0])).toEqual([
      'id',
      'name',
      'key_prefix',
      'scopes',
      'last_used_at',
      'expires_at',
      'revoked_at',
      'created_at',
    ]);
    expect(own.json[0].last_used_at).not.toBeNull();

    const denied = await server.request('POST', '/v1/sandbox/list_notes', { body: {}, authorization });
    expect(denied.json).toEqual(
      kind === 'pglite'
        ? { error: 'scope_not_allowed', message: 'API key does not have access to the sandbox integration.' }
        : { error: 'not_found', message: 'Integration not found.' },
    );
    expect((await server.request('POST', '/v1/github/create_issue', { body: {}, authorization })).json.error).toBe('scope_not_allowed');

    const all = await server.request('GET', '/api-keys');
    expect(all.json.length).toBeGreaterThanOrEqual(2);
    const page = await server.request('GET', '/api-keys?limit=1');
    expect(page.json).toHaveLength(1);
    expect(page.headers.get('link')).toMatch(/^<http.*\/api-keys\?limit=1&cursor=.+>; rel="next"$/);
    const paged: string[] = [];
    let next: string | undefined = '/api-keys?limit=1';
    while (next !== undefined) {
      const one = await server.request('GET', next);
      paged.push(...one.json.map((key: { id: string }) => key.id));
      next = /<https?:\/\/[^/]+(\/[^>]+)>/.exec(one.headers.get('link') ?? '')?.[1];
    }
    expect(paged).toEqual(all.json.map((key: { id: string }) => key.id));

    expect((await server.request('DELETE', `/api-keys/${made.json.api_key.id}`)).status).toBe(204);
    expect((await server.request('DELETE', `/api-keys/${made.json.api_key.id}`)).status).toBe(204);
    expect((await server.request('GET', '/api-keys', { authorization })).json.error).toBe('api_key_revoked');
    expect((await server.request('DELETE', '/api-keys/key_unknown')).json).toEqual({ error: 'not_found', message: 'API key not found.' });
  });

  it('downloads the skill files', async () => {
    const { json } = await server.request('GET', '/v1/github/download');
    expect(Object.keys(json)).toEqual(['slug', 'files']);
    const paths = json.files.map((file: { file_path: string }) => file.file_path);
    expect(paths).toContain('SKILL.md');
    expect(paths).toContain('endpoints/pull-requests/create_pull.md');
    expect(json.files[0].content).toMatch(/^---\nname: skillett-github\nversion: /);
  });

  it('holds for what comes in from outside too: a link, a device login in both dialects, and what it is told meanwhile', async () => {
    const started = await server.request('POST', '/v1/connect', { body: { integration: 'gmail' } });
    expect(Object.keys(started.json)).toEqual(['oauth_url', 'connection_id']);
    const grant = 'urn:ietf:params:oauth:grant-type:device_code';
    for (const grant_type of [undefined, grant]) {
      const code = await server.request('POST', '/auth/device/code', { body: {}, authorization: null });
      expect(Object.keys(code.json)).toContain('verification_uri_complete');
      const waiting = await server.request('POST', '/auth/device/token', {
        body: { device_code: code.json.device_code, grant_type },
        authorization: null,
      });
      expect([waiting.status, waiting.json.error]).toEqual([grant_type ? 400 : 200, 'authorization_pending']);
      expect(pollDeviceToken.output.safeParse(waiting.json).error).toBeUndefined();
    }
  });

  it('describes itself to whoever asks, and has nothing of an authorization server at the root', async () => {
    for (const path of ['/openapi.json', '/llms.txt', '/.well-known/oauth-authorization-server/auth'])
      expect((await server.request('GET', path, { authorization: null })).status, path).toBe(200);
    for (const name of ['oauth-authorization-server', 'openid-configuration', 'oauth-protected-resource'])
      expect((await server.request('GET', `/.well-known/${name}`, { authorization: null })).status, name).toBe(404);
  });

  it('is what the operations of all rows say of their answers, and of those alone', () => {
    const silent = routes.filter((row) => !answered.has(row)).map(({ method, path }) => `${method} ${path}`);
    // It takes a person's session: test/device holds it to the same.
    expect(silent).toEqual(['POST /auth/device/authorize']);
    for (const row of routes.filter(({ status }) => status !== 204))
      expect((row.output ?? row.operation.output).safeParse({ unknown: true }).success, row.path).toBe(false);
  });
});
