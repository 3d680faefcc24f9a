import { CamelCasePlugin, type CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Db } from '../../src/core/database/database.ts';
import type { Tables } from '../../src/core/database/tables.ts';
import type { Principal } from '../../src/core/principal.ts';
import { listCallLog } from '../../src/domains/audit/calls.ts';
import { type CallFilter, countCalls, groupCalls, listCalls } from '../../src/domains/audit/store.ts';
import { listConnectionsTouched, listTouched } from '../../src/domains/audit/touched-store.ts';
import { createTestDatabase } from '../support/database.ts';

const rowCount = 200_000;

let drop: () => Promise<void>;
let pool: pg.Pool;
let db: Db;
const queries: CompiledQuery[] = [];

beforeAll(async () => {
  const made = await createTestDatabase();
  drop = made.drop;
  // A connection as PostgreSQL gives it, without the setting that makes it prefer indexes (docs/decisions/0005).
  pool = new pg.Pool({ connectionString: made.url, max: 1 });
  db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
    log: (event) => void queries.push(event.query),
  });
  // A year of one busy user among a hundred: every fourth call is its own.
  await sql`
    insert into skill_calls (id, user_id, key_id, integration, endpoint, door, parameter_names, outcome, error_code, request_id, started_at, completed_at)
    select 'call_' || lpad(to_hex(n), 12, '0'), case when n % 4 = 0 then 'user_busy' else 'user_' || n % 97 end, 'key_' || n % 13,
      case when n % 5000 = 0 then 'rare' else 'desk' end, 'endpoint_' || n % 7, 'rest', '{}',
      case when n % 50 = 0 then 'refused' else 'succeeded' end, case when n % 50 = 0 then 'rate_limited' end, 'req_1', moment, moment
    from generate_series(1, ${sql.lit(rowCount)}) n, lateral (select now() - n * interval '150 seconds' as moment) m`.execute(db);
  await sql`
    insert into call_hours
    select user_id, date_trunc('hour', started_at, 'UTC'), integration, endpoint, key_id, '', door, outcome, count(*)
    from skill_calls where started_at < now() - interval '1 hour' group by 1, 2, 3, 4, 5, 6, 7, 8`.execute(db);
  await sql`update call_settlement set until = (select max(started_at) from skill_calls where started_at < now() - interval '1 hour')`.execute(
    db,
  );
  await sql`analyze`.execute(db);
}, 60_000);
afterAll(async () => {
  await db.destroy();
  await drop();
});

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

interface Cost {
  /** Rows read from the two tables that grow, kept or not. */
  rows: number;
  /** Tables that were read from end to end. */
  scanned: string[];
}

/** What the queries of `run` read, by PostgreSQL's own account. */
async function costOf(run: () => Promise<unknown>): Promise<Cost> {
  queries.length = 0;
  await run();
  const cost: Cost = { rows: 0, scanned: [] };
  for (const { sql: text, parameters } of [...queries]) {
    const { rows } = await pool.query(`explain (analyze, format json) ${text}`, [...parameters]);
    addCost(rows[0]['QUERY PLAN'][0].Plan, cost);
  }
  return cost;
}

function addCost(node: PlanNode, cost: Cost): void {
  const table = node['Relation Name'];
  if (table?.startsWith('skill_calls') || table === 'call_hours') {
    const rows = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
    cost.rows += rows;
    // A day of a few calls is one page, whichever way it is read.
    if (node['Node Type'].includes('Seq Scan') && rows > 10) cost.scanned.push(table.replace(/_(before_days|other|\d{8})$/, ''));
  }
  for (const inner of node.Plans ?? []) addCost(inner, cost);
}

const busy: CallFilter = { userId: 'user_busy' };
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000);

it('the measure finds a table that is read from end to end', async () => {
  const cost = await costOf(() => sql`select count(*) from skill_calls where request_id = 'req_2'`.execute(db));
  expect(cost).toEqual({ rows: expect.any(Number), scanned: expect.arrayContaining(['skill_calls']) });
  expect(cost.rows).toBeGreaterThanOrEqual(rowCount / 2);
});

it.each<[string, CallFilter, number]>([
  ['the first page', busy, 200],
  ['a page of another user', { userId: 'user_5' }, 200],
  ['a page of a key', { ...busy, keyId: 'key_3' }, 3_000],
  ['a page of refusals', { ...busy, outcomes: ['refused'] }, 8_000],
  ['a page of failures of every kind', { ...busy, outcomes: ['refused', 'failed', 'upstream_failed', 'unknown'] }, 8_000],
  ['a page of refusals for one reason', { ...busy, errorCodes: ['rate_limited'] }, 3_000],
  ['a page of refusals for a reason that there never was', { ...busy, errorCodes: ['conflict'] }, 3_000],
  ['a page of an integration that is used once a week', { ...busy, integration: 'rare' }, 4_000],
  ['a page of an integration that was never used', { ...busy, integration: 'never' }, 2_000],
  ['a page of one day', { ...busy, since: day(101), until: day(100) }, 200],
])('%s is read by indexes, and little of the log', async (_what, filter, rowsMax) => {
  const cost = await costOf(() => listCalls(db, filter, undefined, 26));
  expect(cost.scanned).toEqual([]);
  expect(cost.rows).toBeLessThan(rowsMax);
});

