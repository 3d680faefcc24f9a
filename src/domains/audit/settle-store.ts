/** Queries that bring the call log to rest: lost ends and hourly counts. */
import { sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Database, Db } from '../../core/database/database.ts';

/** Counts one row of `call_hours` up, or makes it. */
export const addToHours = `
on conflict (user_id, hour, integration, endpoint, key_id, connection_id, door, outcome)
do update set calls = call_hours.calls + excluded.calls`;

export const hourTraits = `user_id, date_trunc('hour', started_at, 'UTC') as hour, integration, endpoint,
  coalesce(key_id, '') as key_id, coalesce(connection_id, '') as connection_id, door`;

/**
 * Settles the oldest stretch of the log, an hour at most: what still says started becomes unknown, and all of it is
 * counted. Nothing that began less than `staleSeconds` ago is touched. The row of `call_settlement` is locked, so no
 * stretch is counted twice however many processes try. `settled` is how many calls there were; 0: nothing is left.
 */
export async function settleStretch(db: Db, clock: Clock, staleSeconds: number): Promise<{ settled: number; lost: number }> {
  return db.transaction().execute(async (trx) => {
    const { until } = await trx.selectFrom('callSettlement').select('until').forUpdate().executeTakeFirstOrThrow();
    const next = await sql<{ until: Date | null }>`
      select least(min(started_at) + interval '1 hour', ${clock.sqlNow} - ${staleSeconds} * interval '1 second') as until
      from skill_calls where started_at > ${until} and started_at <= ${clock.sqlNow} - ${staleSeconds} * interval '1 second'
      having min(started_at) is not null`.execute(trx);
    const end = next.rows[0]?.until;
    if (!end) return { settled: 0, lost: 0 };
    const lost = await sql`
      update skill_calls set outcome = 'unknown', completed_at = ${clock.sqlNow}
      where outcome = 'started' and started_at > ${until} and started_at <= ${end}`.execute(trx);
    const { rows } = await sql<{ calls: number }>`
      with counted as (
        select ${sql.raw(hourTraits)}, outcome, count(*)::int as calls from skill_calls
        where started_at > ${until} and started_at <= ${end} group by 1, 2, 3, 4, 5, 6, 7, 8
      ), added as (
        insert into call_hours (user_id, hour, integration, endpoint, key_id, connection_id, door, outcome, calls)
        select * from counted ${sql.raw(addToHours)}
      )
      select coalesce(sum(calls), 0)::bigint as calls from counted`.execute(trx);
    await trx.updateTable('callSettlement').set({ until: end }).execute();
    return { settled: (rows[0] as { calls: number }).calls, lost: Number(lost.numAffectedRows ?? 0) };
  });
}

/** How a call ended. */
export interface CompletedCall {
  callId: string;
  outcome: 'succeeded' | 'upstream_failed' | 'refused' | 'failed' | 'unknown';
  /** Skillett's code, when it is the one that failed, or `client_gone`. */
  errorCode?: string | undefined;
  upstreamStatus?: number | undefined;
  responseBytes?: number | undefined;
  upstreamMs?: number | undefined;
  totalMs: number;
}

const setEnd = `outcome = d.outcome, error_code = d."errorCode", upstream_status = d."upstreamStatus",
  response_bytes = d."responseBytes", upstream_ms = round(d."upstreamMs"), total_ms = round(d."totalMs")`;

/** Of the ends as JSON: a `CompletedCall` each. */
const endColumns = `("callId" text, outcome text, "errorCode" text, "upstreamStatus" smallint, "responseBytes" bigint,
  "upstreamMs" float8, "totalMs" float8)`;

const completeText = `
with completed as (
  update skill_calls c set ${setEnd}, completed_at = now() + $1::float8 * interval '1 millisecond'
  from jsonb_to_recordset((select $2::jsonb)) as d${endColumns}
  where c.id = d."callId" and c.outcome = 'started' and c.id >= $3 and c.id <= $4
  returning 1
)
select count(*)::int as calls from completed`;

/** The first and the last id, by which a statement finds the days that it has to look into. */
function endsOf(calls: readonly CompletedCall[]): [string, string] {
  const ids = calls.map(({ callId }) => callId).sort();
  return [ids[0] ?? '', ids.at(-1) ?? ''];
}

/** Writes how calls ended that say started, and returns how many did. */
export async function completeCalls(database: Database, clock: Clock, ends: readonly CompletedCall[]): Promise<number> {
  const [completed] = await database.statement<{ calls: number }>('complete', completeText, [
    clock.offsetMs,
    JSON.stringify(ends),
    ...endsOf(ends),
  ]);
  return (completed as { calls: number }).calls;
}

/** Ends that arrive after their calls had been given up as unknown: the rows and the counts are put right. */
export async function correctUnknownCalls(db: Db, clock: Clock, ends: readonly CompletedCall[]): Promise<void> {
  const [first, last] = endsOf(ends);
  await db.transaction().execute(async (trx) => {
    await trx.selectFrom('callSettlement').select('until').forUpdate().execute();
    await sql`
      with corrected as (
        update skill_calls c set ${sql.raw(setEnd)}, completed_at = ${clock.sqlNow}
        from jsonb_to_recordset(${JSON.stringify(ends)}::jsonb) as d${sql.raw(endColumns)}
        where c.id = d."callId" and c.outcome in ('started', 'unknown') and d.outcome <> 'unknown'
          and c.id >= ${first} and c.id <= ${last}
        returning c.*
      ), counted as (
        select ${sql.raw(hourTraits)}, outcome from corrected where started_at <= (select until from call_settlement)
      )
      insert into call_hours (user_id, hour, integration, endpoint, key_id, connection_id, door, outcome, calls)
      select user_id, hour, integration, endpoint, key_id, connection_id, door, outcome, count(*)::int from counted group by 1, 2, 3, 4, 5, 6, 7, 8
      union all
      select user_id, hour, integration, endpoint, key_id, connection_id, door, 'unknown', -count(*)::int from counted group by 1, 2, 3, 4, 5, 6, 7
      ${sql.raw(addToHours)}`.execute(trx);
    await sql`delete from call_hours where calls = 0 and outcome = 'unknown'`.execute(trx);
  });
}

/** What these calls have called, by id. Calls that are not in the log are left out. */
export async function findCalledEndpoints(
  db: Db,
  callIds: readonly string[],
): Promise<Map<string, { integration: string; endpoint: string }>> {
  if (callIds.length === 0) return new Map();
  const rows = await db.selectFrom('skillCalls').select(['id', 'integration', 'endpoint']).where('id', 'in', callIds).execute();
  return new Map(rows.map(({ id, integration, endpoint }) => [id, { integration, endpoint }]));
}
