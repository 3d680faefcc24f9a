/** Queries of what is kept of answers that a budget cut. */
import { sql } from 'kysely';
import type { Clock } from '../../../../../core/clock.ts';
import { type Db, lockInTransaction } from '../../../../../core/database/database.ts';
import type { KeptAnswersTable } from '../../../../../core/database/tables.ts';

type Kept = Pick<KeptAnswersTable, 'id' | 'userId' | 'holderId' | 'integration' | 'endpoint' | 'connectionId' | 'answer' | 'bytes'>;

/** Above `userBytesMax` of a user the oldest go. False where its key or session has ended meanwhile: then it is not kept. */
export async function insertRest(db: Db, clock: Clock, kept: Kept, userBytesMax: number): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, `kept-answers/${kept.userId}`);
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('keptAnswers')
      .values({ ...kept, createdAt: sql<Date>`${clock.sqlNow}`, expiresAt: sql<Date>`${clock.sqlNow} + interval '10 minutes'` })
      .executeTakeFirstOrThrow();
    await sql`
      delete from kept_answers where id in (
        select id from (
          select id, sum(bytes) over (order by created_at desc, id desc) as upto from kept_answers where user_id = ${kept.userId}
        ) as newest where upto > ${userBytesMax}
      )`.execute(trx);
    return numInsertedOrUpdatedRows === 1n;
  });
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

/** How many were sealed by another data key. */
export async function countStaleRests(db: Db, currentVersion: number): Promise<number> {
  const count = db.selectFrom('keptAnswers').select(sql<number>`count(*)::int`.as('all'));
  return (await count.where('answer', 'not like', `${currentVersion}.%`).executeTakeFirstOrThrow()).all;
}

/** They are asked for again rather than sealed again. Returns how many. */
export async function deleteStaleRests(db: Db, currentVersion: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('keptAnswers')
    .where('answer', 'not like', `${currentVersion}.%`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
