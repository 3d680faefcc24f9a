import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { addKey, addUser } from '../admission/people.ts';
import { callTool, type Post, rpc, toolNames } from '../mcp/stand.ts';
import { roomInMinute } from '../support/minute.ts';
import { tally } from '../support/tally.ts';
import { Installation } from './installation.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.start();
});
afterAll(() => installation.close());
beforeEach(() => {
  installation.upstream.reset();
  installation.upstream.json('{"things":[]}');
});

/** To one of the processes. */
const at =
  (process: number): Post =>
  async (body, { authorization, headers }) => {
    const answer = await installation.request(process % 2, (authorization ?? '').slice('Bearer '.length), 'POST', '/mcp', body, headers);
    return { ...answer, text: JSON.stringify(answer.json) };
  };

const target = (q: string) => ({ endpoint: 'desk.list_things', params: { q } });

it('of 100 concurrent calls by MCP, REST and GraphQL to two processes a limit of 30 lets exactly 30 through', async () => {
  const key = await installation.newKey({ plan: 'free' });
  await roomInMinute(8_000);
  const outcome = async (turn: number): Promise<string> => {
    const q = `${turn}`;
    if (turn % 4 === 0) {
      const { status, json } = await installation.call((turn / 4) % 2, key, 'list_things', { q });
      return status === 200 ? '200' : json.error;
    }
    if (turn % 4 === 1) {
      const query = `{ read(integration: "desk", endpoint: "list_things", params: { q: "${q}" }) { status } }`;
      const { json } = await installation.graphql(((turn - 1) / 4) % 2, key, query);
      return json.errors ? json.errors[0].extensions.code : '200';
    }
    const { status, headers, json, failed } = await callTool(at(turn % 4), key, 'read', target(q));
    expect([status, headers.get('ratelimit-limit')]).toEqual([200, '30']);
    if (!failed) return `${json.status}`;
    expect(json.message).toBe(`Rate limit reached (30 requests per minute). Retry in ${headers.get('retry-after')} s.`);
    return json.error;
  };
  const outcomes = await Promise.all(Array.from({ length: 100 }, (_, turn) => outcome(turn)));
  expect(tally(outcomes)).toEqual({ 200: 30, rate_limited: 70 });
  expect(installation.upstream.received).toHaveLength(30);
  const { doors } = await installation.database.db
    .selectFrom('skillCalls')
    .select(sql<string[]>`array_agg(distinct door order by door)`.as('doors'))
    .where('keyId', '=', key)
    .executeTakeFirstOrThrow();
  expect(doors).toEqual(['graphql', 'mcp', 'rest']);
});

it('other requests than calls have 600 a minute over both processes, and calls are counted apart', async () => {
  const key = await installation.newKey();
  await roomInMinute(8_000);
  await sql`
    insert into minute_counters (holder_id, minute, requests, last_used_at) values (${key}, date_trunc('minute', now(), 'UTC'), 590, now())
    on conflict (holder_id) do update set minute = excluded.minute, requests = excluded.requests`.execute(installation.database.db);
  const calls = await Promise.all(Array.from({ length: 20 }, (_, turn) => callTool(at(turn), key, 'read', target(`${turn}`))));
  expect(tally(calls.map(({ json }) => json.status))).toEqual({ 200: 20 });
  const methods = ['ping', 'tools/list', 'nothing'];
  const answers = await Promise.all(Array.from({ length: 30 }, (_, turn) => rpc(at(turn), key, methods[turn % 3] as string)));
  expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 10, 429: 20 });
  const refused = answers.find(({ status }) => status === 429);
  const seconds = refused?.headers.get('retry-after');
  expect(refused?.json.message).toBe(`Rate limit reached (600 requests per minute). Retry in ${seconds} s.`);
  const looked = await callTool(at(0), key, 'find');
  expect([looked.status, looked.failed, looked.json.error]).toEqual([200, true, 'rate_limited']);
  expect((await callTool(at(1), key, 'read', target('x'))).failed).toBe(false);
});

it('a batch of calls is refused whole', async () => {
  const key = await installation.newKey({ plan: 'free' });
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: target('x') } };
  const refused = await at(0)([message, { ...message, id: 2 }], { authorization: `Bearer ${key}` });
  expect([refused.status, refused.json.error]).toEqual([400, 'bad_request']);
  expect(installation.upstream.received).toEqual([]);
  expect((await at(0)(message, { authorization: `Bearer ${key}` })).status).toBe(200);
});

it('a key that is revoked at one process is refused on the next request at the other, and another key of the user goes on', async () => {
  const user = await addUser(installation.database);
  const [key, other] = [
    (await addKey(installation.database, user, { scopes: ['desk'] })).id,
    (await addKey(installation.database, user)).id,
  ];
  expect(await toolNames(at(1), key)).toContain('desk_list_things');
  expect((await callTool(at(1), key, 'desk_list_things')).failed).toBe(false);
  await installation.revokeKey(0, other, key);
  for (const refused of [
    await rpc(at(1), key, 'tools/call', { name: 'desk_list_things' }),
    await rpc(at(1), key, 'tools/list'),
    await rpc(at(1), key, 'ping'),
  ])
    expect([refused.status, refused.json.error]).toEqual([401, 'api_key_revoked']);
  expect(installation.upstream.received).toHaveLength(1);
  expect((await callTool(at(1), other, 'read', target('x'))).failed).toBe(false);
});
