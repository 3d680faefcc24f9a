/** The call log by day: how days are made, found by an id, and dropped, and how a log that stands is taken over. */
import { promises as fs } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Clock } from '../../src/core/clock.ts';
import { type Database, migrate, migrationsFolder, openPostgres } from '../../src/core/database/database.ts';
import { newTimeOrderedId } from '../../src/core/ids.ts';
import { deleteOldCalls, dropOldDays, indexNewCalls, makeDays } from '../../src/domains/audit/day-store.ts';
import { completeCalls, settleStretch } from '../../src/domains/audit/settle-store.ts';
import { countCalls, findCall, findCalls } from '../../src/domains/audit/store.ts';
import { createEmptyDatabase, createPgliteTestDatabase, createTestDatabase } from '../support/database.ts';

const dayMs = 86_400_000;
const today = Math.floor(Date.now() / dayMs) * dayMs;
const partitionOf = (ms: number) => `skill_calls_${new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')}`;

async function writeCall(database: Database, userId: string, madeMs: number, startedMs = madeMs, outcome = 'started'): Promise<string> {
  const id = newTimeOrderedId('call', madeMs);
  await sql`
    insert into skill_calls (id, user_id, integration, endpoint, door, parameter_names, outcome, request_id, started_at)
    values (${id}, ${userId}, 'desk', 'list', 'rest', '{}', ${outcome}, 'req_1', ${new Date(startedMs)})`.execute(database.db);
  return id;
}

async function placeOf(database: Database, id: string): Promise<string | undefined> {
  const { rows } = await sql<{ place: string }>`select tableoid::regclass::text as place from skill_calls where id = ${id}`.execute(
    database.db,
  );
  return rows[0]?.place;
}