it('a page deep in the log costs what the first one does', async () => {
  const startedAt = new Date(Math.floor(day(300).getTime()));
  const rows = await listCalls(db, busy, { startedAt, id: 'call_x' }, 26);
  expect(rows).toHaveLength(26);
  expect(rows.every((row) => row.startedAt <= startedAt)).toBe(true);
  const cost = await costOf(() => listCalls(db, busy, { startedAt, id: 'call_x' }, 26));
  expect(cost.scanned).toEqual([]);
  expect(cost.rows).toBeLessThan(200);
});

it.each<[string, CallFilter]>([
  ['all calls of a user', { userId: 'user_5' }],
  ['those of a day', { ...busy, since: day(101), until: day(100) }],
  ['those of some minutes', { ...busy, since: new Date(Date.now() - 90 * 60_000), until: new Date(Date.now() - 80 * 60_000) }],
])('counting %s reads indexes, and the log only where no hour is counted', async (_what, filter) => {
  const exact = await db
    .selectFrom('skillCalls')
    .select(sql<string>`count(*)`.as('calls'))
    .where('userId', '=', filter.userId)
    .$if(filter.since !== undefined, (query) => query.where('startedAt', '>=', filter.since as Date))
    .$if(filter.until !== undefined, (query) => query.where('startedAt', '<', filter.until as Date))
    .executeTakeFirstOrThrow();
  expect(Number(await countCalls(db, filter))).toBe(Number(exact.calls));
  const cost = await costOf(() => countCalls(db, filter));
  expect(cost.scanned).toEqual([]);
  expect(cost.rows).toBeLessThan(2_500);
  const grouped = await costOf(() => groupCalls(db, filter, ['day', 'outcome'], 1_001));
  expect(grouped.scanned).toEqual([]);
  expect(grouped.rows).toBeLessThan(2_500);
});

it('a page is read without counting all pages, which whoever asks for the total does once', async () => {
  const principal = { kind: 'session', userId: 'user_busy', keyId: undefined } as Principal;
  const { total } = await listCallLog(db, principal, {}, { first: 25 });
  const page = await costOf(() => listCallLog(db, principal, {}, { first: 25 }));
  expect(page.rows).toBeLessThan(200);
  queries.length = 0;
  const count = total as () => Promise<number>;
  expect((await Promise.all([count(), count()])).map(Number)).toEqual([rowCount / 4, rowCount / 4]);
  expect(queries).toHaveLength(1);
});

it('the counts of a month of a busy user are read by an index', async () => {
  const month = { ...busy, since: day(130), until: day(100) };
  const cost = await costOf(() => groupCalls(db, month, ['integration', 'outcome'], 1_001));
  expect(cost.scanned).toEqual([]);
  expect(cost.rows).toBeLessThan(6_000);
});

it('what a key has reached since yesterday reads no more than since yesterday', async () => {
  const cost = await costOf(() => listTouched(db, 'key_3', day(1), 1_000));
  expect(cost.scanned).toEqual([]);
  expect(cost.rows).toBeLessThan(1_000);
});

it('the connections that a key has used are found without reading the log', async () => {
  await sql`
    insert into call_hours (user_id, hour, integration, endpoint, key_id, connection_id, door, outcome, calls)
    values ('user_busy', date_trunc('hour', now() - interval '200 days'), 'desk', 'list', 'key_lost', 'conn_long_ago', 'rest', 'succeeded', 1)`.execute(
    db,
  );
  await sql`
    insert into skill_calls (id, user_id, key_id, connection_id, integration, endpoint, door, parameter_names, outcome, request_id, started_at)
    values ('call_now', 'user_busy', 'key_lost', 'conn_just_now', 'desk', 'list', 'rest', '{}', 'started', 'req_1', now())`.execute(db);
  expect((await listConnectionsTouched(db, 'key_lost')).sort()).toEqual(['conn_just_now', 'conn_long_ago']);
  expect(await listConnectionsTouched(db, 'key_4')).toEqual([]);
  const cost = await costOf(() => listConnectionsTouched(db, 'key_lost'));
  expect(cost.scanned).toEqual([]);
  expect(cost.rows).toBeLessThan(200);
});
