import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table api_keys (
      id text primary key,
      user_id text not null references users (id) on delete cascade,
      parent_id text references api_keys (id) on delete cascade,
      kind text not null default 'manual' check (kind in ('manual', 'device')),
      name text not null,
      key_prefix text not null,
      key_hash bytea not null unique check (length(key_hash) = 32),
      scopes text[] not null,
      expires_at timestamptz,
      revoked_at timestamptz,
      created_at timestamptz(3) not null default now()
    )`.execute(db);
  await sql`create index api_keys_by_user on api_keys (user_id, created_at)`.execute(db);
  await sql`create index api_keys_by_parent on api_keys (parent_id) where parent_id is not null`.execute(db);
}
