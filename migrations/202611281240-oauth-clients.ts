import { type Kysely, sql } from 'kysely';

/**
 * Clients that sign in by their own address (`/mcp/oauth`). `api_keys.renewable_until`: until when the holder of a key of kind `oauth` may
 * renew it; `expires_at` is when the present one ends. Older processes make no such keys, and refuse them as unknown, since theirs is
 * another hash.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table api_keys drop constraint api_keys_kind_check`.execute(db);
  await sql`alter table api_keys add constraint api_keys_kind_check check (kind in ('manual', 'device', 'oauth'))`.execute(db);
  await sql`alter table api_keys add column renewable_until timestamptz`.execute(db);
  await sql`
    create table oauth_clients (
      id text primary key,
      name text not null,
      uri text,
      redirect_uris text[] not null,
      used_at timestamptz,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index oauth_clients_unused on oauth_clients (created_at) where used_at is null`.execute(db);
  await sql`
    create table oauth_grants (
      id text primary key,
      user_id text not null references users (id) on delete cascade,
      session_id text not null,
      client_id text not null,
      client_name text not null,
      redirect_uri text not null,
      scopes text[] not null,
      code_hash bytea not null unique,
      code_challenge text not null,
      code_expires_at timestamptz not null,
      redeemed_at timestamptz,
      key_id text references api_keys (id) on delete cascade,
      family_hash bytea unique,
      refresh_hash bytea,
      ends_at timestamptz not null,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index oauth_grants_unredeemed on oauth_grants (code_expires_at) where key_id is null`.execute(db);
  await sql`create index oauth_grants_by_key on oauth_grants (key_id) where key_id is not null`.execute(db);
  await sql`create index oauth_grants_by_user on oauth_grants (user_id)`.execute(db);
}
