import { type Kysely, sql } from 'kysely';

/**
 * Rows of calls come in the order of their time, so ranges of pages are index enough to settle and to clear them, and cost a
 * sixth of what a call costs less to keep. `autosummarize` lets new ranges be known as soon as they are full.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`drop index skill_calls_by_time`.execute(db);
  await sql`create index skill_calls_by_time on skill_calls using brin (started_at) with (pages_per_range = 32, autosummarize = on)`.execute(
    db,
  );
}
