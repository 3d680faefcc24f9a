/** Queries of sessions, beside those of better-auth. */
import { sql } from 'kysely';
import type { Clock } from '../../../core/clock.ts';
import type { Db } from '../../../core/database/database.ts';
import type { User } from '../store.ts';

/**
 * The user, if the account is open and this session of theirs is still good. The row stays as it is until the transaction
 * ends, so that closing the account happens either before what is done for the user here, or after all of it.
 */
export async function findUserInSession(trx: Db, clock: Clock, userId: string, sessionId: string): Promise<User | undefined> {
  return (await trx
    .selectFrom('users')
    .innerJoin('sessions', 'sessions.userId', 'users.id')
    .selectAll('users')
    .where('users.id', '=', userId)
    .where('users.closedAt', 'is', null)
    .where('sessions.id', '=', sessionId)
    .where('sessions.expiresAt', '>', clock.sqlNow)
    .forShare('users')
    .executeTakeFirst()) as User | undefined;
}

/** How a session began and how long ago, in seconds. Undefined for a session that has ended. */
export async function findSessionStart(
  db: Db,
  clock: Clock,
  id: string,
): Promise<{ signedInBy: string | null; ageSeconds: number } | undefined> {
  return db
    .selectFrom('sessions')
    .select(['signedInBy', sql<number>`extract(epoch from ${clock.sqlNow} - created_at)::float8`.as('ageSeconds')])
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Ends the sessions of a user, all or all but one. Returns how many there were. */
export async function deleteSessions(trx: Db, userId: string, exceptId?: string): Promise<number> {
  let query = trx.deleteFrom('sessions').where('userId', '=', userId);
  if (exceptId !== undefined) query = query.where('id', '!=', exceptId);
  return Number((await query.executeTakeFirstOrThrow()).numDeletedRows);
}

/** Returns how many went. */
export async function deleteExpiredSessions(db: Db, clock: Clock): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('sessions').where('expiresAt', '<=', clock.sqlNow).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
