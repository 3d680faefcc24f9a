import { type Kysely, sql } from 'kysely';

/** The sites, or tenants, of which a person is to choose one before a consent is over; its grant is sealed meanwhile. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table consents add column choices jsonb`.execute(db);
}
