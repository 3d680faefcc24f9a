import { type Kysely, sql } from 'kysely';

/** Connections hold sealed credentials; consents are the attempts that make or renew them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table connections (
      id text primary key,
      user_id text not null references users (id) on delete cascade,
      integration text not null,
      auth_type text not null check (auth_type in ('oauth2', 'bearer', 'api_key', 'basic')),
      provider_account_id text not null,
      account text not null,
      is_default boolean not null default false,
      status text not null default 'connected' check (status in ('connected', 'reconnect_needed')),
      status_reason text,
      credential text not null,
      credential_version integer not null default 1,
      provider_scopes text[],
      access_expires_at timestamptz,
      refreshable boolean not null default false,
      refresh_holder text,
      refresh_until timestamptz,
      frozen_at timestamptz,
      refreshed_at timestamptz,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz not null default now(),
      unique (user_id, integration, provider_account_id),
      unique (user_id, integration, account)
    )`.execute(db);
  await sql`create unique index connections_one_default on connections (user_id, integration) where is_default`.execute(db);
  await sql`
    create table consents (
      id text primary key,
      user_id text not null references users (id) on delete cascade,
      started_by text not null,
      integration text not null,
      account text,
      status text not null default 'pending' check (status in ('pending', 'connected', 'error')),
      reason text check (reason in ('denied', 'expired', 'failed')),
      connection_id text references connections (id) on delete cascade,
      state_hash bytea unique,
      sealed text,
      browser_hash bytea unique,
      requested_scopes text[] not null,
      expires_at timestamptz not null,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index consents_by_connection on consents (connection_id) where connection_id is not null`.execute(db);
  await sql`create index consents_pending on consents (expires_at) where status = 'pending'`.execute(db);
}
