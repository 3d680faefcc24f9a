/**
 * Queries of the days of the call log. `skill_calls` is partitioned by range of `id`, which begins with the time of its making, so
 * that whoever knows an id has named its day (UTC). `skill_calls_before_days` is what stood there before that; `skill_calls_other`
 * takes what belongs to no day that is made, and is empty as a rule.
 */
import { sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database/database.ts';
import { addToHours, hourTraits } from './settle-store.ts';

const dayMs = 86_400_000;
const lockMsMax = 200;

/** Ids made at `ms` or later are not below this. */
const idAt = (ms: number) => `call_${ms.toString(16).padStart(12, '0')}`;

interface Day {
  name: string;
  /** First moment of the next day. */
  endMs: number;
}

/** Partitions but `skill_calls_other`, the oldest first. */
async function listDays(db: Db): Promise<Day[]> {
  const { rows } = await sql<Day>`
    select name, ('x' || substr(substring(bound from $$TO .'(call_[0-9a-f]{12})'$$), 6))::bit(48)::bigint as end_ms
    from (
      select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'skill_calls'::regclass
    ) p where bound <> 'DEFAULT' order by end_ms`.execute(db);
  return rows.map(({ name, endMs }) => ({ name, endMs: Number(endMs) }));
}

/** Makes today and the days after it, as far as they are missing. Fails where a lock is not to be had in time. */
export async function makeDays(db: Db, nowMs: number, ahead: number): Promise<number> {
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const lastEnd = (await listDays(db)).at(-1)?.endMs ?? 0;
  let made = 0;
  for (let day = Math.max(lastEnd, today); day <= today + ahead * dayMs; day += dayMs) {
    await makeDay(db, day);
    made++;
  }
  return made;
}

/**
 * Attaches a table, which locks the log less than making it in place. Calls of that day which had no table yet move into it; the
 * table of such calls is locked meanwhile, so that an end which is written then waits and finds its call.
 */
async function makeDay(db: Db, day: number): Promise<void> {
  const name = `skill_calls_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`;
  const [first, end] = [idAt(day), idAt(day + dayMs)];
  await db.transaction().execute(async (trx) => {
    await sql.raw(`set local lock_timeout = ${lockMsMax}`).execute(trx);
    await sql`lock table skill_calls in share update exclusive mode`.execute(trx);
    if ((await listDays(trx)).some((other) => other.endMs > day)) return;
    await sql.raw(`create table ${name} (like skill_calls including constraints) with (fillfactor = 80)`).execute(trx);
    await sql`lock table skill_calls_other in access exclusive mode`.execute(trx);
    await sql`
      with moved as (delete from skill_calls_other where id >= ${first} and id < ${end} returning *)
      insert into ${sql.table(name)} select * from moved`.execute(trx);
    await sql.raw(`alter table skill_calls attach partition ${name} for values from ('${first}') to ('${end}')`).execute(trx);
  });
}

/** The first moment that is kept: calls are kept `days` days, and the day in which these ended. */
function firstKept(clock: Clock, days: number) {
  return sql<Date>`date_trunc('day', ${clock.sqlNow} - ${days} * interval '1 day', 'UTC')`;
}

/**
 * Drops the days that are over for `days` days, and returns how many. Fails where a lock is not to be had in time: dropping waits
 * for whoever reads the log, and nobody is to wait behind it.
 */
export async function dropOldDays(db: Db, clock: Clock, days: number): Promise<number> {
  const { rows } = await sql<{ ms: number }>`select (extract(epoch from ${firstKept(clock, days)}) * 1000)::bigint as ms`.execute(db);
  const old = (await listDays(db)).filter(({ endMs }) => endMs <= Number(rows[0]?.ms));
  for (const day of old) await dropDay(db, day);
  return old.length;
}

/** Calls that began after midnight under an id made before it go with their day, so the next day counts them no more. */
async function dropDay(db: Db, { name, endMs }: Day): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql.raw(`set local lock_timeout = ${lockMsMax}`).execute(trx);
    await trx.selectFrom('callSettlement').select('until').forUpdate().execute();
    if (!(await listDays(trx)).some((day) => day.name === name)) return;
    await sql`
      insert into call_hours (user_id, hour, integration, endpoint, key_id, connection_id, door, outcome, calls)
      select ${sql.raw(hourTraits)}, outcome, -count(*)::int from ${sql.table(name)}
      where started_at >= ${new Date(endMs)} and started_at <= (select until from call_settlement) group by 1, 2, 3, 4, 5, 6, 7, 8
      ${sql.raw(addToHours)}`.execute(trx);
    await sql`delete from call_hours where calls = 0 and hour >= ${new Date(endMs)} and hour < ${new Date(endMs + dayMs)}`.execute(trx);
    await sql.raw(`drop table ${name}`).execute(trx);
  });
}

/**
 * Deletes old calls that stand in no day of their own or in a younger one, `limit` at most, and old counts. Returns how many calls
 * went. They are found by the time in their ids, which is a process's and may differ from the database's by an hour.
 */
export async function deleteOldCalls(db: Db, clock: Clock, days: number, limit: number): Promise<number> {
  const end = firstKept(clock, days);
  const deleted = await sql`
    delete from skill_calls where id = any(array(
      select id from skill_calls
      where id < 'call_' || lpad(to_hex((extract(epoch from ${end}) * 1000)::bigint + 3600000), 12, '0') and started_at < ${end}
      order by id limit ${limit}
    ))`.execute(db);
  const count = Number(deleted.numAffectedRows ?? 0);
  if (count < limit) await sql`delete from call_hours where hour < ${end}`.execute(db);
  return count;
}

/** Lets the indexes by time know the newest pages, where no autovacuum does it. */
export async function indexNewCalls(db: Db): Promise<void> {
  await sql`select brin_summarize_new_values(inhrelid) from pg_inherits where inhparent = 'skill_calls_by_time'::regclass`.execute(db);
}
