/**
 * The call log by day against the log in one table, with as many rows in both, spread over 90 days: milliseconds per statement, in
 * turns, medians. Then the one table is taken over while calls are written, and the longest of these is told.
 *
 *   npm run bench:days -- [--rows 10000000] [--rounds 40]
 */
import { promises as fs } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { Clock } from '../src/core/clock.ts';
import { type Database, migrate, migrationsFolder, openPostgres } from '../src/core/database/database.ts';
import { newTimeOrderedId } from '../src/core/ids.ts';
import { deleteOldCalls, dropOldDays, makeDays } from '../src/domains/audit/day-store.ts';
import { completeCalls } from '../src/domains/audit/settle-store.ts';
import { findCall, listCalls } from '../src/domains/audit/store.ts';
import { startPostgres } from './postgres.ts';

const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '10000000' }, rounds: { type: 'string', default: '40' } },
});
const rows = Number(options.rows);
const dayMs = 86_400_000;
const days = 90;
const today = Math.floor(Date.now() / dayMs) * dayMs;
const endMs = today + days * dayMs;
const clock = new Clock();

async function migrateBefore({ db }: Database): Promise<void> {
  const migrator = new Migrator({ db, provider: new FileMigrationProvider({ fs, path, migrationFolder: migrationsFolder }) });
  const names = (await migrator.getMigrations()).map(({ name }) => name);
  await migrator.migrateTo(names[names.indexOf('202611280941-calls-end-before-days') - 1] as string);
}

/** In stretches, each within the time that a statement may take. */
async function fill({ db }: Database): Promise<void> {
  const stretch = 500_000;
  for (let from = 1; from <= rows; from += stretch)
    await sql`
      insert into skill_calls (id, user_id, key_id, integration, endpoint, door, parameter_names, outcome, request_id, started_at, completed_at)
      select 'call_' || lpad(to_hex(ms), 12, '0') || lpad(to_hex(n), 20, '0'), 'user_' || n % 1000, 'key_' || n % 3000, 'desk', 'list', 'rest',
        '{}', 'succeeded', 'req_1', to_timestamp(ms / 1000.0), to_timestamp(ms / 1000.0)
      from generate_series(${sql.lit(from)}::bigint, ${sql.lit(Math.min(from + stretch - 1, rows))}::bigint) n,
        lateral (select ${sql.lit(today)}::bigint + n * ${sql.lit(days * dayMs)} / ${sql.lit(rows)} - 1 as ms) m`.execute(db);
  await db.transaction().execute(async (trx) => {
    await sql`set local statement_timeout = 0`.execute(trx);
    await sql`analyze skill_calls`.execute(trx);
  });
}

async function write({ db }: Database, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newTimeOrderedId('call', endMs - 1000));
  await sql`
    insert into skill_calls (id, user_id, integration, endpoint, door, parameter_names, outcome, request_id, started_at)
    select id, 'user_1', 'desk', 'list', 'rest', '{}', 'started', 'req_1', now() from unnest(${ids}::text[]) id`.execute(db);
  return ids;
}

const written = new Map<Database, string[]>();
type Measured = [name: string, run: (database: Database, count: number) => Promise<unknown>];
const end = (database: Database) =>
  completeCalls(
    database,
    clock,
    (written.get(database) ?? []).map((callId) => ({ callId, outcome: 'succeeded' as const, totalMs: 1 })),
  );
const put = (count: number) => async (database: Database) => written.set(database, await write(database, count));
const measured: Measured[] = [1, 64].flatMap((count): Measured[] => [
  [`write ${count}`, put(count)],
  [`end ${count}`, end],
]);

measured.push(
  ['one by its id', (database) => findCall(database.db, { userId: 'user_1' }, (written.get(database) as string[])[0] as string)],
  ['the first page', (database) => listCalls(database.db, { userId: 'user_7' }, undefined, 26)],
  [
    'a page of one day',
    ({ db }) => listCalls(db, { userId: 'user_7', since: new Date(endMs - 9 * dayMs), until: new Date(endMs - 8 * dayMs) }, undefined, 26),
  ],
);

const postgres = await startPostgres();
const before = openPostgres(await postgres.addDatabase('before'));
const byDay = openPostgres(await postgres.addDatabase('by_day'));
try {
  await migrateBefore(before);
  await migrate(byDay.db);
  await makeDays(byDay.db, today, days);
  for (const database of [before, byDay]) await fill(database);
  console.log(`${rows} rows, ${days} days          one table   by day   ratio`);
  for (const [name, run] of measured) await compare(name, run);
  await dropOne();
  await takeOver();
} finally {
  await before.close();
  await byDay.close();
  await postgres.stop();
}

async function compare(name: string, run: Measured[1]): Promise<void> {
  const times = new Map<Database, number[]>([
    [before, []],
    [byDay, []],
  ]);
  for (let round = 0; round < Number(options.rounds) + 8; round++) {
    for (const database of round % 2 ? [before, byDay] : [byDay, before]) {
      // An end needs calls that say started, as many as were written last.
      if (name.startsWith('end')) await put(Number(name.slice(4)))(database);
      const from = performance.now();
      await run(database, round);
      if (round >= 8) (times.get(database) as number[]).push(performance.now() - from);
    }
  }
  const [one, divided] = [before, byDay].map((database) => median(times.get(database) as number[])) as [number, number];
  console.log(
    `${name.padEnd(24)} ${one.toFixed(2).padStart(16)} ${divided.toFixed(2).padStart(8)} ${(divided / one).toFixed(2).padStart(7)}`,
  );
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;
}

/** A day over its time: dropped here, deleted there. */
async function dropOne(): Promise<void> {
  const later = new Clock();
  later.offsetMs = today + 11 * dayMs + 3_600_000 - Date.now();
  const from = performance.now();
  const dropped = await dropOldDays(byDay.db, later, 10);
  const dropMs = performance.now() - from;
  let deleted = 0;
  for (let went = -1; went !== 0; deleted += went) went = await deleteOldCalls(before.db, later, 10, 5_000);
  console.log(
    `retention of a day: ${deleted} rows deleted in ${(performance.now() - from - dropMs).toFixed(0)} ms, or ${dropped} partitions dropped in ${dropMs.toFixed(0)} ms`,
  );
}

async function takeOver(): Promise<void> {
  let over = false;
  let longestMs = 0;
  const writing = (async () => {
    while (!over) {
      const from = performance.now();
      await write(before, 1);
      longestMs = Math.max(longestMs, performance.now() - from);
    }
  })();
  const from = performance.now();
  await migrate(before.db);
  const tookMs = performance.now() - from;
  over = true;
  await writing;
  console.log(
    `taking over ${rows} rows: ${tookMs.toFixed(0)} ms; a call that was written meanwhile waited ${longestMs.toFixed(0)} ms at most`,
  );
}
