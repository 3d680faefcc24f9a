/** Queries of users, sessions and sign-in methods. */
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { PlanName } from '../../core/config.ts';
import type { Db } from '../../core/database.ts';
import type { UsersTable } from '../../core/tables.ts';

export type User = Omit<Selectable<UsersTable>, 'plan'> & { plan: PlanName };

export async function findUser(db: Db, id: string): Promise<User | undefined> {
  return (await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()) as User | undefined;
}

export async function findOwner(db: Db): Promise<User | undefined> {
  return (await db.selectFrom('users').selectAll().where('isOwner', '=', true).executeTakeFirst()) as User | undefined;
}

export async function countUsers(db: Db): Promise<number> {
  const row = await db.selectFrom('users').select(sql<number>`count(*)`.as('all')).where('closedAt', 'is', null).executeTakeFirstOrThrow();
  return row.all;
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
