import { type Kysely, sql } from 'kysely';

/** Counters are one row a holder, updated in place; fillfactor leaves room for such updates within the page. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table minute_counters (
      holder_id text primary key,
      minute timestamptz not null,
      executions integer not null default 0,
      allowance integer not null default 0,
      requests integer not null default 0,
      last_used_at timestamptz not null
    ) with (fillfactor = 50)`.execute(db);
  await sql`
    create table day_counters (
      user_id text primary key,
      day date not null,
      executions integer not null default 0,
      allowance integer not null default 0
    ) with (fillfactor = 50)`.execute(db);
  await sql`
    create table guarded_hits (
      identity text primary key,
      hits double precision[] not null,
      granted boolean not null,
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create index guarded_hits_by_expiry on guarded_hits (expires_at)`.execute(db);
}
