import { type Kysely, sql } from 'kysely';

/**
 * own_integrations: what people import, as the JSON of its recipe files. `version` rises with every change, and tells a process whether
 * what it has read is still so. Of one that is removed the row stays, without its recipe: keys have scopes for its slug, which must
 * not come alive for what another shares under it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table own_integrations (
      id text primary key,
      owner_id text not null,
      slug text not null,
      version integer not null,
      is_shared boolean not null default false,
      was_shared boolean not null default false,
      recipe text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      removed_at timestamptz
    )`.execute(db);
  await sql`create unique index own_integrations_by_owner on own_integrations (owner_id, slug) where removed_at is null`.execute(db);
  await sql`create index own_integrations_by_slug on own_integrations (slug)`.execute(db);
}
