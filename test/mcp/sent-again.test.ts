/** A message that comes again, because the connection broke before its answer arrived: the same execution, and it says so. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bearer, hello, type Stand, startStand } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.close());
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.json('{"id":1}', 201);
});

interface Told {
  texts: string[];
  failed: boolean;
  replayed: boolean;
}

async function execute(
  key: string,
  id: string | number,
  args: object = {},
  headers: Record<string, string> = {},
  name = 'execute',
): Promise<Told> {
  const given = name === 'execute' ? { endpoint: 'desk.create_thing', params: { title: 'x' }, ...args } : args;
  const message = { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: given } };
  const answer = await stand.post(message, { ...bearer(key), headers });
  const { content, isError } = answer.json.result;
  return {
    texts: content.map(({ text }: { text: string }) => text),
    failed: isError === true,
    replayed: answer.headers.get('idempotent-replayed') === 'true',
  };
}

it('a write with the same id and arguments is done once, and the second answer says that it is the first', async () => {
  const key = await stand.newKey();
  const first = await execute(key, 3);
  expect([first.texts.length, first.failed, first.replayed, stand.sent()]).toEqual([1, false, false, 1]);
  const again = await execute(key, 3);
  expect([again.texts[0], again.replayed, stand.sent()]).toEqual([first.texts[0], true, 1]);
  expect(again.texts[1]).toContain('nothing was sent to the service now');
  expect(again.texts[1]).toContain('`idempotency_key`');
  const rows = await stand.server.gateway.db
    .selectFrom('skillCalls')
    .select(['outcome', 'idempotencyKey'])
    .where('keyId', '=', key)
    .orderBy('id')
    .execute();
  expect(rows.map(({ outcome }) => outcome).at(-1)).toBe('replayed');
  expect(rows.map(({ idempotencyKey }) => idempotencyKey)).toEqual([null, null]);
});

it('another id, type of id, argument, session or key makes another call, and so does an idempotency key', async () => {
  const key = await stand.newKey();
  await execute(key, 3);
  const others: [string, string | number, object, Record<string, string>][] = [
    [key, 4, {}, {}],
    [key, '3', {}, {}],
    [key, 3, { params: { title: 'y' } }, {}],
    [key, 3, {}, { 'mcp-session-id': 'another' }],
    [await stand.newKey(), 3, {}, {}],
    [key, 3, { idempotency_key: 'mine' }, {}],
  ];
  for (const [at, [who, id, args, headers]] of others.entries()) {
    expect((await execute(who, id, args, headers)).replayed, String(at)).toBe(false);
    expect(stand.sent()).toBe(at + 2);
  }
});

it('each session that begins gets an id of its own, which no request needs', async () => {
  const key = await stand.newKey();
  const begin = async () =>
    (await stand.post({ jsonrpc: '2.0', id: 0, method: 'initialize', params: hello }, bearer(key))).headers.get('mcp-session-id');
  const [one, other] = [await begin(), await begin()];
  expect(one).toMatch(/^[\x21-\x7e]{16,}$/);
  expect(other).not.toBe(one);
  await execute(key, 1, {}, { 'mcp-session-id': one as string });
  expect((await execute(key, 1, {}, { 'mcp-session-id': one as string })).replayed).toBe(true);
  expect((await execute(key, 1, {}, { 'mcp-session-id': other as string })).replayed).toBe(false);
});

it('it holds for ten minutes, for the tool of an endpoint too, and never for a read', async () => {
  const key = await stand.newKey(['desk']);
  const { clock } = stand.server.gateway;
  const before = clock.offsetMs;
  await execute(key, 5, { title: 'x' }, {}, 'desk_create_thing');
  clock.offsetMs = before + 9 * 60_000;
  expect((await execute(key, 5, { title: 'x' }, {}, 'desk_create_thing')).replayed).toBe(true);
  clock.offsetMs = before + 11 * 60_000;
  expect((await execute(key, 5, { title: 'x' }, {}, 'desk_create_thing')).replayed).toBe(false);
  clock.offsetMs = before;
  expect(stand.sent()).toBe(2);
  for (const count of [3, 4]) {
    expect((await execute(key, 6, {}, {}, 'desk_list_things')).replayed).toBe(false);
    expect(stand.sent()).toBe(count);
  }
});

it('one whose answer was lost is not sent again, and one that the gateway refused may be', async () => {
  const key = await stand.newKey();
  stand.upstream.play = (_request, response) => void response.destroy();
  expect(JSON.parse((await execute(key, 7)).texts[0] as string).error).toBe('upstream_unreachable');
  const again = JSON.parse((await execute(key, 7)).texts[0] as string);
  expect([again.error, stand.sent()]).toEqual(['outcome_unknown', 1]);
  expect(again.message).toContain('The first call with the same request id and arguments');
  expect((await execute(key, 8, { params: { titel: 'x' } })).failed).toBe(true);
  stand.upstream.json('{"id":1}', 201);
  expect((await execute(key, 8)).replayed).toBe(false);
});

it('the service never gets to see what the message is known by', async () => {
  const key = await stand.newKey();
  const write = { endpoint: 'bank.create_thing', params: { title: 'x' } };
  await execute(key, 9, write);
  await execute(key, 10, { ...write, idempotency_key: 'mine' });
  expect(stand.upstream.received.map(({ headers }) => headers['idempotency-key'])).toEqual([undefined, 'mine']);
});
