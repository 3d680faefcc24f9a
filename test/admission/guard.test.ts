import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Clock } from '../../src/core/clock.ts';
import { type Database, openPostgres } from '../../src/core/database/database.ts';
import type { SkillettError } from '../../src/core/errors.ts';
import { type FieldGuard, type GuardedRequest, guardField, networkOf } from '../../src/domains/limits/guard.ts';
import { createPgliteTestDatabase, createTestDatabase } from '../support/database.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { tally } from '../support/tally.ts';
import { addKey, addUser } from './people.ts';

const clock = new Clock();
const guard: FieldGuard = { field: 'guess', max: 30, windowSeconds: 60, by: 'user' };

const requestBy = (database: Database, userId: string, address = '203.0.113.1'): GuardedRequest => ({
  address,
  principal: async () => ({ userId }) as never,
  gateway: { database, clock },
});

const outcomeOf = (promise: Promise<void>): Promise<string> =>
  promise.then(
    () => 'passed',
    (error: SkillettError) => error.code,
  );

describe.each(['PostgreSQL', 'PGlite'])('on %s', (name) => {
  let databases: Database[];
  let drop: () => Promise<void>;
  beforeAll(async () => {
    if (name === 'PostgreSQL') {
      const made = await createTestDatabase();
      const second = openPostgres(made.url);
      databases = [made.database, second];
      drop = async () => {
        await second.close();
        await made.drop();
      };
    } else {
      const pglite = await createPgliteTestDatabase();
      databases = [pglite, pglite];
      drop = () => pglite.close();
    }
  });
  afterAll(() => drop());

  it('of 200 concurrent hits over two pools a guard of 30 lets exactly 30 through', async () => {
    const hits = Array.from({ length: 200 }, (_, at) =>
      outcomeOf(guardField(requestBy(databases[at % 2] as Database, 'user_race'), guard)),
    );
    expect(tally(await Promise.all(hits))).toEqual({ passed: 30, rate_limited: 170 });
  });

  it('users and addresses are counted apart, and fields too', async () => {
    const [database] = databases as [Database];
    const one = { ...guard, max: 1 };
    const both: FieldGuard = { ...one, field: 'both', by: ['address', 'user'] };
    expect(await outcomeOf(guardField(requestBy(database, 'user_a'), one))).toBe('passed');
    expect(await outcomeOf(guardField(requestBy(database, 'user_a'), one))).toBe('rate_limited');
    expect(await outcomeOf(guardField(requestBy(database, 'user_b'), one))).toBe('passed');
    expect(await outcomeOf(guardField(requestBy(database, 'user_a'), { ...one, field: 'other' }))).toBe('passed');
    expect(await outcomeOf(guardField(requestBy(database, 'user_a', '203.0.113.2'), both))).toBe('passed');
    expect(await outcomeOf(guardField(requestBy(database, 'user_c', '203.0.113.2'), both))).toBe('rate_limited');
    expect(await outcomeOf(guardField(requestBy(database, 'user_a', '203.0.113.3'), both))).toBe('rate_limited');
  });

  it('lets the next one through when the oldest has left the window, and says how long that takes', async () => {
    const [database] = databases as [Database];
    const hit = () => guardField(requestBy(database, 'user_window'), { ...guard, max: 2 });
    try {
      await hit();
      clock.offsetMs = 40_000;
      await hit();
      const error = (await hit().catch((thrown: unknown) => thrown)) as SkillettError;
      expect(error).toMatchObject({ code: 'rate_limited', status: 429, action: '/billing' });
      const seconds = Number(error.headers['retry-after']);
      expect(seconds).toBeGreaterThanOrEqual(18);
      expect(seconds).toBeLessThanOrEqual(20);
      expect(error.message).toBe(`Rate limit reached (2 requests per minute). Retry in ${seconds} s.`);
      clock.offsetMs = 61_000;
      expect(await outcomeOf(hit())).toBe('passed');
      expect(await outcomeOf(hit())).toBe('rate_limited');
    } finally {
      clock.offsetMs = 0;
    }
  });
});

it('an IPv6 client is its /64, whichever of its addresses it takes', () => {
  expect(networkOf('203.0.113.9')).toBe('203.0.113.9');
  expect(networkOf('2001:db8:0:1::5')).toBe(networkOf('2001:DB8::1:ffff:0:0:1'));
  expect(networkOf('2001:db8:0:1::5')).not.toBe(networkOf('2001:db8:0:2::5'));
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
});

