import { type Kysely, sql } from 'kysely';

/**
 * A call has one of the outcomes and doors there are, and what is counted by hour has ended. Rows that stand are not looked at
 * here, since every writer would wait for that; `migrate` validates them once this is committed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const ends = `'succeeded', 'upstream_failed', 'refused', 'failed', 'replayed', 'unknown'`;
  const doors = `'rest', 'graphql', 'mcp'`;
  await addCheck(db, 'skill_calls', 'outcome', `'started', ${ends}`);
  await addCheck(db, 'skill_calls', 'door', doors);
  await addCheck(db, 'call_hours', 'outcome', ends);
  await addCheck(db, 'call_hours', 'door', doors);
}

async function addCheck(db: Kysely<unknown>, table: string, column: string, words: string): Promise<void> {
  await sql.raw(`alter table ${table} add constraint ${table}_${column}_check check (${column} in (${words})) not valid`).execute(db);
}
