import { type Kysely, sql } from 'kysely';

/**
 * A consent is finished in the browser that its starter opened it in, and one that a narrow key asked for waits until a person
 * confirms it; true by default, so that what an older process still starts beside is confirmed too. Links that were given out
 * before lead to the provider without either, so they end as expired, and the sweep writes that down.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table consents add column needs_confirmation boolean not null default true`.execute(db);
  await sql`update consents set expires_at = least(expires_at, now()) where status = 'pending'`.execute(db);
}
