import { type Kysely, sql } from 'kysely';

/**
 * Says that every call so far, and of the next week, has an id before a day. The rows are validated while processes go on writing;
 * then the next migration can take the table for a partition without reading it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ boundary: string }>`
    select 'call_' || lpad(to_hex((floor(greatest(
      extract(epoch from now()),
      (select ('x' || substr(id, 6, 12))::bit(48)::bigint / 1000.0 from skill_calls
        where id ~ '^call_[0-9a-f]{12}' order by id desc limit 1)
    ) / 86400)::bigint + 7) * 86400000), 12, '0') as boundary`.execute(db);
  const { boundary } = rows[0] as { boundary: string };
  await sql.raw(`alter table skill_calls add constraint skill_calls_before_days check (id < '${boundary}') not valid`).execute(db);
}
