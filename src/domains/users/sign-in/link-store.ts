/** Queries of one-time links. */
import { sql } from 'kysely';
import type { Clock } from '../../../core/clock.ts';
import type { Db } from '../../../core/database/database.ts';

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

/** Links and the states of unfinished sign-ins at providers. Returns how many went. */
export async function deleteExpiredProofs(db: Db, clock: Clock): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('verifications').where('expiresAt', '<=', clock.sqlNow).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
