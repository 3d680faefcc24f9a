/**
 * The proxy by REST and GraphQL: what passes, what is refused, and what becomes of it in the log. In one file although it is long: all of
 * it goes to the same integrations by one server, and each refusal stands beside what passes.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { settleClaims } from '../../src/domains/executions/settle-claims.ts';
import { addKey, addUser } from '../admission/people.ts';
import { recipeOf } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { type RequestOptions, startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let upstream: Upstream;
let removeFolder: () => Promise<void>;
let user: string;
/** Of a user of its own, for the proxy of `parcel` alone. */
let key: string;

const endpoint = (more: object) => ({ method: 'GET', path: '/things', description: 'Does it.', answer: 'It.', example: {}, ...more });
const recipes = {
  /** Below a base address with a path; failures come as 200; its headers are constants. */
  parcel: recipeOf('parcel', {
    base_url: 'https://api.parcel.example/v1',
    headers: { 'X-Api-Version': '7' },
    success: { when: 'ok != `false`', error: 'error', status: { gone: 410 } },
    idempotency_header: 'X-Once',
  }),
  /** Has an endpoint that sends a document. */
  graph: recipeOf('graph'),
  /** A key in the query, another value in a header. */
  vault: recipeOf('vault', {
    auth: [
      {
        type: 'api_key',
        how: 'Make one.',
        in: 'query',
        name: 'api_key',
        fields: { team: { description: 'The team.', header: 'X-Team' } },
      },
      { type: 'bearer', how: 'Make one.', header: 'X-Token' },
    ],
    verify: { path: '/me', account: { id: 'id', label: 'login' } },
  }),
};

beforeAll(async () => {
  upstream = await Upstream.start();
  const { folder, remove } = await makeFolder();
  removeFolder = remove;
  for (const [slug, recipe] of Object.entries(recipes)) {
    await mkdir(path.join(folder, slug));
    await writeFile(path.join(folder, slug, 'recipe.json'), JSON.stringify(recipe));
    const document = 'query Things { things { id } }';
    const asks = endpoint({ method: 'POST', path: '/graphql', read_only: true, graphql: { document, data: 'things' } });
    const endpoints = slug === 'graph' ? { ask: asks } : { list_things: endpoint({}), make_thing: endpoint({ method: 'POST' }) };
    await writeFile(path.join(folder, slug, 'all.json'), JSON.stringify({ resource: 'all', description: 'All.', endpoints }));
  }
  server = await startTestServer({
    env: {
      SKILLETT_RECIPES: folder,
      SKILLETT_PARCEL_BASE_URL: `${upstream.origin}/v1`,
      SKILLETT_GRAPH_BASE_URL: upstream.origin,
      SKILLETT_VAULT_BASE_URL: upstream.origin,
    },
  });
});
beforeEach(async () => {
  upstream.reset();
  upstream.json('{"id":12345678901234567890}');
  user = await addUser(server.gateway.database);
  key = await newKey(['parcel:proxy']);
});
afterAll(async () => {
  await server.close();
  await upstream.close();
  await removeFolder();
});

const newKey = async (scopes: string[], of = user) => (await addKey(server.gateway.database, of, { scopes })).id;
const bearer = (token = key): RequestOptions => ({ authorization: `Bearer ${token}` });
const rest = (body: object, { slug = 'parcel', token = key, headers = {} as Record<string, string> } = {}) =>
  server.request('POST', `/v1/proxy/${slug}`, { ...bearer(token), body, headers });
const fields = 'status ok data error call { endpoint path outcome } callId';
const proxyRead = (variables: object, token = key) =>
  server.graphql(
    `query ($integration: String = "parcel", $method: String, $path: String!, $query: JSON, $headers: JSON, $select: String) {
      it: proxyRead(integration: $integration, method: $method, path: $path, query: $query, headers: $headers, select: $select) { ${fields} } }`,
    { ...variables },
    bearer(token),
  );
