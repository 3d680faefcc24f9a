import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { networkOf } from '../../src/domains/limits/guard.ts';
import { type Browser, browserEnv } from '../people/browser.ts';
import { signedIn } from '../people/person.ts';
import { baseUrls, writeRecipes } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { roomInMinute } from '../support/minute.ts';
import { startTestServer, type TestAnswer, type TestServer } from '../support/server.ts';
import { tally } from '../support/tally.ts';
import { Upstream } from '../support/upstream.ts';
import { addKey, addUser } from './people.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let upstream: Upstream;
let server: TestServer;

beforeAll(async () => {
  folder = await makeFolder();
  await writeRecipes(folder.folder);
  upstream = await Upstream.start();
  server = await startTestServer({ env: { ...browserEnv, SKILLETT_RECIPES: folder.folder, ...baseUrls(upstream.origin) } });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
  await folder.remove();
});

const as = (key: string) => ({ authorization: `Bearer ${key}` });
const read = '{ read(integration: "desk", endpoint: "list_things") { status } }';

async function newKey(limits: Record<string, number | null> = {}): Promise<string> {
  return (await addKey(server.gateway.database, await addUser(server.gateway.database, { limits }))).id;
}

/** As if the holder had made so many requests in this minute. */
async function pretendRequests(holderId: string, requests: number): Promise<void> {
  const { sqlNow } = server.gateway.clock;
  await sql`
    insert into minute_counters (holder_id, minute, requests, last_used_at)
    values (${holderId}, date_trunc('minute', ${sqlNow}, 'UTC'), ${requests}, ${sqlNow})
    on conflict (holder_id) do update set minute = excluded.minute, requests = excluded.requests`.execute(server.gateway.db);
}

it('a key has exactly 600 requests a minute that are no executions, over both doors, and its executions are counted apart', async () => {
  const key = await newKey();
  await roomInMinute(8_000, server.gateway.clock);
  await pretendRequests(key, 590);
  const ask = (at: number): Promise<TestAnswer> =>
    at % 2 === 0
      ? server.request('GET', '/v1/skills', as(key))
      : server.graphql('{ viewer { plan { name } } connections { totalCount } }', {}, as(key));
  const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => ask(at)));
  expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 10, 429: 20 });
  for (const { headers, json } of answers.filter(({ status }) => status === 429)) {
    const { error, message, action_url } = json.error ? json : toRest(json);
    const seconds = headers.get('retry-after');
    expect(Number(seconds)).toBeGreaterThan(0);
    expect([error, message, action_url]).toEqual([
      'rate_limited',
      `Rate limit reached (600 requests per minute). Retry in ${seconds} s.`,
      `${browserEnv.PUBLIC_URL}/billing`,
    ]);
  }
  const call = () => server.request('POST', '/v1/desk/list_things', { ...as(key), body: {} });
  expect((await call()).headers.get('ratelimit-remaining')).toBe('2999');
  expect((await server.graphql(read, {}, as(key))).headers.get('ratelimit-remaining')).toBe('2998');
  expect((await ask(0)).status).toBe(429);
  expect((await server.request('GET', '/v1/skills', as(await newKey()))).status).toBe(200);
});

function toRest(json: { errors: { message: string; extensions: { code: string; actionUrl: string } }[] }) {
  const { message, extensions } = json.errors[0] as (typeof json.errors)[0];
  return { error: extensions.code, message, action_url: extensions.actionUrl };
}

it('replays are requests but no executions', async () => {
  const key = await newKey({ perMinute: 2 });
  await roomInMinute(8_000, server.gateway.clock);
  const call = () => server.request('POST', '/v1/desk/create_thing', { ...as(key), body: {}, headers: { 'idempotency-key': 'again' } });
  expect((await call()).headers.get('ratelimit-remaining')).toBe('1');
  for (let count = 0; count < 5; count += 1) {
    const { status, headers } = await call();
    expect([status, headers.get('idempotent-replayed'), headers.get('ratelimit-remaining')]).toEqual([200, 'true', '1']);
  }
  expect((await server.request('POST', '/v1/desk/list_things', { ...as(key), body: {} })).headers.get('ratelimit-remaining')).toBe('0');
  // Also with the minute used up.
  expect((await call()).status).toBe(200);
  await pretendRequests(key, 600);
  const refused = await call();
  expect([refused.status, refused.json.message]).toEqual([
    429,
    `Rate limit reached (600 requests per minute). Retry in ${refused.headers.get('retry-after')} s.`,
  ]);
});

