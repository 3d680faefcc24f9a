import { type Kysely, sql } from 'kysely';

/**
 * imports: a description that is being read, or was, told by whichever process is asked. The process that reads it says again and again
 * that it does (`seen_at`), so one that ended says so by being silent.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table imports (
      id text primary key,
      user_id text not null,
      slug text not null,
      status text not null default 'running',
      progress real not null default 0,
      error_code text,
      message text,
      result text,
      created_at timestamptz not null,
      seen_at timestamptz not null,
      ended_at timestamptz
    )`.execute(db);
  await sql`create index imports_by_user on imports (user_id, created_at)`.execute(db);
  await sql`create index imports_by_time on imports (created_at)`.execute(db);
}
