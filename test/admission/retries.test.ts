import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { baseUrls, writeRecipes } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { startTestServer, type TestAnswer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let upstream: Upstream;
let server: TestServer;

beforeAll(async () => {
  folder = await makeFolder();
  await writeRecipes(folder.folder);
  upstream = await Upstream.start();
  server = await startTestServer({ env: { SKILLETT_RECIPES: folder.folder, ...baseUrls(upstream.origin) } });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
  await folder.remove();
});
beforeEach(() => upstream.reset());

const call = (endpoint: string, headers: Record<string, string> = {}): Promise<TestAnswer> =>
  server.request('POST', `/v1/${endpoint}`, { body: {}, headers });

/** Breaks the connection the first times, then answers. */
function breakFirst(times: number): void {
  upstream.play = (_request, response) => (upstream.received.length <= times ? void response.destroy() : void response.end('{"ok":true}'));
}

const rowsSince = async (since: Date) =>
  server.gateway.db.selectFrom('skillCalls').select(['endpoint', 'outcome']).where('startedAt', '>=', since).execute();

it('a read whose connection breaks is made again, as one call with one row', async () => {
  const since = new Date();
  breakFirst(2);
  const { status, json } = await call('desk/list_things');
  expect([status, json]).toEqual([200, { status: 200, data: { ok: true } }]);
  expect(upstream.received).toHaveLength(3);
  await expect.poll(() => rowsSince(since)).toEqual([{ endpoint: 'list_things', outcome: 'succeeded' }]);
});

it('a write whose connection breaks is sent once, over both doors, with and without an idempotency key', async () => {
  breakFirst(1);
  const plain = await call('desk/create_thing');
  expect([plain.status, plain.json.error]).toEqual([502, 'upstream_unreachable']);
  expect(plain.json.message).toContain('look whether it took effect before repeating it');
  upstream.reset();
  breakFirst(1);
  const keyed = await call('desk/create_thing', { 'idempotency-key': 'broken' });
  expect([keyed.status, keyed.json.error]).toEqual([409, 'outcome_unknown']);
  expect(upstream.received).toHaveLength(1);
  // Desk has no idempotency header, so it is not told one.
  expect(upstream.received[0]?.headers['idempotency-key']).toBeUndefined();
  upstream.reset();
  breakFirst(1);
  const { json } = await server.graphql('mutation { execute(integration: "desk", endpoint: "create_thing") { status } }');
  expect(json.errors[0].extensions.code).toBe('upstream_unreachable');
  expect(upstream.received).toHaveLength(1);
});

it('a write is made again where the service takes an idempotency key itself, which is passed on unchanged', async () => {
  breakFirst(1);
  expect((await call('bank/create_thing', { 'idempotency-key': 'pay-1' })).status).toBe(200);
  expect(upstream.received.map(({ headers }) => headers['idempotency-key'])).toEqual(['pay-1', 'pay-1']);
  upstream.reset();
  breakFirst(1);
  const query = 'mutation { execute(integration: "bank", endpoint: "create_thing", idempotencyKey: "pay-2") { status } }';
  expect((await server.graphql(query)).json.data.execute).toEqual({ status: 200 });
  expect(upstream.received.map(({ headers }) => headers['idempotency-key'])).toEqual(['pay-2', 'pay-2']);
  // Without a key of the caller's there is nothing that would make a second one harmless.
  upstream.reset();
  breakFirst(1);
  expect((await call('bank/create_thing')).json.error).toBe('upstream_unreachable');
  expect(upstream.received.map(({ headers }) => headers['idempotency-key'])).toEqual([undefined]);
});

it('what a service asks to wait is waited for when it is short, and handed on at once when it is long', async () => {
  upstream.play = (_request, response) =>
    upstream.received.length === 1 ? void response.writeHead(429, { 'retry-after': '1' }).end('{}') : void response.end('{"ok":true}');
  let startedMs = performance.now();
  expect((await call('desk/list_things')).status).toBe(200);
  expect(performance.now() - startedMs).toBeGreaterThan(950);
  upstream.reset();
  upstream.answer(429, { 'retry-after': '43', 'content-type': 'application/json' }, '{"message":"slow down"}');
  startedMs = performance.now();
  const { status, json, headers } = await call('desk/list_things');
  expect(performance.now() - startedMs).toBeLessThan(500);
  expect([status, json, headers.get('retry-after')]).toEqual([429, { status: 429, error: { message: 'slow down' } }, '43']);
  expect(headers.get('x-skillett-error-source')).toBe('upstream');
  expect(upstream.received).toHaveLength(1);
});
