import { type Kysely, sql } from 'kysely';

/** skill_calls.path: where a call by the proxy went; its method stands in `endpoint`, as `proxy:GET`. Null for calls of endpoints. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table skill_calls add column if not exists path text`.execute(db);
}