const proxy = (variables: object, token = key) =>
  server.graphql(
    `mutation ($method: String!, $path: String!, $query: JSON, $headers: JSON, $body: JSON, $once: String) {
      it: proxy(integration: "parcel", method: $method, path: $path, query: $query, headers: $headers, body: $body, idempotencyKey: $once) { ${fields} } }`,
    { ...variables },
    bearer(token),
  );
const sent = () => upstream.received.map(({ method, target }) => `${method} ${target}`);

async function rowsOf(token = key) {
  for (let turn = 0; ; turn += 1) {
    const rows = await server.gateway.db.selectFrom('skillCalls').selectAll().where('keyId', '=', token).orderBy('id').execute();
    if (turn === 100 || rows.every(({ outcome }) => outcome !== 'started')) return rows;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a request below the base address', () => {
  it('arrives as it was asked for, whether an endpoint covers it or not, and its answer comes byte for byte', async () => {
    const read = await rest({ method: 'get', path: '/things', query: { q: 'a b&c', tag: ['x', 'y'], none: null, page: 2 } });
    expect(read.text).toBe('{"status":200,"data":{"id":12345678901234567890}}');
    expect(read.headers.get('ratelimit-limit')).toBeDefined();
    const other = await proxyRead({ path: "/un-known/~a.b/%C3%A9%20'x':1", query: {} });
    expect(other.text).toContain('"data":{"id":12345678901234567890}');
    expect((await proxy({ method: 'DELETE', path: '/things/7/' })).json.data.it).toMatchObject({ status: 200, ok: true });
    expect(sent()).toEqual([
      'GET /v1/things?q=a%20b%26c&tag=x&tag=y&page=2',
      "GET /v1/un-known/~a.b/%C3%A9%20'x':1",
      'DELETE /v1/things/7/',
    ]);
    expect(upstream.received[0]?.headers).toMatchObject({ 'x-api-version': '7', 'user-agent': 'skillett', accept: '*/*' });
  });

  it.each<[string, unknown, Record<string, string>, string, string | undefined]>([
    ['JSON', { a: [1, null] }, {}, '{"a":[1,null]}', 'application/json'],
    ['a list', [1], {}, '[1]', 'application/json'],
    ['JSON of a kind of its own', { a: 1 }, { 'Content-Type': 'application/merge-patch+json' }, '{"a":1}', 'application/merge-patch+json'],
    ['a text', 'a=1', {}, 'a=1', 'text/plain; charset=utf-8'],
    ['a text of its own kind', '<a/>', { 'content-type': 'application/xml' }, '<a/>', 'application/xml'],
    [
      'a form',
      { a: 'x y', b: [1, 2] },
      { 'content-type': 'application/x-www-form-urlencoded' },
      'a=x%20y&b=1&b=2',
      'application/x-www-form-urlencoded',
    ],
    ['bytes', { content_type: 'image/png', base64: 'iVBORw==' }, {}, '\u0089PNG', 'image/png'],
    ['nothing', null, {}, '', undefined],
  ])('takes %s as its body', async (_what, body, headers, bytes, type) => {
    for (const send of [rest, proxy]) expect((await send({ method: 'POST', path: '/things', body, headers })).status).toBe(200);
    const [one, other] = upstream.received;
    expect([one?.body.toString('latin1'), one?.headers['content-type']]).toEqual([bytes, type]);
    expect(other?.body).toEqual(one?.body);
  });

  it('is answered to HEAD without a body, whatever length and coding the service names', async () => {
    upstream.play = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000', 'content-encoding': 'gzip' }).end();
    expect((await proxyRead({ method: 'HEAD', path: '/big' })).json.data.it).toMatchObject({ status: 200, ok: true, data: null });
    const raw = await rest({ method: 'HEAD', path: '/big' }, { headers: { accept: 'application/octet-stream' } });
    expect([raw.status, raw.text]).toEqual([200, '']);
    expect(sent()).toEqual(['HEAD /v1/big', 'HEAD /v1/big']);
  });

  it('is judged as an endpoint is: by status, by what the recipe says of success, and a write that is sent elsewhere has failed', async () => {
    upstream.json('{"ok":false,"error":"gone"}');
    const gone = await rest({ method: 'GET', path: '/x' });
    expect([gone.status, gone.text]).toEqual([410, '{"status":410,"error":{"ok":false,"error":"gone"}}']);
    upstream.json('{"why":1}', 404);
    expect((await proxyRead({ path: '/x' })).json.data.it).toMatchObject({ ok: false, status: 404, error: { why: 1 } });
    upstream.answer(302, { location: 'https://elsewhere.example/y' });
    expect((await rest({ method: 'GET', path: '/x' })).json).toEqual({ status: 302, data: { location: 'https://elsewhere.example/y' } });
    expect((await rest({ method: 'POST', path: '/x' })).json).toEqual({ status: 422, error: { location: 'https://elsewhere.example/y' } });
    expect(upstream.received).toHaveLength(4);
  });

  it('at the place of a GraphQL service has failed with its errors, and elsewhere `errors` may mean anything', async () => {
    const token = await newKey(['graph:proxy']);
    const ask = (place: string) => rest({ method: 'POST', path: place, body: { query: '{ a }' } }, { slug: 'graph', token });
    upstream.json('{"data":{"a":1}}');
    expect((await ask('/graphql')).json).toEqual({ status: 200, data: { data: { a: 1 } } });
    upstream.json('{"errors":[1]}');
    expect((await ask('/graphql')).json).toEqual({ status: 422, error: { errors: [1] } });
    expect((await ask('/graphql/other')).json).toEqual({ status: 200, data: { errors: [1] } });
  });

  it('can be cut by `select`, and its bytes passed on as they come', async () => {
    upstream.json('{"a":[{"b":1},{"b":2}]}');
    expect((await rest({ method: 'GET', path: '/x', select: 'a[].b' })).json.data).toEqual([1, 2]);
    expect((await proxyRead({ path: '/x', select: 'a[0]' })).json.data.it.data).toEqual({ b: 1 });
    const raw = await rest({ method: 'GET', path: '/x' }, { headers: { accept: 'application/octet-stream' } });
    expect(raw.text).toBe('{"a":[{"b":1},{"b":2}]}');
  });
});

