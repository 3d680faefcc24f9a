/** Queries of users, sessions and sign-in methods. */
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { PlanName } from '../../core/config/plans.ts';
import type { Db } from '../../core/database/database.ts';
import type { UsersTable } from '../../core/database/tables.ts';
import type { TimePosition } from '../../core/paging.ts';

export type User = Omit<Selectable<UsersTable>, 'plan'> & { plan: PlanName };

export async function findUser(db: Db, id: string): Promise<User | undefined> {
  return (await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()) as User | undefined;
}

export async function listUsersById(db: Db, ids: readonly string[]): Promise<User[]> {
  return (await db.selectFrom('users').selectAll().where('id', '=', sql<string>`any(${ids})`).execute()) as User[];
}

/** As findUser; the account cannot be closed until the transaction ends, and others may look likewise meanwhile. */
export async function findUserForShare(trx: Db, id: string): Promise<User | undefined> {
  return (await trx.selectFrom('users').selectAll().where('id', '=', id).forShare().executeTakeFirst()) as User | undefined;
}

/** As findUser; the row cannot change until the transaction ends. */
export async function lockUser(trx: Db, id: string): Promise<User | undefined> {
  return (await trx.selectFrom('users').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()) as User | undefined;
}

export async function findOwner(db: Db): Promise<User | undefined> {
  return (await db.selectFrom('users').selectAll().where('isOwner', '=', true).executeTakeFirst()) as User | undefined;
}

/** `email` in lower case. */
export async function findUserByEmail(db: Db, email: string): Promise<User | undefined> {
  return (await db.selectFrom('users').selectAll().where('email', '=', email).executeTakeFirst()) as User | undefined;
}

/** Undefined when the installation has an owner already. */
export async function insertOwner(
  db: Db,
  clock: Clock,
  owner: { id: string; email: string; displayName: string },
): Promise<User | undefined> {
  return (await db
    .insertInto('users')
    .values({
      ...owner,
      image: null,
      isOwner: true,
      emailVerified: true,
      plan: 'unlimited',
      createdAt: clock.sqlNow,
      updatedAt: clock.sqlNow,
    })
    .onConflict((clash) => clash.doNothing())
    .returningAll()
    .executeTakeFirst()) as User | undefined;
}

export type UserChange = Partial<{
  email: string;
  emailVerified: boolean;
  displayName: string;
  plan: PlanName;
  limits: Record<string, number | null> | null;
}>;

/** Throws the database's unique violation when another user has the e-mail address. */
export async function updateUser(trx: Db, clock: Clock, id: string, { limits, ...change }: UserChange): Promise<User> {
  return (await trx
    .updateTable('users')
    .set({ ...change, ...(limits === undefined ? {} : { limits: limits && JSON.stringify(limits) }), updatedAt: clock.sqlNow })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()) as User;
}

export async function markClosed(trx: Db, clock: Clock, id: string): Promise<void> {
  await trx.updateTable('users').set({ closedAt: clock.sqlNow, updatedAt: clock.sqlNow }).where('id', '=', id).execute();
}

export async function markSignedIn(trx: Db, clock: Clock, id: string): Promise<void> {
  await trx.updateTable('users').set({ signedInAt: clock.sqlNow }).where('id', '=', id).execute();
}

function usersMatching(db: Db, search: string | undefined) {
  const query = db.selectFrom('users');
  if (search === undefined) return query;
  const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  return query.where((eb) => eb.or([eb('email', 'ilike', pattern), eb('displayName', 'ilike', pattern), eb('id', '=', search)]));
}

/** The latest first. `search`: part of the e-mail address or name, or an id. */
export async function listUsers(db: Db, search: string | undefined, after: TimePosition | undefined, limit: number): Promise<User[]> {
  let query = usersMatching(db, search).selectAll().orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(limit);
  if (after) query = query.where(sql<boolean>`(created_at, id) < (${after[0]}, ${after[1]})`);
  return (await query.execute()) as User[];
}

export async function countUsersMatching(db: Db, search: string | undefined): Promise<number> {
  return (await usersMatching(db, search).select(sql<number>`count(*)`.as('all')).executeTakeFirstOrThrow()).all;
}

/** Of these users, those who have closed their accounts. */
export async function listClosedOf(db: Db, ids: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('users')
    .select('id')
    .where('id', '=', sql<string>`any(${ids})`)
    .where('closedAt', 'is not', null)
    .execute();
  return rows.map(({ id }) => id);
}
