import { type Kysely, sql } from 'kysely';

/**
 * Documents of clients, so that all processes show a person the same one; and, of one that cannot be had, what is wrong with it. Older
 * processes keep them in their memory.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table oauth_client_documents (
      user_id text not null references users (id) on delete cascade,
      id text not null,
      name text,
      uri text,
      redirect_uris text[],
      fault text,
      kept_until timestamptz not null,
      primary key (user_id, id),
      check ((fault is null) = (name is not null and redirect_uris is not null))
    )`.execute(db);
  await sql`create index oauth_client_documents_old on oauth_client_documents (kept_until)`.execute(db);
  await sql`create index oauth_grants_by_client on oauth_grants (client_id)`.execute(db);
}
