import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { type Database, isDatabaseAway, migrate, migrationsFolder, openPostgres } from '../../src/core/database/database.ts';
import { createEmptyDatabase, createPgliteTestDatabase, createTestDatabase } from '../support/database.ts';

const open: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of open.reverse()) await close();
});

async function postgres(): Promise<Database> {
  const { database, drop } = await createTestDatabase();
  open.push(drop);
  return database;
}

async function pglite(): Promise<Database> {
  const database = await createPgliteTestDatabase();
  open.push(() => database.close());
  return database;
}

describe.each([
  ['PostgreSQL', postgres],
  ['PGlite', pglite],
])('on %s', (_name, openDatabase) => {
  it('reads counts as numbers and dates as text, by query builder and by named statement', async () => {
    const database = await openDatabase();
    await database.db.insertInto('dayCounters').values({ userId: 'user_1', day: '2026-01-31', executions: 2 }).execute();
    const row = await database.db.selectFrom('dayCounters').selectAll().executeTakeFirstOrThrow();
    expect(row).toEqual({ userId: 'user_1', day: '2026-01-31', executions: 2, allowance: 0 });
    const [counted] = await database.statement<{ all_rows: number; day: string }>(
      'test',
      'select count(*) as all_rows, max(day) as day from day_counters where user_id = $1',
      ['user_1'],
    );
    expect(counted).toEqual({ all_rows: 1, day: '2026-01-31' });
  });

  it('has no constraint that the rows of before were not held against', async () => {
    const { db } = await openDatabase();
    const left = await sql`select conname from pg_constraint where not convalidated`.execute(db);
    expect(left.rows).toEqual([]);
    await sql`alter table leases add constraint leases_name_check check (name <> '') not valid`.execute(db);
    await migrate(db);
    const { rows } = await sql`select convalidated from pg_constraint where conname = 'leases_name_check'`.execute(db);
    expect(rows).toEqual([{ convalidated: true }]);
  });

  it('has nothing left to migrate', async () => {
    const database = await openDatabase();
    expect(await migrate(database.db)).toEqual([]);
  });
});

it('migrations of processes that start together run once, and none is taken back', async () => {
  const { url, drop } = await createEmptyDatabase();
  const processes = [openPostgres(url), openPostgres(url), openPostgres(url)];
  const ran = await Promise.all(processes.map(({ db }) => migrate(db)));
  const all = (await readdir(migrationsFolder)).map((file) => path.parse(file).name).sort();
  expect(ran.map((names) => names.length).sort((one, other) => one - other)).toEqual([0, 0, all.length]);
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute((processes[0] as Database).db);
  expect(rows.map(({ name }) => name)).toEqual(all);
  await Promise.all(processes.map((one) => one.close()));
  await drop();
});

it('a connection that breaks between two statements of a transaction fails that transaction, and nothing else', async () => {
  const { url, database, drop } = await createTestDatabase();
  open.push(drop);
  const lost: string[] = [];
  const statements: unknown[] = [];
  const other = openPostgres(url, { onError: (error) => void lost.push(error.message) });
  open.push(() => other.close());
  const broken = other.db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
    await database.statement('end-backend', 'select pg_terminate_backend($1)', [rows[0]?.pid]);
    // Nobody waits for an answer now; the process must not end because of that.
    await expect.poll(() => lost.length).toBeGreaterThan(0);
    statements.push(await sql`select 1`.execute(trx).catch((thrown: unknown) => thrown));
    throw statements[0];
  });
  const error = await broken.catch((thrown: unknown) => thrown);
  expect([...statements, error].map(isDatabaseAway)).toEqual([true, true]);
  // The server's word, and not once more that the socket closed after it.
  expect(lost).toEqual(['terminating connection due to administrator command']);
  expect(await other.statement('alive', 'select 1 as one', [])).toEqual([{ one: 1 }]);
});

it.each([
  ['EHOSTUNREACH', true],
  ['ENETUNREACH', true],
  ['ECONNREFUSED', true],
  ['23505', false],
])('an error with the code %s counts as a database that is away: %s', (code, away) => {
  expect(isDatabaseAway(Object.assign(new Error('any'), { code }))).toBe(away);
});
