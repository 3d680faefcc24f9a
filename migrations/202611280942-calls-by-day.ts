import { type Kysely, sql } from 'kysely';

const dayMs = 86_400_000;
const idAt = (ms: number) => `call_${ms.toString(16).padStart(12, '0')}`;

/**
 * `skill_calls` becomes a table of partitions by the day in the id. What stood there is its first partition; statements of older
 * processes name the table and its columns as before. Nothing is read or copied, so the lock on the log lasts for milliseconds.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '2s'`.execute(db);
  await sql`lock table skill_calls in access exclusive mode`.execute(db);
  const { rows } = await sql<{ boundary: string; empty: boolean; now: string }>`
    select substring(pg_get_constraintdef(oid) from 'call_[0-9a-f]{12}') as boundary,
      not exists (select from skill_calls) as empty, floor(extract(epoch from now()) * 1000)::text as now
    from pg_constraint where conname = 'skill_calls_before_days' and conrelid = 'skill_calls'::regclass`.execute(db);
  const found = rows[0] as { boundary: string; empty: boolean; now: string };
  const today = Math.floor(Number(found.now) / dayMs) * dayMs;
  // An empty log, as of a new installation, is divided from today on.
  const boundary = found.empty ? today : Number.parseInt(found.boundary.slice(5), 16);
  await setAside(db);
  await sql`create table skill_calls (like skill_calls_before_days including constraints) partition by range (id)`.execute(db);
  await sql`alter table skill_calls drop constraint skill_calls_before_days`.execute(db);
  await sql`alter table skill_calls add primary key (id)`.execute(db);
  await sql`create index skill_calls_by_user on skill_calls (user_id, started_at)`.execute(db);
  await sql`create index skill_calls_by_time on skill_calls using brin (started_at) with (pages_per_range = 32, autosummarize = on)`.execute(
    db,
  );
  await sql`create index skill_calls_failed on skill_calls (user_id, started_at, id) where error_code is not null`.execute(db);
  await sql
    .raw(`alter table skill_calls attach partition skill_calls_before_days for values from (minvalue) to ('${idAt(boundary)}')`)
    .execute(db);
  await sql`alter table skill_calls_before_days drop constraint skill_calls_before_days`.execute(db);
  await sql`create table skill_calls_other partition of skill_calls default with (fillfactor = 80)`.execute(db);
  for (let day = boundary; day <= today + 3 * dayMs; day += dayMs) {
    const name = `skill_calls_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`;
    await sql
      .raw(
        `create table ${name} partition of skill_calls for values from ('${idAt(day)}') to ('${idAt(day + dayMs)}') with (fillfactor = 80)`,
      )
      .execute(db);
  }
}

async function setAside(db: Kysely<unknown>): Promise<void> {
  await sql`alter table skill_calls rename to skill_calls_before_days`.execute(db);
  for (const index of ['pkey', 'by_user', 'by_time', 'failed']) {
    await sql.raw(`alter index skill_calls_${index} rename to skill_calls_before_days_${index}`).execute(db);
  }
}
