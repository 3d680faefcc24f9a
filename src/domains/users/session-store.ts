/** Queries of sessions, beside those of better-auth. */
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database.ts';
import type { User } from './store.ts';

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
