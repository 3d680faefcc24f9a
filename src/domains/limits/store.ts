/** Queries of the counters. */
import { sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Database, Db } from '../../core/database/database.ts';

const countRequestText = `
insert into minute_counters as m (holder_id, minute, requests, last_used_at)
select $1, date_trunc('minute', at, 'UTC'), 1, at from (select now() + $2::float8 * interval '1 millisecond' as at) clock
on conflict (holder_id) do update set
  minute = greatest(m.minute, excluded.minute),
  executions = case when m.minute < excluded.minute then 0 else m.executions end,
  requests = case when m.minute < excluded.minute then 0 else m.requests end + 1,
  last_used_at = greatest(m.last_used_at, excluded.last_used_at)
returning requests, ceil(extract(epoch from minute + interval '1 minute' - last_used_at))::int as reset_seconds`;

/** Counts a request in the holder's current minute; `requests` is how many there were with this one. */
export async function countRequestOf(
  database: Database,
  clock: Clock,
  holderId: string,
): Promise<{ requests: number; resetSeconds: number }> {
  const [row] = await database.statement<{ requests: number; reset_seconds: number }>('count-request', countRequestText, [
    holderId,
    clock.offsetMs,
  ]);
  const counted = row as { requests: number; reset_seconds: number };
  return { requests: counted.requests, resetSeconds: Math.max(1, counted.reset_seconds) };
}

export async function findLastUses(db: Db, holderIds: readonly string[]): Promise<Map<string, Date>> {
  const rows = await db.selectFrom('minuteCounters').select(['holderId', 'lastUsedAt']).where('holderId', 'in', holderIds).execute();
  return new Map(rows.map((row) => [row.holderId, row.lastUsedAt]));
}

/**
 * Registers a hit of an identity unless `max` were let through within the window before, and says which it was: one
 * statement, so that no two hits decide on the same count. `hits` holds only those let through.
 */
const registerHitText = `
insert into guarded_hits as g (identity, hits, granted, expires_at)
select $1, array[t], true, to_timestamp(t + $3) from (select extract(epoch from now())::float8 + $4::float8 / 1000 as t) clock
on conflict (identity) do update set
  hits = case when cardinality(recent(g.hits)) < $2 then recent(g.hits) || excluded.hits else recent(g.hits) end,
  granted = cardinality(recent(g.hits)) < $2,
  expires_at = excluded.expires_at
returning granted, cardinality(hits) as hits, ceil(hits[1] + $3 - extract(epoch from now()) - $4::float8 / 1000)::int as wait_seconds`.replaceAll(
  'recent(g.hits)',
  'array(select hit from unnest(g.hits) hit where hit > excluded.hits[1] - $3 order by hit)',
);

export interface RegisteredHit {
  granted: boolean;
  /** How many were let through before this one, within the window. */
  before: number;
  /** Until the oldest of them leaves the window. */
  waitSeconds: number;
}

export async function registerHit(
  database: Database,
  clock: Clock,
  identity: string,
  max: number,
  windowSeconds: number,
): Promise<RegisteredHit> {
  const [row] = await database.statement<{ granted: boolean; hits: number; wait_seconds: number }>('register-hit', registerHitText, [
    identity,
    max,
    windowSeconds,
    clock.offsetMs,
  ]);
  const { granted, hits, wait_seconds } = row as { granted: boolean; hits: number; wait_seconds: number };
  return { granted, before: granted ? hits - 1 : hits, waitSeconds: Math.max(1, wait_seconds) };
}

export async function deleteHits(db: Db, identity: string): Promise<void> {
  await db.deleteFrom('guardedHits').where('identity', '=', identity).execute();
}

export async function deleteLastHit(db: Db, identity: string): Promise<void> {
  await db
    .updateTable('guardedHits')
    .set({ hits: sql`trim_array(hits, least(1, cardinality(hits)))` })
    .where('identity', '=', identity)
    .execute();
}

/** Executions in the minute and in the UTC day that are now. */
export async function readCounters(
  db: Db,
  clock: Clock,
  holderId: string,
  userId: string,
): Promise<{ minute: number; day: number; minuteEndsAt: Date; dayEndsAt: Date }> {
  const { rows } = await sql<{ minute: number; day: number; minuteEndsAt: Date; dayEndsAt: Date }>`
    select
      coalesce((select executions from minute_counters where holder_id = ${holderId} and minute >= date_trunc('minute', at, 'UTC')), 0) as minute,
      coalesce((select executions from day_counters where user_id = ${userId} and day >= (at at time zone 'UTC')::date), 0) as day,
      date_trunc('minute', at, 'UTC') + interval '1 minute' as minute_ends_at,
      date_trunc('day', at, 'UTC') + interval '1 day' as day_ends_at
    from (select ${clock.sqlNow} as at) clock`.execute(db);
  return rows[0] as { minute: number; day: number; minuteEndsAt: Date; dayEndsAt: Date };
}

/** Deletes what guards remember beyond their windows. Returns how many rows went. */
export async function deleteExpiredHits(db: Db, clock: Clock): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('guardedHits')
    .where(sql<boolean>`expires_at <= ${clock.sqlNow}`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Deletes minute counters of sessions that have been idle for a day. Returns how many rows went. */
export async function deleteSessionCounters(db: Db, clock: Clock): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('minuteCounters')
    .where('holderId', 'like', 'sess\\_%')
    .where(sql<boolean>`last_used_at < ${clock.sqlNow} - interval '1 day'`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
