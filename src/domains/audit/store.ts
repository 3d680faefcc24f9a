/** Queries of the call log, of its hourly counts, and of the audit trail. */
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Db } from '../../core/database/database.ts';
import type { SkillCallsTable } from '../../core/database/tables.ts';
import type { AuditEntry } from './audit.ts';

export async function insertAuditRow(trx: Db, id: string, entry: AuditEntry): Promise<void> {
  await trx
    .insertInto('auditRows')
    .values({ ...entry, id, details: JSON.stringify(entry.details) })
    .execute();
}

export type Call = Omit<Selectable<SkillCallsTable>, 'parameterHash' | 'userId'>;

const callColumns = [
  'id',
  'keyId',
  'connectionId',
  'account',
  'integration',
  'endpoint',
  'path',
  'door',
  'idempotencyKey',
  'parameterNames',
  'outcome',
  'errorCode',
  'upstreamStatus',
  'responseBytes',
  'upstreamMs',
  'totalMs',
  'requestId',
  'startedAt',
  'completedAt',
] as const;

/** What calls are filtered and counted by. */
export interface CallTraits {
  integration?: string | undefined;
  endpoint?: string | undefined;
  keyId?: string | undefined;
  connectionId?: string | undefined;
  door?: SkillCallsTable['door'] | undefined;
  /** One of these. */
  outcomes?: readonly SkillCallsTable['outcome'][] | undefined;
}

export interface CallFilter extends CallTraits {
  userId: string;
  /** Failed or refused for one of these. */
  errorCodes?: readonly string[] | undefined;
  /** Started then or later. */
  since?: Date | undefined;
  /** Started before. */
  until?: Date | undefined;
}

const traitNames = ['integration', 'endpoint', 'keyId', 'connectionId', 'door'] as const;

function hasTraits(filter: CallTraits): boolean {
  return filter.outcomes !== undefined || traitNames.some((name) => filter[name] !== undefined);
}

type Condition = RawBuilder<unknown>;

const all = (conditions: Condition[]): Condition => sql.join(conditions, sql` and `);

/** Undefined for a call of somebody else, or of another key where the filter names one. */
export async function findCall(db: Db, filter: CallFilter, id: string): Promise<Call | undefined> {
  return (await selectCalls(db, filter, undefined, 1, [sql`id = ${id}`]))[0];
}

export async function findCalls(db: Db, filter: CallFilter, ids: readonly string[]): Promise<Call[]> {
  return selectCalls(db, filter, undefined, ids.length, [sql`id = any(${ids})`]);
}

/** The same conditions for `skill_calls` and for `call_hours`. */
function traitsOf(filter: CallFilter): Condition[] {
  const given = traitNames.flatMap((name) => (filter[name] === undefined ? [] : [sql`${sql.ref(name)} = ${filter[name]}`]));
  if (filter.outcomes) given.push(sql`outcome = any(${filter.outcomes})`);
  return [sql`user_id = ${filter.userId}`, ...given];
}

const settledUntil = sql<Date>`(select until from call_settlement)`;

/** Where a page of calls goes on: after this one, towards the past. */
export type CallPosition = { startedAt: Date; id: string };

/**
 * Calls that match, the latest first, at most `limit`. Where only few of many match, the hourly counts name the hours to
 * look into, so that the log is not read from end to end; failures have an index of their own.
 */
export async function listCalls(db: Db, filter: CallFilter, after: CallPosition | undefined, limit: number): Promise<Call[]> {
  if (filter.errorCodes || !hasTraits(filter)) return selectCalls(db, filter, after, limit, []);
  const { until: settled } = await db.selectFrom('callSettlement').select('until').executeTakeFirstOrThrow();
  const fresh = await selectCalls(db, filter, after, limit, [sql`started_at > ${settled}`]);
  if (fresh.length === limit) return fresh;
  const older = await selectSettledCalls(db, filter, after, limit - fresh.length, settled);
  return [...fresh, ...older];
}

/** Of `skill_calls` alone; the index of failures is found by its own words. */
function failureOf({ errorCodes }: CallFilter): Condition[] {
  return errorCodes ? [sql`error_code is not null`, sql`error_code = any(${errorCodes})`] : [];
}

function callConditions(filter: CallFilter, after: CallPosition | undefined): Condition[] {
  const conditions = [...traitsOf(filter), ...failureOf(filter)];
  if (filter.since) conditions.push(sql`started_at >= ${filter.since}`);
  if (filter.until) conditions.push(sql`started_at < ${filter.until}`);
  if (after) conditions.push(sql`started_at <= ${after.startedAt}`, sql`(started_at, id) < (${after.startedAt}, ${after.id})`);
  return conditions;
}

