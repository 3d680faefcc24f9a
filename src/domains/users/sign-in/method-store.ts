/** Queries of ways to sign in: passwords, and accounts at providers. */
import type { Clock } from '../../../core/clock.ts';
import type { Db } from '../../../core/database/database.ts';

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
