import { type Kysely, sql } from 'kysely';

/**
 * skill_calls: a row for every call that passed authentication. Ids sort by time, so that paging needs no second column.
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
      door text not null check (door in ('rest', 'graphql', 'mcp')),
      idempotency_key text,
      parameter_names text[] not null,
      parameter_hash bytea,
      outcome text not null check (outcome in ('started', 'succeeded', 'upstream_failed', 'refused', 'failed', 'unknown')),
      error_code text,
      upstream_status smallint,
      response_bytes bigint,
      upstream_ms integer,
      total_ms integer,
      request_id text not null,
      started_at timestamptz not null,
      completed_at timestamptz
    ) with (fillfactor = 80)`.execute(db);
  await sql`create index skill_calls_by_user on skill_calls (user_id, id)`.execute(db);
  await sql`create index skill_calls_started on skill_calls (started_at) where outcome = 'started'`.execute(db);
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