describe('the scope', () => {
  it.each(['parcel', 'parcel:read', 'parcel.list_things', 'vault:proxy', 'operator'])(
    '%s does not let a request through',
    async (scope) => {
      const narrow = await newKey([scope]);
      const refused = await rest({ method: 'GET', path: '/things' }, { token: narrow });
      expect([refused.status, refused.json.error]).toEqual([403, 'scope_not_allowed']);
      expect(refused.json.message).toContain('`parcel:proxy`');
      for (const answer of [await proxyRead({ path: '/things' }, narrow), await proxy({ method: 'GET', path: '/things' }, narrow)])
        expect(answer.json.errors[0].extensions.code).toBe('scope_not_allowed');
      expect(upstream.received).toEqual([]);
      expect(await rowsOf(narrow)).toMatchObject(
        Array(3).fill({ endpoint: 'proxy:GET', path: '/things', outcome: 'refused', errorCode: 'scope_not_allowed' }),
      );
    },
  );

  it.each(['*', 'parcel:proxy'])('%s does, and gives no endpoint away', async (scope) => {
    const wide = await newKey([scope]);
    expect((await rest({ method: 'GET', path: '/things' }, { token: wide })).status).toBe(200);
    const run = await server.request('POST', '/v1/parcel/list_things', { ...bearer(wide), body: {} });
    expect(run.status).toBe(scope === '*' ? 200 : 403);
    const listed = await server.request('GET', '/v1/skills', bearer(wide));
    expect(listed.json.integrations.find(({ slug }: { slug: string }) => slug === 'parcel')).toBeDefined();
  });

  it('is given on only by a key that holds it, and a mistyped one is named', async () => {
    const make = (scopes: string[], token: string) =>
      server.request('POST', '/api-keys', { ...bearer(token), body: { name: 'child', scopes } });
    expect((await make(['parcel:proxy'], await newKey(['parcel']))).json.error).toBe('forbidden');
    expect((await make(['parcel'], key)).json.error).toBe('forbidden');
    const child = await make(['parcel:proxy'], key);
    expect(child.json).toMatchObject({ api_key: { scopes: ['parcel:proxy'] } });
    expect((await make(['parcel:proxy'], await newKey(['*']))).status).toBe(201);
    expect((await make(['parcel:porxy'], await newKey(['*']))).json.message).toContain('Did you mean `parcel:proxy`?');
  });

  it('lets a key ask for a connection, and not give a credential', async () => {
    const narrow = await newKey(['vault:proxy']);
    const body = { integration: 'vault', credentials: { api_key: 'k', team: 't' } };
    expect((await server.request('POST', '/v1/connect', { ...bearer(narrow), body })).json.error).toBe('forbidden');
    expect((await server.request('POST', '/v1/connect', { ...bearer(narrow), body: { integration: 'vault' } })).json.connection_id).toMatch(
      /^conn_/,
    );
  });

  it('comes after 401 and 404, and before everything that is wrong with the request', async () => {
    const nobody = await server.request('POST', '/v1/proxy/none', { authorization: 'Bearer sk_000', body: { method: 'GET', path: '/' } });
    expect(nobody.status).toBe(401);
    expect((await rest({ method: 'GET', path: '/' }, { slug: 'none' })).json.error).toBe('not_found');
    const narrow = await newKey(['parcel']);
    for (const body of [{ method: 'NO', path: '..' }, { nonsense: 1 }]) expect((await rest(body, { token: narrow })).status).toBe(403);
    expect((await rest({ nonsense: 1 })).status).toBe(400);
    expect((await server.request('POST', '/v1/proxy/parcel', { ...bearer(narrow), body: '{' })).status).toBe(403);
  });
});

