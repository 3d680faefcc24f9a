import { type Kysely, sql } from 'kysely';

/**
 * What a budget cut of answers, for ten minutes. Unlogged: it is not copied to standbys, and a restored backup begins without it. What ends
 * a key, a session or a connection deletes it in the same statement, also where an older process runs that.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await sql`
    create unlogged table kept_answers (
      id text primary key,
      user_id text not null references users (id) on delete cascade,
      holder_id text not null,
      integration text not null,
      endpoint text not null,
      connection_id text references connections (id) on delete cascade,
      answer text not null,
      bytes integer not null,
      created_at timestamptz not null,
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create index kept_answers_by_user on kept_answers (user_id, created_at)`.execute(db);
  await sql`create index kept_answers_by_holder on kept_answers (holder_id)`.execute(db);
  await sql`create index kept_answers_by_connection on kept_answers (connection_id)`.execute(db);
  await sql`create index kept_answers_by_expiry on kept_answers (expires_at)`.execute(db);
  await sql`
    create function drop_kept_answers() returns trigger language plpgsql as $$
      begin delete from kept_answers where holder_id = old.id; return null; end $$`.execute(db);
  await sql`
    create trigger drop_kept_answers after update of revoked_at on api_keys for each row
      when (new.revoked_at is not null) execute function drop_kept_answers()`.execute(db);
  await sql`create trigger drop_kept_answers after delete on sessions for each row execute function drop_kept_answers()`.execute(db);
}
