import { type Kysely, sql } from 'kysely';

/**
 * Calls by why they failed. Completion changes `error_code` only where a call fails, so that all others stay within their
 * page (HOT) as before.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index skill_calls_failed on skill_calls (user_id, started_at, id) where error_code is not null`.execute(db);
}