describe('what leads out of the base address is refused, and its neighbour is not:', () => {
  const attacks = [
    '',
    'things',
    'https://evil.example/',
    '//evil.example/x',
    '/a//b',
    '/../admin',
    '/a/..',
    '/./a',
    '/a/%2e%2e/b',
    '/a/.%2E/b',
    '/a/%252e%252e/b',
    '/a/%25252e%25252e/b',
    '/a/..;/b',
    '/a/..%3bx/b',
    '/a%2fb',
    '/a%2Fb',
    '/a%252fb',
    '/a%5cb',
    '/a\\b',
    '/\\evil.example',
    '/@evil.example/x',
    '@evil.example/x',
    ':80@evil.example/',
    '/a\r\nHost: evil.example',
    '/a%0d%0aX: 1',
    '/a\u0000b',
    '/a%00b',
    '/a%2500b',
    '/a\tb',
    '/a b',
    '/a#b',
    '/a?b=1',
    '/ä',
    '/a%',
    '/a%zz',
    '/a%c0%ae%c0%ae/b',
    '/a%ff',
    '/{token}/x',
    '/a|b',
  ];
  it.each(attacks)('%j', async (attack) => {
    for (const answer of [await rest({ method: 'GET', path: attack }), await rest({ method: 'POST', path: attack, body: {} })])
      expect([answer.status, answer.json.error, answer.json.details[0].path]).toEqual([400, 'bad_request', 'path']);
    expect((await proxyRead({ path: attack })).json.errors[0].extensions.code).toBe('bad_request');
    expect(upstream.received).toEqual([]);
    for (const row of await rowsOf()) expect(row).toMatchObject({ path: null, outcome: 'refused', errorCode: 'bad_request' });
  });

  it.each(['/', '/.well-known/x', '/a..b/...', '/a%20b', '/a%40b', '/a;v=1/b', '/a/b.c:d', '/%C3%A4', '/a%25b', '/100%25'])(
    '%j passes',
    async (sound) => {
      expect((await rest({ method: 'GET', path: sound })).status).toBe(200);
      expect(sent()).toEqual([`GET /v1${sound}`]);
    },
  );

  it('a path that is too long for the log', async () => {
    expect((await rest({ method: 'GET', path: `/${'a'.repeat(2_048)}` })).status).toBe(400);
    expect((await rest({ method: 'GET', path: `/${'a'.repeat(2_047)}` })).status).toBe(200);
    expect((await rowsOf()).map((row) => row.path?.length)).toEqual([undefined, 2_048]);
  });

  it.each<[string, object, string]>([
    ['a method it does not know', { method: 'TRACE' }, 'method'],
    ['CONNECT', { method: 'CONNECT' }, 'method'],
    ['a method that is none', { method: 7 }, 'method'],
    ['a query that is a text', { query: 'a=1' }, 'query'],
    ['a query with an object inside', { query: { a: { b: 1 } } }, 'query.a'],
    ['half a character in a query', { query: { a: '\ud800' } }, 'query.a'],
    ['headers that are a list', { headers: ['a'] }, 'headers'],
    ['a header that splits', { headers: { 'x-a': 'b\r\nhost: evil.example' } }, 'headers.x-a'],
    ['a header that is no text', { headers: { 'x-a': 1 } }, 'headers.x-a'],
    ['a name of a header that splits', { headers: { 'x-a: b\r\nhost': 'x' } }, 'headers'],
    ['too many headers', { headers: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`x-${at}`, 'x'])) }, 'headers'],
    ['too long headers', { headers: { 'x-a': 'x'.repeat(17_000) } }, 'headers'],
    ['a body with GET', { body: {} }, 'body'],
    ['a body as what it is not', { method: 'POST', body: {}, headers: { 'content-type': 'image/png' } }, 'body'],
    ['bytes that are no base64', { method: 'POST', body: { content_type: 'image/png', base64: '!' } }, 'body.base64'],
    ['bytes of no kind', { method: 'POST', body: { content_type: 'png\r\nx: y', base64: 'AA==' } }, 'body.content_type'],
  ])('%s', async (_what, more, place) => {
    const { status, json } = await rest({ method: 'GET', path: '/x', ...more });
    expect([status, json.error, json.details.map((fault: { path: string }) => fault.path)]).toEqual([400, 'bad_request', [place]]);
    expect(upstream.received).toEqual([]);
    expect((await rest({ method: 'GET', path: '/x' })).status).toBe(200);
  });
});

