/** Queries of what is kept of answers that a budget cut. */
import { sql } from 'kysely';
import type { Clock } from '../../../../../core/clock.ts';
import type { Db } from '../../../../../core/database/database.ts';
import type { KeptAnswersTable } from '../../../../../core/database/tables.ts';

type Kept = Pick<KeptAnswersTable, 'id' | 'userId' | 'holderId' | 'integration' | 'endpoint' | 'connectionId' | 'answer' | 'bytes'>;

/** Above `userBytesMax` of a user the oldest go. Two that are kept at one moment may pass it until the next. */
export async function insertRest(db: Db, clock: Clock, kept: Kept, userBytesMax: number): Promise<void> {
  await db
    .insertInto('keptAnswers')
    .values({ ...kept, createdAt: sql<Date>`${clock.sqlNow}`, expiresAt: sql<Date>`${clock.sqlNow} + interval '10 minutes'` })
    .execute();
  await sql`
    delete from kept_answers where id in (
      select id from (
        select id, sum(bytes) over (order by created_at desc, id desc) as upto from kept_answers where user_id = ${kept.userId}
      ) as newest where upto > ${userBytesMax}
    )`.execute(db);
}

/** Of this key or session; undefined once its time is over. */
export async function findRest(db: Db, clock: Clock, id: string, holderId: string): Promise<Kept | undefined> {
  return db
    .selectFrom('keptAnswers')
    .select(['id', 'userId', 'holderId', 'integration', 'endpoint', 'connectionId', 'answer', 'bytes'])
    .where('id', '=', id)
    .where('holderId', '=', holderId)
    .where(sql<boolean>`expires_at > ${clock.sqlNow}`)
    .executeTakeFirst();
}

export async function deleteRest(db: Db, id: string): Promise<void> {
  await db.deleteFrom('keptAnswers').where('id', '=', id).execute();
}

/** Deletes up to `limit` whose time is over. Returns how many. */
export async function deleteExpiredRests(db: Db, clock: Clock, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from kept_answers where id in (
      select id from kept_answers where expires_at <= ${clock.sqlNow} order by expires_at limit ${limit} for update skip locked
    )`.execute(db);
  return Number(numAffectedRows ?? 0);
}
