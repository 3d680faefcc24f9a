import { type Kysely, sql } from 'kysely';

/** What belongs to a connection, such as a site, by the names of its recipe; a consent holds what the person gave for it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['connections', 'consents'])
    await sql.raw(`alter table ${table} add column variables jsonb not null default '{}'`).execute(db);
}
