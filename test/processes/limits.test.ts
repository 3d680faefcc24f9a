import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { addUser } from '../admission/people.ts';
import { roomInMinute } from '../support/minute.ts';
import { tally } from '../support/tally.ts';
import { type Answer, Installation } from './installation.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.start();
});
afterAll(() => installation.close());
beforeEach(() => installation.upstream.reset());

const upstreamCalls = () => installation.upstream.received.length;

async function outcomesOf(key: string): Promise<string[]> {
  const rows = await installation.database.db.selectFrom('skillCalls').select(['outcome', 'errorCode']).where('keyId', '=', key).execute();
  return rows.map(({ outcome, errorCode }) => errorCode ?? outcome);
}

it('of 100 concurrent calls to two processes a limit of 30 lets exactly 30 through', async () => {
  const key = await installation.newKey({ plan: 'free' });
  await roomInMinute(8_000);
  const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => installation.call(at % 2, key, 'list_things', { q: `${at}` })));
  expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 30, 429: 70 });
  expect(upstreamCalls()).toBe(30);

  const passed = answers.filter(({ status }) => status === 200);
  const left = passed.map(({ headers }) => Number(headers.get('ratelimit-remaining'))).sort((a, b) => a - b);
  expect(left).toEqual(Array.from({ length: 30 }, (_, at) => at));
  for (const { headers } of answers) {
    expect(headers.get('ratelimit-limit')).toBe('30');
    expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(0);
    expect(Number(headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60);
  }
  for (const { headers, json } of answers.filter(({ status }) => status === 429)) {
    const seconds = headers.get('ratelimit-reset');
    expect(json).toEqual({
      error: 'rate_limited',
      message: `Rate limit reached (30 requests per minute). Retry in ${seconds} s.`,
      action_url: 'https://gateway.example/billing',
    });
    expect(headers.get('retry-after')).toBe(seconds);
    expect(headers.get('ratelimit-remaining')).toBe('0');
    expect(headers.get('x-skillett-error-source')).toBe('skillett');
  }
  await expect.poll(async () => tally(await outcomesOf(key))).toEqual({ succeeded: 30, rate_limited: 70 });
});

const alias = (at: number, field: string, endpoint: string) =>
  `a${at}: ${field}(integration: "desk", endpoint: "${endpoint}", params: { ${field === 'read' ? 'q' : 'title'}: "${at}" }) { status }`;
const document = (kind: 'query' | 'mutation', from: number, count: number) =>
  `${kind} { ${Array.from({ length: count }, (_, at) =>
    kind === 'query' ? alias(from + at, 'read', 'list_things') : alias(from + at, 'execute', 'create_thing'),
  ).join(' ')} }`;

/** What each alias came to: `200`, or the code of its error. */
function aliasOutcomes({ json }: Answer): string[] {
  const codes = (json.errors ?? []).map((error: { extensions: { code: string } }) => error.extensions.code);
  return [
    ...Object.values<{ status: number } | null>(json.data)
      .filter((one) => one !== null)
      .map(({ status }) => String(status)),
    ...codes,
  ];
}

it('aliases and mutations of GraphQL and calls over REST share one limit, over both processes', async () => {
  const key = await installation.newKey({ plan: 'free' });
  await roomInMinute(8_000);
  const answers = await Promise.all([
    ...Array.from({ length: 40 }, async (_, at) => {
      const { status, json } = await installation.call(at % 2, key, 'list_things', { q: `r${at}` });
      return [status === 200 ? '200' : (json.error as string)];
    }),
    ...[0, 1, 2, 3].map(async (at) => aliasOutcomes(await installation.graphql(at % 2, key, document('query', at * 10, 10)))),
    ...[0, 1].map(async (at) => aliasOutcomes(await installation.graphql(at % 2, key, document('mutation', 100 + at * 10, 10)))),
  ]);
  expect(tally(answers.flat())).toEqual({ 200: 30, rate_limited: 70 });
  expect(upstreamCalls()).toBe(30);
  await expect.poll(async () => tally(await outcomesOf(key))).toEqual({ succeeded: 30, rate_limited: 70 });
});

it('identical reads of one GraphQL request count once, and a batch of operations is refused whole', async () => {
  const key = await installation.newKey({ plan: 'free' });
  await roomInMinute(5_000);
  const read = 'read(integration: "desk", endpoint: "list_things", params: { q: "same" }) { status data }';
  const { json, headers } = await installation.graphql(0, key, `{ a: ${read} b: ${read} c: ${read} }`);
  expect(Object.keys(json.data)).toEqual(['a', 'b', 'c']);
  expect(upstreamCalls()).toBe(1);
  expect(headers.get('ratelimit-remaining')).toBe('29');
  const batch = await installation.request(1, key, 'POST', '/graphql', [{ query: `{ ${read} }` }, { query: `{ ${read} }` }]);
  expect(batch.status).toBe(400);
  expect(upstreamCalls()).toBe(1);
  const next = await installation.call(1, key, 'list_things');
  expect(next.headers.get('ratelimit-remaining')).toBe('28');
});

