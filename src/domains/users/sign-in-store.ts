/** Queries of ways to sign in: passwords, providers, one-time links, and the sessions they begin. */
import { sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database.ts';

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

/** better-auth's name for "by password". */
const passwordProvider = 'credential';

export async function findPasswordHash(db: Db, userId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('signInMethods')
    .select('password')
    .where('userId', '=', userId)
    .where('providerId', '=', passwordProvider)
    .executeTakeFirst();
  return row?.password ?? undefined;
}

/** Sets or replaces a user's password. */
export async function writePasswordHash(trx: Db, clock: Clock, id: string, userId: string, password: string): Promise<void> {
  await trx
    .insertInto('signInMethods')
    .values({
      id,
      userId,
      accountId: userId,
      providerId: passwordProvider,
      accessToken: null,
      refreshToken: null,
      idToken: null,
      scope: null,
      password,
      createdAt: clock.sqlNow,
      updatedAt: clock.sqlNow,
    })
    .onConflict((clash) => clash.columns(['providerId', 'accountId']).doUpdateSet({ password, updatedAt: clock.sqlNow }))
    .execute();
}

/** `password`, `google`, `github`: what a user can sign in with, links aside. */
export async function listSignInMethods(db: Db, userId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('signInMethods')
    .select(['providerId', 'password'])
    .where('userId', '=', userId)
    .orderBy('createdAt')
    .execute();
  return rows
    .filter(({ providerId, password }) => providerId !== passwordProvider || password !== null)
    .map(({ providerId }) => (providerId === passwordProvider ? 'password' : providerId));
}

/** A link's row stands among better-auth's verifications, which are what it is: a proof that is good once and for a time. */
export async function insertLink(
  trx: Db,
  clock: Clock,
  link: { id: string; identifier: string; userId: string; lastsSeconds: number },
): Promise<Date> {
  const row = await trx
    .insertInto('verifications')
    .values({
      id: link.id,
      identifier: link.identifier,
      value: link.userId,
      expiresAt: sql<Date>`${clock.sqlNow} + ${link.lastsSeconds} * interval '1 second'`,
      createdAt: clock.sqlNow,
      updatedAt: clock.sqlNow,
    })
    .returning('expiresAt')
    .executeTakeFirstOrThrow();
  return row.expiresAt;
}

/** Uses a link up. Undefined when it is unknown, used or too old. */
export async function takeLink(db: Db, clock: Clock, identifier: string): Promise<string | undefined> {
  const row = await db
    .deleteFrom('verifications')
    .where('identifier', '=', identifier)
    .returning(['value', sql<boolean>`expires_at > ${clock.sqlNow}`.as('good')])
    .executeTakeFirst();
  return row?.good ? row.value : undefined;
}

export async function deleteLinks(trx: Db, userId: string, prefix: string): Promise<void> {
  await trx.deleteFrom('verifications').where('value', '=', userId).where('identifier', 'like', `${prefix}%`).execute();
}