function selectCalls(db: Db, filter: CallFilter, after: CallPosition | undefined, limit: number, more: Condition[]): Promise<Call[]> {
  return db
    .selectFrom('skillCalls')
    .select(callColumns)
    .where(sql<boolean>`${all([...callConditions(filter, after), ...more])}`)
    .orderBy('startedAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute() as Promise<Call[]>;
}

/** Every hour that is counted holds at least one, save the two in which `after` and `since` lie. */
async function selectSettledCalls(
  db: Db,
  filter: CallFilter,
  after: CallPosition | undefined,
  limit: number,
  settled: Date,
): Promise<Call[]> {
  const hours = traitsOf(filter);
  if (filter.since) hours.push(sql`hour > ${filter.since}::timestamptz - interval '1 hour'`);
  for (const end of [filter.until, after?.startedAt]) if (end) hours.push(sql`hour <= ${end}`);
  const { rows } = await sql<Call>`
    select c.* from (
      select distinct hour from call_hours where ${all(hours)} order by hour desc limit ${limit + 2}
    ) h cross join lateral (
      select ${sql.join(callColumns.map((name) => sql.ref(name)))} from skill_calls
      where started_at >= h.hour and started_at < h.hour + interval '1 hour' and started_at <= ${settled}
        and ${all(callConditions(filter, after))}
      order by started_at desc, id desc limit ${limit}
    ) c
    order by c.started_at desc, c.id desc limit ${limit}`.execute(db);
  return rows;
}

/** How many calls match, over all pages. Exact, and read from the hourly counts but for what is not settled and for broken hours at the ends. */
export async function countCalls(db: Db, filter: CallFilter): Promise<number> {
  const { rows } = await sql<{ calls: number }>`select coalesce(sum(calls), 0)::bigint as calls from ${countedCalls(filter)} c`.execute(db);
  return (rows[0] as { calls: number }).calls;
}

export const callDimensions = ['day', 'integration', 'endpoint', 'keyId', 'outcome'] as const;
export type CallDimension = (typeof callDimensions)[number];

export type CallCount = { [dimension in CallDimension]?: string } & { calls: number };

/** Calls that match, counted by one or more dimensions, at most `limit` groups. A call without a key has the `keyId` `''`. */
export async function groupCalls(db: Db, filter: CallFilter, by: readonly CallDimension[], limit: number): Promise<CallCount[]> {
  const groups = by.map((dimension) =>
    dimension === 'day' ? sql`to_char(hour at time zone 'UTC', 'YYYY-MM-DD')` : sql`${sql.ref(dimension)}`,
  );
  const named = groups.map((group, at) => sql`${group} as ${sql.id(by[at] as string)}`);
  const { rows } = await sql<CallCount>`
    select ${sql.join(named)}, sum(calls)::bigint as calls from ${countedCalls(filter)} c
    group by ${sql.join(groups)} order by ${sql.join(groups)} limit ${limit}`.execute(db);
  return rows;
}

/** Rows of hour, traits and number of calls that cover the filter's time exactly. The hourly counts do not tell failures apart. */
function countedCalls(filter: CallFilter): RawBuilder<unknown> {
  const { since, until } = filter;
  const firstHour = since && new Date(Math.ceil(since.getTime() / hourMs) * hourMs);
  const lastHour = until && new Date(Math.floor(until.getTime() / hourMs) * hourMs);
  const traits = traitsOf(filter);
  const columns = sql`integration, endpoint, key_id, connection_id, door, outcome`;
  const live = (conditions: Condition[]) => sql`
    select date_trunc('hour', started_at, 'UTC') as hour, integration, endpoint, coalesce(key_id, '') as key_id,
      coalesce(connection_id, '') as connection_id, door, outcome, 1 as calls
    from skill_calls where ${all([...traits, ...conditions])}`;
  if (filter.errorCodes) {
    const bounds = [...(since ? [sql`started_at >= ${since}`] : []), ...(until ? [sql`started_at < ${until}`] : [])];
    return sql`(${live([...failureOf(filter), ...bounds])})`;
  }
  if (since && until && (firstHour as Date) > (lastHour as Date)) {
    return sql`(${live([sql`started_at >= ${since}`, sql`started_at < ${until}`])})`;
  }
  const hours = [...traits];
  const fresh: Condition[] = [sql`started_at > ${settledUntil}`];
  const parts: RawBuilder<unknown>[] = [];
  if (firstHour) {
    hours.push(sql`hour >= ${firstHour}`);
    fresh.push(sql`started_at >= ${firstHour}`);
    parts.push(live([sql`started_at >= ${since}`, sql`started_at < ${firstHour}`]));
  }
  if (lastHour) {
    hours.push(sql`hour < ${lastHour}`);
    fresh.push(sql`started_at < ${lastHour}`);
    parts.push(live([sql`started_at >= ${lastHour}`, sql`started_at < ${until}`]));
  }
  parts.unshift(sql`select hour, ${columns}, calls from call_hours where ${all(hours)}`, live(fresh));
  return sql`(${sql.join(parts, sql` union all `)})`;
}

const hourMs = 3_600_000;