describe("what is the gateway's to say is left out:", () => {
  it('headers of who asked, of the message, and those by which a request pretends to be another', async () => {
    const withheld = {
      Authorization: 'Bearer mine',
      COOKIE: 'a=1',
      Host: 'evil.example',
      'X-Forwarded-For': '1.2.3.4',
      'X-Forwarded-Host': 'evil.example',
      x_forwarded_host: 'evil.example',
      Forwarded: 'for=1.2.3.4',
      'X-Real-IP': '1.2.3.4',
      'X-Forwarded': 'for=1.2.3.4',
      'X.Forwarded.For': '1.2.3.4',
      'Client-IP': '1.2.3.4',
      'X-Client-IP': '1.2.3.4',
      X_Cluster_Client_IP: '1.2.3.4',
      'True-Client-IP': '1.2.3.4',
      'CF-Connecting-IP': '1.2.3.4',
      'X-Original-Forwarded-For': '1.2.3.4',
      'X-Original-Host': 'evil.example',
      'X-Original-URI': '/admin',
      'X-Host': 'evil.example',
      'X-Override-URL': '/admin',
      'X-Envoy-Original-Path': '/admin',
      Connection: 'x-kept',
      'Keep-Alive': 'timeout=1',
      'Transfer-Encoding': 'chunked',
      'Content-Length': '99',
      Upgrade: 'websocket',
      TE: 'trailers',
      Trailer: 'x',
      Expect: '100-continue',
      'Proxy-Authorization': 'Basic eA==',
      'X-HTTP-Method-Override': 'DELETE',
      X_HTTP_METHOD_OVERRIDE: 'DELETE',
      'X-Original-URL': '/admin',
      'Accept-Encoding': 'gzip',
    };
    for (const send of [rest, proxy])
      expect(
        (await send({ method: 'POST', path: '/x', headers: { ...withheld, 'X-Kept': 'yes', 'x-api-version': '8', Range: 'bytes=0-1' } }))
          .status,
      ).toBe(200);
    for (const { method, headers } of upstream.received) {
      const { host, connection, ...rest } = headers;
      expect([method, host]).toEqual(['POST', `127.0.0.1:${upstream.port}`]);
      expect(connection).toMatch(/^(keep-alive|close)$/);
      expect(rest).toEqual({
        'accept-encoding': 'identity',
        accept: '*/*',
        'content-length': '0',
        'user-agent': 'skillett',
        'x-api-version': '8',
        'x-kept': 'yes',
        range: 'bytes=0-1',
      });
    }
  });

  it('every name that a credential of the integration travels by, in any case and place', async () => {
    const whole = await newKey(['*']);
    upstream.json('{"id":1,"login":"ada"}');
    const credentials = { api_key: 'the-secret', team: 'the-team' };
    const connected = await server.request('POST', '/v1/connect', { ...bearer(whole), body: { integration: 'vault', credentials } });
    expect(connected.json.status).toBe('connected');
    upstream.received.length = 0;
    const answer = await rest(
      {
        method: 'GET',
        path: '/x',
        query: { API_KEY: 'mine', q: 1 },
        headers: { 'x-team': 'mine', X_Token: 'mine', 'X.Team': 'mine', 'x-other': 'y' },
      },
      { slug: 'vault', token: await newKey(['vault:proxy']) },
    );
    expect(answer.status).toBe(200);
    expect(sent()).toEqual(['GET /x?q=1&api_key=the-secret']);
    expect(upstream.received[0]?.headers).toMatchObject({ 'x-team': 'the-team', 'x-other': 'y' });
    expect(JSON.stringify(upstream.received)).not.toContain('mine');
  });

  it('and an account that is not connected is asked for once the request is sound', async () => {
    const token = await newKey(['vault:proxy']);
    expect((await rest({ method: 'GET', path: '/../x' }, { slug: 'vault', token })).status).toBe(400);
    expect((await rest({ method: 'GET', path: '/x' }, { slug: 'vault', token })).json.error).toBe('integration_not_connected');
    expect(upstream.received).toEqual([]);
  });
});