async function listPlaces(database: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select inhrelid::regclass::text as name from pg_inherits where inhparent = 'skill_calls'::regclass order by 1`.execute(database.db);
  return rows.map(({ name }) => name);
}

describe.each([
  ['PostgreSQL', createTestDatabase],
  [
    'PGlite',
    async () => {
      const database = await createPgliteTestDatabase();
      return { database, drop: () => database.close() };
    },
  ],
])('on %s', (_kind, create) => {
  let database: Database;
  let drop: () => Promise<void>;
  const clock = new Clock();
  beforeAll(async () => {
    ({ database, drop } = await create());
  });
  afterAll(() => drop());

  it('a call stands in the day of its id, and one for which no day is made is kept and ended all the same', async () => {
    await makeDays(database.db, Date.now(), 3);
    const now = await writeCall(database, 'user_places', Date.now());
    expect(await placeOf(database, now)).toBe(partitionOf(today));
    const far = await writeCall(database, 'user_places', today + 9 * dayMs);
    expect(await placeOf(database, far)).toBe('skill_calls_other');
    expect(
      await completeCalls(
        database,
        clock,
        [now, far].map((callId) => ({ callId, outcome: 'succeeded', totalMs: 1 })),
      ),
    ).toBe(2);
  });

  it('days are made once, and take in the calls that waited for them', async () => {
    const early = await writeCall(database, 'user_early', today + 5 * dayMs + 1);
    const other = await writeCall(database, 'user_early', today + 20 * dayMs);
    expect(await makeDays(database.db, today + 3 * dayMs, 3)).toBe(3);
    expect(await makeDays(database.db, today + 3 * dayMs, 3)).toBe(0);
    expect(await placeOf(database, early)).toBe(partitionOf(today + 5 * dayMs));
    expect(await placeOf(database, other)).toBe('skill_calls_other');
    expect(await completeCalls(database, clock, [{ callId: early, outcome: 'succeeded', totalMs: 1 }])).toBe(1);
    await indexNewCalls(database.db);
  });

  it('ids that nobody made find nothing', async () => {
    const id = await writeCall(database, 'user_forged', Date.now());
    const filter = { userId: 'user_forged' };
    expect(await findCall(database.db, filter, id)).toMatchObject({ id });
    for (const forged of ['', 'call_', 'call_zz', '💥', id.toUpperCase(), `${id}0`, 'call_ffffffffffffffffffffffffffffffff']) {
      expect(await findCall(database.db, filter, forged), forged).toBeUndefined();
    }
  });

  it('a day over its time is dropped with its counts, and what began after midnight under its ids is counted no more', async () => {
    const userId = 'user_old';
    await sql`delete from skill_calls`.execute(database.db);
    await sql`delete from call_hours`.execute(database.db);
    await sql`update call_settlement set until = ${new Date(today - 2 * dayMs)}`.execute(database.db);
    await writeCall(database, userId, today + 1, today + 1, 'succeeded');
    const late = await writeCall(database, userId, today + dayMs - 5, today + dayMs + 5, 'succeeded');
    const kept = await writeCall(database, userId, today + dayMs + 6, today + dayMs + 6, 'succeeded');
    const ahead = await writeCall(database, userId, today + dayMs + 7, today + dayMs - 7, 'succeeded');
    const later = new Clock();
    later.offsetMs = 3 * dayMs;
    while ((await settleStretch(database.db, later, 0)).settled > 0);
    expect(Number(await countCalls(database.db, { userId }))).toBe(4);
    later.offsetMs = today + 11 * dayMs + 3_600_000 - Date.now();
    await dropOldDays(database.db, later, 11);
    expect(await listPlaces(database)).toContain(partitionOf(today));
    expect(await dropOldDays(database.db, later, 10)).toBeGreaterThanOrEqual(1);
    expect(await listPlaces(database)).not.toContain(partitionOf(today));
    expect(await deleteOldCalls(database.db, later, 10, 100)).toBe(1);
    expect((await findCalls(database.db, { userId }, [late, kept, ahead])).map(({ id }) => id)).toEqual([kept]);
    expect(Number(await countCalls(database.db, { userId }))).toBe(1);
  });
});

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Loops'?: number;
  Plans?: PlanNode[];
}

const tablesRead = (node: PlanNode): string[] => [
  ...(node['Relation Name']?.startsWith('skill_calls') && node['Actual Loops'] !== 0 ? [node['Relation Name']] : []),
  ...(node.Plans ?? []).flatMap(tablesRead),
];

describe('a log that stands', () => {
  let url: string;
  let drop: () => Promise<void>;
  let database: Database;
  const written: string[] = [];
  const ended: string[] = [];

  beforeAll(async () => {
    const empty = await createEmptyDatabase();
    ({ url, drop } = empty);
    database = openPostgres(url);
    const migrator = new Migrator({
      db: database.db,
      provider: new FileMigrationProvider({ fs, path, migrationFolder: migrationsFolder }),
    });
    const all = (await migrator.getMigrations()).map(({ name }) => name);
    await migrator.migrateTo(all[all.indexOf('202611280941-calls-end-before-days') - 1] as string);
    await sql`
      insert into skill_calls (id, user_id, integration, endpoint, door, parameter_names, outcome, request_id, started_at)
      select 'call_' || lpad(to_hex(${Date.now() - 60 * dayMs}::bigint + n::bigint * 100000), 12, '0') || lpad(to_hex(n), 20, '0'),
        'user_stood', 'desk', 'list', 'rest', '{}', 'succeeded', 'req_1', now()
      from generate_series(1, 50000) n`.execute(database.db);
  });
  afterAll(async () => {
    await database.close();
    await drop();
  });

  it('is taken over while an older process writes and ends calls: none is lost, none is doubled, none fails', async () => {
    let over = false;
    const writeOn = async () => {
      // Prepared once, as an older process has it.
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        while (!over) {
          const id = newTimeOrderedId('call', Date.now());
          await client.query({
            name: 'admit',
            text: `insert into skill_calls (id, user_id, integration, endpoint, door, parameter_names, outcome, request_id, started_at)
              values ($1, 'user_stood', 'desk', 'list', 'rest', '{}', 'started', 'req_1', now())`,
            values: [id],
          });
          written.push(id);
          const { rowCount } = await client.query({
            name: 'complete',
            text: `update skill_calls c set outcome = d.outcome, completed_at = now()
              from jsonb_to_recordset((select $1::jsonb)) as d("callId" text, outcome text) where c.id = d."callId" and c.outcome = 'started'`,
            values: [JSON.stringify([{ callId: id, outcome: 'succeeded' }])],
          });
          if (rowCount === 1) ended.push(id);
        }
      } finally {
        await client.end();
      }
    };
    const writers = [writeOn(), writeOn(), writeOn()];
    await expect.poll(() => written.length).toBeGreaterThan(50);
    expect(await migrate(database.db)).toContain('202611280942-calls-by-day');
    const atSwitch = written.length;
    await expect.poll(() => written.length).toBeGreaterThan(atSwitch + 50);
    over = true;
    await Promise.all(writers);
    expect(ended).toHaveLength(written.length);
    const { rows } = await sql<{ calls: number; different: number; started: number }>`
      select count(*) as calls, count(distinct id) as different, count(*) filter (where outcome = 'started') as started from skill_calls`.execute(
      database.db,
    );
    expect(rows).toEqual([{ calls: 50_000 + written.length, different: 50_000 + written.length, started: 0 }]);
    expect(await listPlaces(database)).toContain('skill_calls_before_days');
    expect(await placeOf(database, written.at(-1) as string)).toBe('skill_calls_before_days');
    expect(await makeDays(database.db, today + 6 * dayMs, 3)).toBe(3);
    expect(await placeOf(database, await writeCall(database, 'user_stood', today + 8 * dayMs))).toMatch(/^skill_calls_\d{8}$/);
  });

  it('is read in one place by every statement that knows an id', async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const id = written[0] as string;
    const end = JSON.stringify([{ callId: id, outcome: 'succeeded' }]);
    const statements: [string, unknown[]][] = [
      ['select id from skill_calls where id = $1', [id]],
      ['select id from skill_calls where id = any($1)', [[id]]],
      ['select id from skill_calls where id = $1', ['call_of_nobody']],
      [
        `update skill_calls c set outcome = d.outcome from jsonb_to_recordset((select $1::jsonb)) as d("callId" text, outcome text)
          where c.id = d."callId" and c.id >= $2 and c.id <= $3`,
        [end, id, id],
      ],
    ];
    try {
      for (const mode of ['force_custom_plan', 'force_generic_plan']) {
        await client.query(`set plan_cache_mode = ${mode}`);
        for (const [text, values] of statements) {
          const { rows } = await client.query(`explain (analyze, format json) ${text}`, values);
          expect(new Set(tablesRead(rows[0]['QUERY PLAN'][0].Plan).filter((name) => name !== 'skill_calls')).size, `${mode}: ${text}`).toBe(
            1,
          );
        }
      }
      const { rows } = await client.query('explain (analyze, format json) select id from skill_calls where request_id = $1', ['req_2']);
      expect(tablesRead(rows[0]['QUERY PLAN'][0].Plan).length).toBeGreaterThan(3);
    } finally {
      await client.end();
    }
  });
});