it.each([
  ['POST', '/sign-in/email', { email: 'nobody@example.org', password: 'wrong wrong wrong' }],
  ['POST', '/sign-up/email', { email: 'nobody@example.org', password: 'wrong wrong wrong', name: 'Nobody' }],
  ['POST', '/sign-in/social', { provider: 'github' }],
  ['POST', '/link', { token: 'wrong' }],
] as const)('%s %s passes ten times a minute from one address', async (method, route, body) => {
  const server = await startTestServer();
  try {
    const answers = await Promise.all(
      Array.from({ length: 13 }, () => server.request(method, `/api/auth${route}`, { authorization: null, body })),
    );
    // A person's browser is led to a page that says it.
    const limited = answers.filter(({ status, headers }) => status === 429 || headers.get('location')?.endsWith('error=rate_limited'));
    expect(limited).toHaveLength(3);
  } finally {
    await server.close();
  }
});

it.each([
  ['key creation', '/api-keys', { name: 'k' }],
  ['starting a connection', '/v1/connect', { integration: 'open_meteo' }],
])('%s passes 60 times a minute for one user, and 300 times from one address, whoever asks', async (_what, route, body) => {
  const server = await startTestServer({ env: { TRUST_PROXY: '127.0.0.1' } });
  try {
    const { database } = server.gateway;
    const newKey = async () => (await addKey(database, await addUser(database))).id;
    /** How many of so many the guard lets through, whatever becomes of them then, and where the others are sent. */
    const ask = async (key: string, times: number, address: string) => {
      const options = { authorization: `Bearer ${key}`, body, headers: { 'x-forwarded-for': address } };
      const answers = await Promise.all(Array.from({ length: times }, () => server.request('POST', route, options)));
      const refused = answers.filter(({ status }) => status === 429);
      for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      return { passed: times - refused.length, link: refused[0]?.json.action_url };
    };
    expect(await ask(await newKey(), 65, '198.51.100.1')).toEqual({ passed: 60, link: expect.stringMatching(/\/billing$/) });
    const others = await Promise.all(Array.from({ length: 4 }, newKey));
    const passed = await Promise.all(others.map(async (other) => (await ask(other, 60, '198.51.100.1')).passed));
    expect(passed).toEqual([60, 60, 60, 60]);
    // A plan would not help against a limit on an address.
    expect(await ask(await newKey(), 5, '198.51.100.1')).toEqual({ passed: 0, link: undefined });
    expect(await ask(await newKey(), 5, '198.51.100.2')).toEqual({ passed: 5, link: undefined });
  } finally {
    await server.close();
  }
});

describe('forwarding headers', () => {
  /** Asks for so many device codes, which an address may have ten of in a minute, and counts the statuses. */
  async function ask(server: TestServer, times: number, forwarded: (at: number) => string): Promise<Record<string, number>> {
    const statuses: number[] = [];
    for (let at = 0; at < times; at += 1) {
      const headers = { 'x-forwarded-for': forwarded(at) };
      statuses.push((await server.request('POST', '/auth/device/code', { authorization: null, body: {}, headers })).status);
    }
    return tally(statuses) as Record<string, number>;
  }

  it('do not count where no proxy is named: whoever writes them stays the same client', async () => {
    const server = await startTestServer();
    try {
      expect(await ask(server, 13, (at) => `198.51.100.${at}`)).toEqual({ 200: 10, 429: 3 });
      // A plan would not help against a limit on an address.
      const { json, headers } = await server.request('POST', '/auth/device/code', { authorization: null, body: {} });
      expect(json).toEqual({
        error: 'rate_limited',
        message: expect.stringMatching(/^Rate limit reached \(10 requests per minute\)\. Retry in \d+ s\.$/),
      });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await server.close();
    }
  });

  it('count where TRUST_PROXY names the proxy, from their right end', async () => {
    const server = await startTestServer({ env: { TRUST_PROXY: '127.0.0.0/8,10.0.0.0/8' } });
    try {
      expect(await ask(server, 13, (at) => `198.51.100.${at}`)).toEqual({ 200: 13 });
      // What a client puts in front of its own address is its own claim, also across two proxies.
      expect(await ask(server, 13, (at) => `192.0.2.${at}, 198.51.100.77`)).toEqual({ 200: 10, 429: 3 });
      expect(await ask(server, 13, (at) => `192.0.2.${at}, 198.51.100.78, 10.1.2.3`)).toEqual({ 200: 10, 429: 3 });
      expect(await ask(server, 13, (at) => `2001:db8:1:2::${at}`)).toEqual({ 200: 10, 429: 3 });
    } finally {
      await server.close();
    }
  });

  it('do not count from a neighbour that TRUST_PROXY does not name', async () => {
    const server = await startTestServer({ env: { TRUST_PROXY: '10.0.0.0/8' } });
    try {
      expect(await ask(server, 13, (at) => `198.51.100.${at}`)).toEqual({ 200: 10, 429: 3 });
    } finally {
      await server.close();
    }
  });
});
