import { type Kysely, sql } from 'kysely';

/** What a key has done is looked up by the key alone when it is lost, and in a hurry. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index call_hours_by_key on call_hours (key_id, hour, connection_id)`.execute(db);
}