it('GraphQL answers carry the headers of the limit too, refused ones with Retry-After', async () => {
  const key = await installation.newKey({ limits: { perMinute: 2, perDay: 100 } });
  await roomInMinute(5_000);
  const limitOf = ({ headers }: Answer) => ['limit', 'remaining'].map((name) => headers.get(`ratelimit-${name}`));
  const first = await installation.graphql(0, key, document('query', 0, 1));
  expect([aliasOutcomes(first), limitOf(first), first.headers.get('retry-after')]).toEqual([['200'], ['2', '1'], null]);
  expect(aliasOutcomes(await installation.graphql(1, key, document('mutation', 0, 1)))).toEqual(['200']);
  for (const kind of ['query', 'mutation'] as const) {
    const refused = await installation.graphql(1, key, document(kind, 5, 1));
    expect([aliasOutcomes(refused), limitOf(refused)]).toEqual([['rate_limited'], ['2', '0']]);
    const seconds = refused.headers.get('retry-after');
    expect(refused.json.errors[0].message).toBe(`Rate limit reached (2 requests per minute). Retry in ${seconds} s.`);
    expect(refused.headers.get('ratelimit-reset')).toBe(seconds);
  }
  const used = await installation.newKey({ limits: { perMinute: 2, perDay: 0 } });
  const day = await installation.graphql(0, used, document('query', 0, 1));
  expect([aliasOutcomes(day), limitOf(day)]).toEqual([['daily_limit_reached'], ['2', '1']]);
  expect(Number(day.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(upstreamCalls()).toBe(2);
});

it('the day of a user is exact over keys and processes, and refusals of the minute do not use it up', async () => {
  const userId = await addUser(installation.database, { limits: { perMinute: 40, perDay: 50 } });
  const keys = [await installation.keyOf(userId), await installation.keyOf(userId)];
  await roomInMinute(8_000);
  const answers = await Promise.all(
    Array.from({ length: 120 }, (_, at) => installation.call((at >> 1) % 2, keys[at % 2] as string, 'list_things', { q: `${at}` })),
  );
  expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 50, 429: 70 });
  expect(upstreamCalls()).toBe(50);
  // Each key has 40 of its minute; of these 80 the day lets 50 through.
  expect(tally(answers.map(({ json }) => json.error ?? 'ok'))).toEqual({ ok: 50, rate_limited: 40, daily_limit_reached: 30 });
  const refused = answers.find(({ json }) => json.error === 'daily_limit_reached') as Answer;
  expect(refused.json).toEqual({
    error: 'daily_limit_reached',
    message: 'Daily API call limit reached (50). Resets at midnight UTC.',
    action_url: 'https://gateway.example/billing',
  });
  const midnightSeconds = 86_400 - ((Date.now() / 1000) % 86_400);
  expect(Math.abs(Number(refused.headers.get('retry-after')) - midnightSeconds)).toBeLessThan(20);
  expect(refused.headers.get('ratelimit-limit')).toBe('40');
});

it('a key revoked on one process is 401 on the next request of the other, on every door', async () => {
  const userId = await addUser(installation.database);
  const [revoker, key] = [await installation.keyOf(userId), await installation.keyOf(userId)];
  for (const at of [0, 1]) expect((await installation.call(at, key, 'list_things')).status).toBe(200);
  await installation.revokeKey(0, revoker, key);
  const refusal = {
    error: 'api_key_revoked',
    message: 'This API key has been revoked.',
    action_url: 'https://gateway.example/dashboard/api-keys',
  };
  for (const at of [1, 0]) {
    const answer = await installation.call(at, key, 'list_things');
    expect([answer.status, answer.json]).toEqual([401, refusal]);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect((await installation.request(at, key, 'GET', '/v1/skills')).json).toEqual(refusal);
    for (const kind of ['query', 'mutation'] as const) {
      const { status, json, headers } = await installation.graphql(at, key, document(kind, 0, 2));
      expect([status, json.errors[0].extensions.code]).toEqual([401, 'api_key_revoked']);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
    }
  }
  expect(upstreamCalls()).toBe(2);
  expect((await installation.call(1, revoker, 'list_things')).status).toBe(200);
});

it('a key revoked while calls run lets none begin afterwards', async () => {
  const userId = await addUser(installation.database);
  const [revoker, key] = [await installation.keyOf(userId), await installation.keyOf(userId)];
  let stop = false;
  let revokedMs = Number.POSITIVE_INFINITY;
  const late: number[] = [];
  const refused: number[] = [];
  const loops = Array.from({ length: 8 }, async (_, at) => {
    while (!stop) {
      const startedMs = performance.now();
      const { status } = await installation.call(at % 2, key, 'list_things');
      if (status === 200 && startedMs > revokedMs) late.push(startedMs);
      if (status === 401) refused.push(startedMs);
    }
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await installation.revokeKey(1, revoker, key);
  revokedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 300));
  stop = true;
  await Promise.all(loops);
  expect(late).toEqual([]);
  expect(refused.length).toBeGreaterThan(8);
  expect(upstreamCalls()).toBeGreaterThan(8);
});
