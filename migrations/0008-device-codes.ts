import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table device_codes (
      id text primary key,
      device_code_hash bytea not null unique,
      user_code_hash bytea not null unique,
      client_name text not null,
      client_address text,
      scopes text[] not null,
      status text not null default 'pending' check (status in ('pending', 'authorized', 'denied', 'redeemed')),
      user_id text references users (id) on delete cascade,
      session_id text,
      granted_scopes text[],
      interval_seconds integer not null default 5,
      polled_at timestamptz,
      expires_at timestamptz not null,
      created_at timestamptz not null default now()
    )`.execute(db);
}
