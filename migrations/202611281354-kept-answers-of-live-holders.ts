import { type Kysely, sql } from 'kysely';

/** A call that is running while its key or session ends keeps nothing after it: whoever ends one waits for it, or it finds it ended. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await sql`
    create function keep_for_the_living() returns trigger language plpgsql as $$
      begin
        perform from api_keys where id = new.holder_id and revoked_at is null for share;
        if found then return new; end if;
        perform from sessions where id = new.holder_id for share;
        if found then return new; end if;
        return null;
      end $$`.execute(db);
  await sql`create trigger keep_for_the_living before insert on kept_answers for each row execute function keep_for_the_living()`.execute(
    db,
  );
}