describe('admission', () => {
  it('counts every request, identical reads of one GraphQL request once, and refuses the one beyond the limit', async () => {
    const few = await addUser(server.gateway.database, { limits: { perMinute: 3 } });
    const token = await newKey(['parcel:proxy'], few);
    const twice = await server.graphql(
      '{ a: proxyRead(integration: "parcel", path: "/x") { callId } b: proxyRead(integration: "parcel", path: "/x", method: "GET") { callId } c: proxyRead(integration: "parcel", path: "/y") { callId } }',
      {},
      bearer(token),
    );
    expect(twice.json.data.a.callId).toBe(twice.json.data.b.callId);
    expect(sent().sort()).toEqual(['GET /v1/x', 'GET /v1/y']);
    expect((await rest({ method: 'POST', path: '/x' }, { token })).headers.get('ratelimit-remaining')).toBe('0');
    const beyond = await rest({ method: 'GET', path: '/x' }, { token });
    expect([beyond.status, beyond.json.error]).toEqual([429, 'rate_limited']);
    expect(upstream.received).toHaveLength(3);
  });

  it('lets a read come by `proxyRead` and `proxy`, and a write by `proxy` alone', async () => {
    expect((await proxyRead({ method: 'post', path: '/x' })).json.errors[0].message).toContain('Use `proxy`');
    expect((await proxyRead({ method: 'DELETE', path: '/x' })).json.errors[0].extensions.code).toBe('bad_request');
    expect(upstream.received).toEqual([]);
    expect((await proxy({ method: 'GET', path: '/x' })).json.data.it.ok).toBe(true);
    expect((await proxyRead({ path: '/x' })).json.data.it.ok).toBe(true);
  });

  it('sends a write with an idempotency key once, says so to the service, and refuses another one with the same key', async () => {
    const once = randomUUID();
    const body = { method: 'POST', path: '/x', query: { a: 1 }, body: { b: 1 } };
    const first = await rest(body, { headers: { 'idempotency-key': once } });
    const again = await rest({ ...body, headers: null }, { headers: { 'idempotency-key': once } });
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
    for (const other of [{ query: { a: 2 } }, { body: { b: 2 } }, { path: '/y' }, { method: 'PUT' }, { headers: { 'x-a': 'b' } }])
      expect((await rest({ ...body, ...other }, { headers: { 'idempotency-key': once } })).json.error).toBe('idempotency_mismatch');
    expect(upstream.received.map(({ headers }) => headers['x-once'])).toEqual([once]);
  });

  it('repeats a read that the service could not answer, and never a write', async () => {
    upstream.json('{}', 503);
    await rest({ method: 'GET', path: '/x' });
    const reads = upstream.received.length;
    expect(reads).toBeGreaterThan(1);
    await rest({ method: 'PUT', path: '/x' });
    expect(upstream.received).toHaveLength(reads + 1);
  });

  it('frees the idempotency key of a read whose process died, and keeps that of a write', async () => {
    const { gateway } = server;
    const ids = { GET: randomUUID(), POST: randomUUID() };
    for (const [method, once] of Object.entries(ids)) {
      await rest({ method, path: '/x' }, { headers: { 'idempotency-key': once } });
      await gateway.db
        .updateTable('idempotencyClaims')
        .set({ state: 'running', createdAt: new Date(0) })
        .where('key', '=', once)
        .execute();
    }
    await settleClaims(gateway);
    expect((await rest({ method: 'GET', path: '/x' }, { headers: { 'idempotency-key': ids.GET } })).status).toBe(200);
    expect((await rest({ method: 'POST', path: '/x' }, { headers: { 'idempotency-key': ids.POST } })).json.error).toBe('outcome_unknown');
  });
});