it('a session counts as one key: with a minute of its own, and a day together with the keys of its user', async () => {
  const userId = await addUser(server.gateway.database, { limits: { perMinute: 2, perDay: 5 } });
  const key = (await addKey(server.gateway.database, userId)).id;
  const browsers = [await signedIn(server, userId), await signedIn(server, userId)] as const;
  await roomInMinute(8_000, server.gateway.clock);
  const outcomes = async (browser: Browser): Promise<string[]> => {
    const { json } = await browser.graphql(
      `mutation { ${[0, 1, 2].map((at) => `a${at}: ${read.slice(1, -1)}`).join(' ')} }`.replace(/read\(/g, 'execute('),
    );
    return [0, 1, 2].map(
      (at) => json.data[`a${at}`]?.status ?? json.errors.find(({ path }: { path: string[] }) => path[0] === `a${at}`).extensions.code,
    );
  };
  expect(await outcomes(browsers[0])).toEqual([200, 200, 'rate_limited']);
  expect((await server.request('POST', '/v1/desk/list_things', { ...as(key), body: {} })).headers.get('ratelimit-remaining')).toBe('1');
  expect(await outcomes(browsers[1])).toEqual([200, 200, 'rate_limited']);
  const last = await server.request('POST', '/v1/desk/list_things', { ...as(key), body: {} });
  expect([last.status, last.json.error]).toEqual([429, 'daily_limit_reached']);
});

it('usage begins anew with each UTC minute and day', async () => {
  const { gateway } = server;
  const key = await newKey({ perMinute: 3, perDay: 4 });
  const call = async () => (await server.request('POST', '/v1/desk/list_things', { ...as(key), body: {} })).json.error ?? 'ok';
  const usage = async () => {
    const { json } = await server.graphql('{ viewer { plan { usage { minute { used resetsAt } day { used resetsAt } } } } }', {}, as(key));
    return json.data.viewer.plan.usage;
  };
  const day = async () =>
    (await server.graphql('{ callCounts(by: [DAY]) { day calls } }', {}, as(key))).json.data.callCounts.map(
      (count: { day: string; calls: number }) => [count.day, count.calls],
    );
  const dayMs = 86_400_000;
  const midnightMs = Math.ceil((Date.now() + 5 * dayMs) / dayMs) * dayMs;
  const goTo = (ms: number) => {
    gateway.clock.offsetMs = ms - Date.now();
  };
  try {
    goTo(midnightMs - 100_000);
    for (const expected of ['ok', 'ok', 'ok', 'rate_limited']) expect(await call()).toBe(expected);
    goTo(midnightMs - 30_000);
    for (const expected of ['ok', 'daily_limit_reached']) expect(await call()).toBe(expected);
    expect(await usage()).toEqual({
      minute: { used: 2, resetsAt: new Date(midnightMs).toISOString() },
      day: { used: 4, resetsAt: new Date(midnightMs).toISOString() },
    });
    goTo(midnightMs + 1_000);
    expect(await usage()).toEqual({
      minute: { used: 0, resetsAt: new Date(midnightMs + 60_000).toISOString() },
      day: { used: 0, resetsAt: new Date(midnightMs + dayMs).toISOString() },
    });
    expect(await call()).toBe('ok');
    expect(await usage()).toMatchObject({ minute: { used: 1 }, day: { used: 1 } });
    const name = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    expect(await day()).toEqual([
      [name(midnightMs - 1), 6],
      [name(midnightMs), 1],
    ]);
  } finally {
    gateway.clock.offsetMs = 0;
  }
});

it.each([
  ['createApiKey', 'POST', '/api-keys', { name: 'Guarded' }, 201],
  ['startConnection', 'POST', '/v1/connect', { integration: 'safe' }, 200],
] as const)('%s is guarded by user and by address, through REST too', async (field, method, target, body, passed) => {
  const pretendHits = (identity: string, hits: number) =>
    sql`
      insert into guarded_hits (identity, hits, granted, expires_at)
      values (${`${field}/${identity}`}, array_fill(extract(epoch from now())::float8, array[${hits}::int]), true, now() + interval '1 minute')
      on conflict (identity) do update set hits = excluded.hits`.execute(server.gateway.db);
  const user = async () => {
    const userId = await addUser(server.gateway.database);
    return { userId, key: (await addKey(server.gateway.database, userId)).id };
  };
  const statuses = async (key: string, address: string) => {
    const answers = [];
    for (let count = 0; count < 2; count += 1)
      answers.push(await server.request(method, target, { ...as(key), body, headers: { 'x-forwarded-for': address } }));
    return answers.map(({ status, json }) => (status === 429 ? json.error : status));
  };
  const [first, second] = [await user(), await user()];
  await pretendHits(`user/${first.userId}`, 59);
  expect(await statuses(first.key, '203.0.113.8')).toEqual([passed, 'rate_limited']);
  await pretendHits(`address/${networkOf('203.0.113.9')}`, 299);
  expect(await statuses(second.key, '203.0.113.9')).toEqual([passed, 'rate_limited']);
  expect(await statuses(second.key, '203.0.113.10')).toEqual([passed, passed]);
});
