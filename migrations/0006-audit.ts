import { type Kysely, sql } from 'kysely';

/**
 * skill_calls: a row for every call that passed authentication. No index names a column that completion changes, so that
 * the update stays within its page (HOT).
 * call_hours: settled calls counted by user, hour and what people filter by; all calls that started up to
 * `call_settlement.until` are in it.
 * audit_rows: changes of keys, connections, plans and settings.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table skill_calls (
      id text primary key,
      user_id text not null,
      key_id text,
      connection_id text,
      account text,
      integration text not null,
      endpoint text not null,
      door text not null,
      idempotency_key text,
      parameter_names text[] not null,
      parameter_hash bytea,
      outcome text not null,
      error_code text,
      upstream_status smallint,
      response_bytes bigint,
      upstream_ms integer,
      total_ms integer,
      request_id text not null,
      started_at timestamptz not null,
      completed_at timestamptz
    ) with (fillfactor = 80)`.execute(db);
  await sql`create index skill_calls_by_user on skill_calls (user_id, started_at)`.execute(db);
  await sql`create index skill_calls_by_time on skill_calls (started_at)`.execute(db);
  await sql`
    create table call_hours (
      user_id text not null,
      hour timestamptz not null,
      integration text not null,
      endpoint text not null,
      key_id text not null,
      connection_id text not null,
      door text not null,
      outcome text not null,
      calls integer not null,
      primary key (user_id, hour, integration, endpoint, key_id, connection_id, door, outcome)
    )`.execute(db);
  await sql`create index call_hours_by_hour on call_hours (hour)`.execute(db);
  await sql`
    create table call_settlement (
      one boolean primary key default true check (one),
      until timestamptz not null
    )`.execute(db);
  await sql`insert into call_settlement (until) values (timestamptz '1970-01-01 00:00:00Z')`.execute(db);
  await sql`
    create table audit_rows (
      id text primary key,
      user_id text,
      actor text not null,
      action text not null,
      target text,
      details jsonb not null,
      request_id text,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index audit_rows_by_user on audit_rows (user_id, id)`.execute(db);
}
