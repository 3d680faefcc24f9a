import { type Kysely, sql } from 'kysely';

/**
 * signed_in_at: the latest sign-in. signed_in_by: how a session began (`link`, `password`, a provider's slug).
 * invitations: links with which accounts may be made; claimed when accepted_at is set, and used when user_id is.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table users add column signed_in_at timestamptz`.execute(db);
  await sql`alter table sessions add column signed_in_by text`.execute(db);
  await sql`
    create table invitations (
      id text primary key,
      email text not null,
      plan text not null,
      token_hash bytea not null unique,
      expires_at timestamptz not null,
      accepted_at timestamptz,
      user_id text references users (id) on delete set null,
      withdrawn_at timestamptz,
      created_at timestamptz(3) not null default now()
    )`.execute(db);
  await sql`create index invitations_by_email on invitations (email)`.execute(db);
}
