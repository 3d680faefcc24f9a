import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Database, openPostgres } from '../../src/core/database/database.ts';
import type { SkillettError } from '../../src/core/errors.ts';
import type { Admission } from '../../src/domains/executions/admission/admit.ts';
import { createTestDatabase } from '../support/database.ts';
import { roomInMinute } from '../support/minute.ts';
import { tally } from '../support/tally.ts';
import { addKey, addUser, callBy, findCall, openQueue, type TestKey } from './people.ts';

let database: Database;
let second: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  const made = await createTestDatabase();
  database = made.database;
  drop = made.drop;
  second = openPostgres(made.url);
  await sql`create sequence falters`.execute(database.db);
  // Stands for whatever the database may have against one row: by its request id a call is bad, or meets a deadlock so many times.
  await sql`
    create function trouble() returns trigger language plpgsql as $$
    begin
      if new.request_id = 'bad' then raise exception 'a bad row'; end if;
      if new.request_id like 'deadlock-%' and nextval('falters') <= substr(new.request_id, 10)::int then
        raise exception 'deadlock' using errcode = '40P01';
      end if;
      return new;
    end $$`.execute(database.db);
  await sql`create trigger trouble before insert on skill_calls for each row execute function trouble()`.execute(database.db);
});
afterAll(async () => {
  await second.close();
  await drop();
});
beforeEach(async () => void (await sql`alter sequence falters restart`.execute(database.db)));

const outcome = (admitting: Promise<Admission>): Promise<string> =>
  admitting.then(
    () => 'admitted',
    (error: SkillettError) => error.code ?? error.message,
  );

async function countsOf(keys: readonly TestKey[]): Promise<number[]> {
  const rows = await database.db
    .selectFrom('minuteCounters')
    .select(['holderId', 'executions'])
    .where(
      'holderId',
      'in',
      keys.map(({ id }) => id),
    )
    .execute();
  return keys.map(({ id }) => rows.find(({ holderId }) => holderId === id)?.executions ?? 0);
}

it('a call whose row cannot be written is not made, and fails alone: its neighbours are admitted and counted once', async () => {
  const { queue, clock } = openQueue(database);
  const userId = await addUser(database, { limits: { perMinute: 150, perDay: 180 } });
  const keys = [await addKey(database, userId), await addKey(database, userId)] as const;
  await roomInMinute(5_000, clock);
  const calls = Array.from({ length: 200 }, (_, at) =>
    callBy(keys[at % 2 === 0 ? 0 : 1], at === 77 || at === 130 ? { requestId: 'bad' } : {}),
  );
  const outcomes = await Promise.all(calls.map((call) => outcome(queue.admit(call))));
  expect(tally(outcomes)).toEqual({ admitted: 180, daily_limit_reached: 18, P0001: 2 });
  expect([outcomes[77], outcomes[130]]).toEqual(['P0001', 'P0001']);
  for (const at of [77, 130]) expect(await findCall(database, calls[at]?.callId as string)).toBeUndefined();
  expect(await countsOf(keys)).toEqual([99, 99]);
  await queue.close();
});

it('a batch that meets deadlocks is tried again and counted once; when they do not end, the client is told to come back', async () => {
  const { queue, clock } = openQueue(database);
  const key = await addKey(database, await addUser(database));
  await roomInMinute(5_000, clock);
  const admitAll = (requestIds: string[]) =>
    Promise.all(requestIds.map((requestId) => queue.admit(callBy(key, { requestId })).catch((error: SkillettError) => error)));
  for (const admission of await admitAll(['req_1', 'deadlock-3', 'req_2'])) expect(admission).not.toBeInstanceOf(Error);
  expect(await countsOf([key])).toEqual([3]);
  const [before, hopeless, after] = await admitAll(['req_3', 'deadlock-1000', 'req_4']);
  expect(hopeless).toMatchObject({ code: 'unavailable', headers: { 'retry-after': '5' } });
  for (const admission of [before, after]) expect(admission).not.toBeInstanceOf(Error);
  expect(await countsOf([key])).toEqual([5]);
  await queue.close();
});

it('batches of two processes over the same keys, users and idempotency keys never wait for each other in a circle', async () => {
  const opened = [openQueue(database), openQueue(second)];
  const queues = opened.map(({ queue }) => queue);
  const users = await Promise.all(Array.from({ length: 6 }, () => addUser(database)));
  const keys = await Promise.all(Array.from({ length: 48 }, (_, at) => addKey(database, users[at % 6] as string)));
  // Slow enough that two statements meet.
  await sql`
    create function linger() returns trigger language plpgsql as $$ begin perform pg_sleep(0.0005); return new; end $$`.execute(
    database.db,
  );
  await sql`create trigger linger before insert on minute_counters for each row execute function linger()`.execute(database.db);
  await roomInMinute(12_000, ...opened.map(({ clock }) => clock));
  const rounds = 10;
  let claims = 0;
  for (let round = 0; round < rounds; round += 1) {
    const order = keys.toSorted(() => Math.random() - 0.5);
    const calls = order.flatMap((key) => [0, 1].map((at) => ({ key, at })));
    const outcomes = await Promise.all(
      calls.map(({ key, at }) => {
        const idempotency = { key: `${round}`, fingerprint: 'f0' };
        return outcome((queues[at] as (typeof queues)[0]).admit(callBy(key, { idempotency })));
      }),
    );
    claims += tally(outcomes).admitted ?? 0;
    expect(tally(outcomes)).toEqual({ admitted: 48, idempotency_in_progress: 48 });
  }
  expect(claims).toBe(48 * rounds);
  expect(await countsOf(keys)).toEqual(keys.map(() => 2 * rounds));
  const days = await database.db.selectFrom('dayCounters').select('executions').where('userId', 'in', users).execute();
  expect(days.map(({ executions }) => executions)).toEqual(users.map(() => 2 * rounds * 8));
  // A deadlock would be retried, so only the database knows of it; it publishes its numbers once a second.
  await delay(1_500);
  const { rows } = await sql<{ deadlocks: number }>`select deadlocks from pg_stat_database where datname = current_database()`.execute(
    second.db,
  );
  expect(rows).toEqual([{ deadlocks: 0 }]);
  for (const queue of queues) await queue.close();
}, 60_000);
