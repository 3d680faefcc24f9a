import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '../../src/core/database/database.ts';
import type { SkillettError } from '../../src/core/errors.ts';
import { createTestDatabase } from '../support/database.ts';
import { tally } from '../support/tally.ts';
import { addKey, addUser, callBy, openQueue, type TestKey } from './people.ts';

let database: Database;
let url: string;
let drop: () => Promise<void>;
let blocker: pg.Client;
let key: TestKey;
let userId: string;

beforeAll(async () => {
  ({ database, url, drop } = await createTestDatabase());
  blocker = new pg.Client({ connectionString: url });
  await blocker.connect();
});
afterAll(async () => {
  await blocker.end();
  await drop();
});
beforeEach(async () => {
  userId = await addUser(database, { limits: { perMinute: null } });
  key = await addKey(database, userId);
});

/** How long a statement is waited for here; the product waits for five seconds. */
const patienceMs = 1_500;

const outcomes = async () => {
  const rows = await database.db.selectFrom('skillCalls').select(['outcome', 'errorCode']).where('userId', '=', userId).execute();
  return tally(rows.map(({ outcome, errorCode }) => errorCode ?? outcome));
};

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'let through',
    ({ code, headers }: SkillettError) => ({ code, retryAfter: headers['retry-after'] }),
  );

it('while ends of calls cannot be written new ones wait, then are 503, and no end is lost', async () => {
  const { queue } = openQueue(database);
  const calls = Array.from({ length: 2_500 }, () => callBy(key));
  await Promise.all(calls.map((call) => queue.admit(call)));
  await blocker.query('begin');
  await blocker.query('select 1 from skill_calls where user_id = $1 for update', [userId]);
  for (const { callId } of calls) queue.complete({ callId, outcome: 'succeeded', upstreamStatus: 200, totalMs: 1 });

  const startedMs = performance.now();
  expect(await refusal(queue.admit(callBy(key)))).toEqual({ code: 'unavailable', retryAfter: '2' });
  expect(performance.now() - startedMs).toBeGreaterThan(1_900);
  expect(performance.now() - startedMs).toBeLessThan(4_000);
  expect(await outcomes()).toEqual({ started: 2_500 });

  // One that came shortly before the lock goes is let through.
  const waiting = queue.admit(callBy(key));
  await delay(200);
  await blocker.query('rollback');
  expect(await waiting).toMatchObject({ principal: { userId } });
  await expect.poll(outcomes).toEqual({ succeeded: 2_500, started: 1 });
  await queue.close();
});

it('calls beyond those that may wait are refused at once', async () => {
  const { queue } = openQueue(database, {}, patienceMs);
  await blocker.query('begin');
  await blocker.query('lock table skill_calls in access exclusive mode');
  const waiting = Array.from({ length: 4_096 }, () => refusal(queue.admit(callBy(key))));
  const startedMs = performance.now();
  expect(await refusal(queue.admit(callBy(key)))).toEqual({ code: 'unavailable', retryAfter: '1' });
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  // Nobody waits for longer than a few seconds either, and what is told apart is counted apart.
  const refused = await Promise.all(waiting);
  expect(performance.now() - startedMs).toBeLessThan(2 * patienceMs + 2_000);
  expect(new Set(refused.map((one) => JSON.stringify(one)))).toEqual(new Set(['{"code":"unavailable","retryAfter":"5"}']));
  expect(await refusal(queue.admit(callBy(key)))).toEqual({ code: 'unavailable', retryAfter: '5' });

  await blocker.query('rollback');
  // What the statements in flight admitted after all is no call: it was never sent, and its row says so.
  await expect.poll(outcomes).toEqual({ unavailable: 512 });
  expect(await queue.admit(callBy(key))).toMatchObject({ principal: { userId } });
  await queue.close();
});

// Two statements are sent at once when the lock goes, and the database may begin the second first: out of turn it would be so each time.
it('whoever asks once goes with the next statement, in front of the hundreds of another that waited before', { retry: 3 }, async () => {
  const { queue } = openQueue(database);
  const quietId = await addUser(database, { limits: { perMinute: null } });
  const quiet = await addKey(database, quietId);
  await blocker.query('begin');
  await blocker.query('lock table skill_calls in access exclusive mode');
  const flood = Array.from({ length: 2_000 }, () => queue.admit(callBy(key)));
  // Two statements of 256 are on their way then.
  await delay(200);
  const once = queue.admit(callBy(quiet));
  await blocker.query('rollback');
  await Promise.all([once, ...flood]);
  // All calls of a statement have its time.
  const { rows } = await sql<{ earlier: number }>`
    select count(*)::int as earlier from skill_calls where user_id = ${userId}
    and started_at < (select started_at from skill_calls where user_id = ${quietId})`.execute(database.db);
  expect(rows).toEqual([{ earlier: 512 }]);
  await queue.close();
});

it('a claim of a call that was given up is free again', async () => {
  const { queue } = openQueue(database, {}, patienceMs);
  const claiming = () => callBy(key, { idempotency: { key: 'k', fingerprint: 'f0' } });
  await blocker.query('begin');
  await blocker.query('lock table skill_calls in access exclusive mode');
  expect(await refusal(queue.admit(claiming()))).toEqual({ code: 'unavailable', retryAfter: '5' });
  await blocker.query('rollback');
  await expect.poll(outcomes).toEqual({ unavailable: 1 });
  await expect.poll(() => database.db.selectFrom('idempotencyClaims').selectAll().execute()).toEqual([]);
  expect((await queue.admit(claiming())).claim).toMatchObject({ key: 'k' });
  await queue.close();
});
