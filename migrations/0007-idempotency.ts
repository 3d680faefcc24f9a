import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table idempotency_claims (
      holder_id text not null,
      key text not null,
      fingerprint bytea not null,
      call_id text not null,
      state text not null check (state in ('running', 'done', 'unknown')),
      answer text,
      upstream_status smallint,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      primary key (holder_id, key)
    )`.execute(db);
  await sql`create index idempotency_claims_by_expiry on idempotency_claims (expires_at)`.execute(db);
  await sql`create index idempotency_claims_running on idempotency_claims (created_at) where state = 'running'`.execute(db);
}
