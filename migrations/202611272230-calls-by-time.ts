import { type Kysely, sql } from 'kysely';

/**
 * Calls are written in the order of their time, so ranges of pages are index enough to settle them, and cost a call less than an
 * entry of its own. `autosummarize` lets autovacuum take in ranges as they fill; where there is none, the sweep does it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`drop index skill_calls_by_time`.execute(db);
  await sql`create index skill_calls_by_time on skill_calls using brin (started_at) with (pages_per_range = 32, autosummarize = on)`.execute(
    db,
  );
}
