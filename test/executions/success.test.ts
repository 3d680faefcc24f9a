/** Services that answer failures with a status of success: what their recipes say about it, on every door and in every record. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { executionsTotal } from '../../src/core/metrics.ts';
import { openLink } from '../support/consent-link.ts';
import { makeFolder } from '../support/folder.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let upstream: Upstream;
let removeFolder: () => Promise<void>;

const endpoint = (more: object) => ({
  method: 'GET',
  path: '/things',
  description: 'Does it.',
  parameters: {},
  answer: 'It.',
  example: {},
  ...more,
});
const success = {
  when: 'ok == `true`',
  error: 'error',
  status: { no_thing: 404, calm_down: 429, broke: 503, token_gone: 401, '7': 409 },
};
const codes = {
  slug: 'codes',
  name: 'Codes',
  version: '1.0.0',
  description: 'Answers failures with 200.',
  category: 'test',
  documentation_url: 'https://codes.example/',
  base_url: 'https://codes.example',
  auth: [
    {
      type: 'oauth2',
      authorize_url: 'https://codes.example/authorize',
      token_url: 'https://codes.example/token',
      register: { url: 'https://codes.example/apps', how: 'Make an app.' },
      scopes: { all: { description: 'All.' } },
    },
    { type: 'bearer', how: 'Make one.' },
  ],
  verify: { path: '/me', account: { id: 'id', label: 'name' } },
  success,
  rate_limit: { retry_after: 'X-Wait' },
};
const endpoints = {
  list_things: endpoint({}),
  create_thing: endpoint({ method: 'POST' }),
  touch: endpoint({ method: 'POST', success: { when: 'state == `"done"`', error: 'reason.code', status: { busy: 423 } } }),
  fetch_text: endpoint({ path: '/text', success: { when: "type(@) == 'string'" } }),
  list_sorted: endpoint({ success: { when: 'sort_by(filler, &id) && ok' } }),
  list_odd: endpoint({ success: { when: "contains(error, 'x') == `false`" } }),
};

beforeAll(async () => {
  upstream = await Upstream.start();
  const { folder, remove } = await makeFolder();
  removeFolder = remove;
  await mkdir(path.join(folder, 'codes'));
  await writeFile(path.join(folder, 'codes', 'recipe.json'), JSON.stringify(codes));
  await writeFile(path.join(folder, 'codes', 'all.json'), JSON.stringify({ resource: 'all', description: 'All.', endpoints }));
  server = await startTestServer({
    env: {
      SKILLETT_RECIPES: folder,
      SKILLETT_CODES_BASE_URL: upstream.origin,
      SKILLETT_CODES_TOKEN_URL: `${upstream.origin}/token`,
      SKILLETT_CODES_CLIENT_ID: 'the-client',
      SKILLETT_CODES_CLIENT_SECRET: 'the-secret',
    },
  });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
  await removeFolder();
});
beforeEach(async () => {
  upstream.reset();
  server.gateway.clock.offsetMs = 0;
  await server.gateway.db.deleteFrom('connections').execute();
  upstream.json('{"ok":true,"id":"a","name":"ada"}');
  const connected = await server.request('POST', '/v1/connect', { body: { integration: 'codes', credentials: { token: 'good' } } });
  expect(connected.json).toMatchObject({ status: 'connected' });
  upstream.reset();
});

const call = (name: string, body: object = {}, headers: Record<string, string> = {}) =>
  server.request('POST', `/v1/codes/${name}`, { body, headers });

const mcp = async (tool: string, args: object) =>
  (
    await server.request('POST', '/mcp', {
      body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: { with: ['*'], budget: 0, ...args } } },
    })
  ).json.result;

async function lastRow() {
  for (let turn = 0; turn < 100; turn += 1) {
    const row = await server.gateway.db.selectFrom('skillCalls').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow();
    if (row.outcome !== 'started') return row;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The end of the call was not written.');
}

describe('a failure that came with 200', () => {
  const failure = '{ "ok": false, "error": "no_thing", "n": 12345678901234567890 }';

  it('is one by REST, with the status of its code and its bytes, beside a success', async () => {
    upstream.json(failure);
    const failed = await call('list_things');
    expect([failed.status, failed.text]).toEqual([404, `{"status":404,"error":${failure}}`]);
    expect(failed.headers.get('x-skillett-error-source')).toBe('upstream');
    expect(await lastRow()).toMatchObject({ outcome: 'upstream_failed', upstreamStatus: 200, errorCode: null });
    upstream.json('{ "ok": true, "n": 12345678901234567890 }');
    const good = await call('list_things');
    expect([good.status, good.text]).toEqual([200, '{"status":200,"data":{ "ok": true, "n": 12345678901234567890 }}']);
    expect(good.headers.get('x-skillett-error-source')).toBeNull();
    expect(await lastRow()).toMatchObject({ outcome: 'succeeded', upstreamStatus: 200 });
  });

  it('is one by GraphQL and MCP', async () => {
    upstream.json(failure);
    const query = '{ read(integration: "codes", endpoint: "list_things") { status ok data error } }';
    expect((await server.graphql(query)).text).toBe(`{"data":{"read":{"status":404,"ok":false,"data":null,"error":${failure}}}}`);
    const read = await mcp('read', { endpoint: 'codes.list_things' });
    expect([read.isError, read.content[0].text]).toEqual([true, `{"status":404,"error":${failure}}`]);
    upstream.json('{"ok":true}');
    expect((await server.graphql(query)).json.data.read).toEqual({ status: 200, ok: true, data: { ok: true }, error: null });
    expect((await mcp('read', { endpoint: 'codes.list_things' })).isError).not.toBe(true);
  });

  it('is counted among the failures', async () => {
    upstream.json(failure);
    await call('list_things');
    await lastRow();
    const answer = await server.graphql('{ calls(first: 1) { nodes { outcome upstreamStatus } } }');
    expect(answer.json.data.calls.nodes[0].outcome).toMatch(/^upstream_failed$/i);
    const { values } = await executionsTotal.get();
    const counted = (outcome: string) => values.find(({ labels }) => labels.integration === 'codes' && labels.outcome === outcome)?.value;
    expect(counted('upstream_failed')).toBeGreaterThan(0);
  });

  it.each([
    ['a code that the recipe does not know', '{"ok":false,"error":"else"}', 422],
    ['a code as a number', '{"ok":false,"error":7}', 409],
    ['no code', '{"ok":false}', 422],
    ['a code that is an object', '{"ok":false,"error":{"a":1}}', 422],
    ['the name of something that every object has', '{"ok":false,"error":"constructor"}', 422],
    ['a text for the truth', '{"ok":"false"}', 422],
    ['a list', '[]', 422],
    ['null', 'null', 422],
  ])('with %s has its status', async (_what, body, status) => {
    upstream.json(body);
    const { text, status: seen } = await call('list_things');
    expect([seen, text]).toEqual([status, `{"status":${status},"error":${body}}`]);
  });

  it.each([
    ['text/html', '<p>busy', '"<p>busy"'],
    ['text/plain', '{"ok":true}', '"{\\"ok\\":true}"'],
    ['application/json', '', 'null'],
    ['application/json', '<html>', '"<html>"'],
    ['application/json', '{"ok":true},"x":{}', undefined],
    ['image/png', 'x', '{"content_type":"image/png","base64":"eA=="}'],
  ])('is what is not JSON: %s %s', async (type, body, error) => {
    upstream.answer(200, { 'content-type': type }, body);
    const failed = await call('list_things');
    expect(failed.status).toBe(422);
    if (error !== undefined) expect(failed.text).toBe(`{"status":422,"error":${error}}`);
  });

  it('is not looked for where there is no body, and where the status is one of failure', async () => {
    upstream.answer(204, {});
    expect((await call('list_things')).text).toBe('{"status":204,"data":null}');
    upstream.json('{"ok":true}', 400);
    expect((await call('list_things')).text).toBe('{"status":400,"error":{"ok":true}}');
    upstream.answer(302, { location: 'https://codes.example/x' });
    expect((await call('list_things')).json).toEqual({ status: 302, data: { location: 'https://codes.example/x' } });
  });

  it('is not looked for in the raw form', async () => {
    upstream.json(failure);
    const raw = await call('list_things', {}, { accept: 'application/octet-stream' });
    expect([raw.status, raw.text, raw.headers.get('x-skillett-error-source')]).toEqual([200, failure, null]);
    expect(await lastRow()).toMatchObject({ outcome: 'succeeded' });
  });

  it('is whole although `select` was given, which cuts a success only', async () => {
    upstream.json(failure);
    expect((await call('list_things', { select: 'n' })).text).toBe(`{"status":404,"error":${failure}}`);
    upstream.json('{"ok":true,"n":1}');
    expect((await call('list_things', { select: 'n' })).text).toBe('{"status":200,"data":1}');
  });

  it('is told from a success where both are long, beside the loop that serves everybody', async () => {
    const filler = JSON.stringify(Array.from({ length: 100_000 }, (_, at) => ({ id: at % 977, name: `thing ${at}` })));
    const long = `{"ok":false,"error":"no_thing","filler":${filler}}`;
    upstream.json(long);
    const before = { process: process.cpuUsage(), loop: process.threadCpuUsage() };
    const failed = await call('list_sorted');
    const spent = { process: process.cpuUsage(before.process), loop: process.threadCpuUsage(before.loop) };
    expect([failed.status, failed.text === `{"status":404,"error":${long}}`]).toEqual([404, true]);
    // In microseconds: sorting takes longer than all else together, client and service included.
    expect(spent.loop.user).toBeLessThan(spent.process.user / 2);
    upstream.json(`{"ok":true,"filler":${filler}}`);
    const good = await call('list_sorted');
    expect([good.status, good.text.startsWith('{"status":200,"data":{"ok":true,')]).toEqual([200, true]);
    const larger = `"${'x'.repeat(20 * 1024 * 1024)}"`;
    upstream.json(`{"ok":false,"error":"no_thing","filler":${larger}}`);
    expect((await call('list_things')).text).toBe(`{"status":404,"error":{"ok":false,"error":"no_thing","filler":${larger}}}`);
  });

  it('comes again by its idempotency key as the failure that it was', async () => {
    upstream.json(failure);
    for (const replayed of [null, 'true']) {
      const { status, text, headers } = await call('create_thing', {}, { 'idempotency-key': 'k-1' });
      expect([status, text, headers.get('idempotent-replayed')]).toEqual([404, `{"status":404,"error":${failure}}`, replayed]);
    }
    const query = 'mutation { execute(integration: "codes", endpoint: "create_thing", idempotencyKey: "k-1") { ok status replayed } }';
    expect((await server.graphql(query)).json.data.execute).toEqual({ ok: false, status: 404, replayed: true });
    expect(upstream.received).toHaveLength(1);
    const filler = 'x'.repeat(1024 * 1024);
    upstream.json(`{"ok":false,"error":"no_thing","filler":"${filler}"}`);
    expect((await call('create_thing', {}, { 'idempotency-key': 'k-2' })).status).toBe(404);
    const { status, json } = await call('create_thing', {}, { 'idempotency-key': 'k-2' });
    expect([status, json.error]).toEqual([404, expect.stringContaining('longer than 1 MiB')]);
  });

  it('is what the endpoint says it is, where that differs', async () => {
    upstream.json('{"ok":false,"state":"done"}');
    expect((await call('touch')).status).toBe(200);
    upstream.json('{"ok":true,"reason":{"code":"busy"}}');
    expect((await call('touch')).status).toBe(423);
    upstream.json('{"reason":{"code":"no_thing"}}');
    expect((await call('touch')).status).toBe(404);
    upstream.answer(200, { 'content-type': 'text/plain' }, 'hello');
    expect((await call('fetch_text')).text).toBe('{"status":200,"data":"hello"}');
  });

  it('is what an expression cannot take', async () => {
    upstream.json('{"error":5}');
    expect((await call('list_odd')).status).toBe(422);
    upstream.json('{"error":"fine"}');
    expect((await call('list_odd')).status).toBe(200);
  });
});

describe('a failure that means a limit or a fault of the service', () => {
  const failThen = (body: string, headers: Record<string, string> = {}) => {
    upstream.play = (_request, response) =>
      upstream.received.length === 1
        ? void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body)
        : void response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  };

  it.each(['calm_down', 'broke'])('is tried again for a read, and not for a write: %s', async (error) => {
    failThen(JSON.stringify({ ok: false, error }));
    expect((await call('list_things')).status).toBe(200);
    expect(upstream.received).toHaveLength(2);
    upstream.received.length = 0;
    expect((await call('create_thing')).status).toBe(success.status[error as 'broke']);
    expect(upstream.received).toHaveLength(1);
  });

  it('tells how long to wait', async () => {
    upstream.answer(200, { 'content-type': 'application/json', 'x-wait': '43' }, '{"ok":false,"error":"calm_down"}');
    const { status, headers } = await call('list_things');
    expect([status, headers.get('retry-after'), upstream.received.length]).toEqual([429, '43', 1]);
  });
});

describe('a failure that means a refused credential', () => {
  const refused = '{"ok":false,"error":"token_gone"}';

  async function consent(): Promise<string> {
    await server.gateway.db.deleteFrom('connections').execute();
    const started = await server.request('POST', '/v1/connect', { body: { integration: 'codes' } });
    const { comeBack } = await openLink(server, started.json.oauth_url);
    expect((await comeBack({ code: 'c' })).status).toBe(200);
    upstream.received.length = 0;
    return started.json.connection_id;
  }

  let taken: string;
  let tokens: number;
  let tokenError: string | undefined;
  function playProvider(): void {
    taken = 'at-1';
    tokens = 0;
    tokenError = undefined;
    upstream.play = ({ target, headers }, response) => {
      const answer = (body: object, status = 200) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (target === '/token') {
        tokens += 1;
        if (tokenError) return answer({ error: tokenError }, 400);
        return answer({ access_token: `at-${tokens}`, refresh_token: `rt-${tokens}`, expires_in: 43_200 });
      }
      if (headers.authorization !== `Bearer ${taken}`) return answer(JSON.parse(refused));
      return answer({ ok: true, id: 'a', name: 'ada' });
    };
  }
  const rowOf = (id: string) => server.gateway.db.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  test.each(['list_things', 'create_thing'])('is renewed before the announced time and made once more: %s', async (name) => {
    playProvider();
    const id = await consent();
    taken = 'at-2';
    expect((await call(name)).text).toBe('{"status":200,"data":{"ok":true,"id":"a","name":"ada"}}');
    expect(upstream.received.map(({ target, headers }) => [target, headers.authorization])).toEqual([
      ['/things', 'Bearer at-1'],
      ['/token', undefined],
      ['/things', 'Bearer at-2'],
    ]);
    expect(await rowOf(id)).toMatchObject({ status: 'connected', credentialVersion: 2 });
    expect(await lastRow()).toMatchObject({ outcome: 'succeeded' });
  });

  test.each(['list_things', 'create_thing'])(
    'that the newer one is too ends as token_expired, and the connection with it: %s',
    async (name) => {
      playProvider();
      const id = await consent();
      taken = 'none';
      const ended = await call(name, {}, { 'idempotency-key': name });
      expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
      expect(upstream.received.map(({ target }) => target)).toEqual(['/things', '/token', '/things']);
      expect(await rowOf(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'token_gone' });
      expect(await lastRow()).toMatchObject({ outcome: 'refused', errorCode: 'token_expired' });
      expect((await call(name)).json.error).toBe('token_expired');
      expect(upstream.received).toHaveLength(3);
      // Nothing was done, so the idempotency key can be used again.
      taken = 'at-3';
      await consent();
      taken = `at-${tokens}`;
      expect((await call(name, {}, { 'idempotency-key': name })).status).toBe(200);
    },
  );

  it('that cannot be renewed, since the grant is gone, ends the connection', async () => {
    playProvider();
    const id = await consent();
    taken = 'none';
    tokenError = 'invalid_grant';
    expect((await call('list_things')).json.error).toBe('token_expired');
    expect(await rowOf(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'invalid_grant' });
  });

  it('of a pasted token ends the connection, while a status of 401 is passed on', async () => {
    upstream.json('{"message":"no"}', 401);
    expect((await call('list_things')).text).toBe('{"status":401,"error":{"message":"no"}}');
    upstream.json(refused);
    const ended = await call('create_thing');
    expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
    const rows = await server.gateway.db.selectFrom('connections').select(['id', 'status', 'statusReason']).execute();
    const id = rows[0]?.id;
    expect(rows).toEqual([{ id, status: 'reconnect_needed', statusReason: 'token_gone' }]);
    const audit = await server.gateway.db.selectFrom('auditRows').selectAll().where('action', '=', 'connection.reconnect_needed').execute();
    expect(audit).toContainEqual(
      expect.objectContaining({ actor: 'system', target: id, details: { integration: 'codes', account: 'ada', reason: 'token_gone' } }),
    );
  });

  it('refuses to connect, unless the service is at fault', async () => {
    const connect = async (body: string) => {
      upstream.json(body);
      const { status, json } = await server.request('POST', '/v1/connect', { body: { integration: 'codes', credentials: { token: 'x' } } });
      return [status, json.error];
    };
    expect(await connect(refused)).toEqual([400, 'credential_rejected']);
    expect(await connect('{"ok":false,"error":"broke"}')).toEqual([502, 'upstream_unreachable']);
    expect(await connect('{"ok":true,"id":"b","name":"bob"}')).toEqual([200, undefined]);
  });
});