describe('the call log', () => {
  it('holds method and path, and nothing of query, headers and body but their names', async () => {
    const body = { method: 'PATCH', path: '/people/7', query: { q: 'planted' }, headers: { 'x-a': 'planted' }, body: { text: 'planted' } };
    await rest(body);
    await proxy(body);
    await rest({ method: 'GET', path: '/x?token=planted' });
    await rest({ method: 'planted', path: '/x' });
    const rows = await rowsOf();
    expect(rows.map(({ endpoint: name, path: place, parameterNames, outcome }) => [name, place, parameterNames, outcome])).toEqual([
      ['proxy:PATCH', '/people/7', ['query', 'headers', 'body'], 'succeeded'],
      ['proxy:PATCH', '/people/7', ['query', 'headers', 'body'], 'succeeded'],
      ['proxy:GET', null, [], 'refused'],
      ['proxy:OTHER', '/x', [], 'refused'],
    ]);
    expect(JSON.stringify(rows)).not.toContain('planted');
    expect(server.log.join('\n')).not.toContain('planted');
  });

  it('finds such calls by method, counts them together, and an execution shows its own', async () => {
    for (const place of ['/a', '/b']) await rest({ method: 'GET', path: place });
    const made = await proxy({ method: 'POST', path: '/c' });
    expect(made.json.data.it.call).toMatchObject({ endpoint: 'proxy:POST', path: '/c' });
    await rowsOf();
    const { json } = await server.graphql(
      `{ calls(endpoint: "proxy:GET") { totalCount nodes { endpoint path service { slug } } }
         callCounts(by: [ENDPOINT]) { endpoint calls } }`,
      {},
      bearer(),
    );
    expect(json.data.calls.totalCount).toBe(2);
    expect(json.data.calls.nodes).toEqual(
      ['/b', '/a'].map((place) => ({ endpoint: 'proxy:GET', path: place, service: { slug: 'parcel' } })),
    );
    expect(json.data.callCounts).toEqual([
      { endpoint: 'proxy:GET', calls: 2 },
      { endpoint: 'proxy:POST', calls: 1 },
    ]);
  });
});

it('MCP does not offer it', async () => {
  const token = await newKey(['*']);
  const { json } = await server.request('POST', '/mcp', { ...bearer(token), body: { jsonrpc: '2.0', id: 1, method: 'tools/list' } });
  expect(json.result.tools.map(({ name }: { name: string }) => name)).not.toContain('proxy');
  expect(json.result.tools.length).toBeGreaterThan(0);
});
