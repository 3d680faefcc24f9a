/** Queries of the integrations that people import. */
import { sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database/database.ts';

/** What tells whether a process has read it as it stands. */
export interface OwnHead {
  id: string;
  version: number;
  slug: string;
  ownerId: string;
  isShared: boolean;
  /** Of its recipe as text. */
  bytes: number;
}

export interface OwnIntegration extends Omit<OwnHead, 'bytes'> {
  createdAt: Date;
  updatedAt: Date;
}

const heads = ['id', 'version', 'slug', 'ownerId', 'isShared'] as const;
const columns = [...heads, 'createdAt', 'updatedAt'] as const;

/** What a user sees of them: their own, and those an operator shared; one's own before a shared one of the same slug. */
export async function listSeen(db: Db, userId: string): Promise<OwnHead[]> {
  return db
    .selectFrom('ownIntegrations')
    .select([...heads, sql<number>`octet_length(recipe)`.as('bytes')])
    .where('removedAt', 'is', null)
    .where((where) => where.or([where('ownerId', '=', userId), where('isShared', '=', true)]))
    .orderBy('slug')
    .orderBy(sql`owner_id = ${userId}`)
    .execute();
}

export interface ReadRecipe {
  id: string;
  version: number;
  ownerId: string;
  isShared: boolean;
  /** JSON. */
  recipe: string;
}

/** By id. */
export async function readRecipes(db: Db, ids: readonly string[]): Promise<Map<string, ReadRecipe>> {
  if (ids.length === 0) return new Map();
  const columns = ['id', 'version', 'ownerId', 'isShared', 'recipe'] as const;
  const rows = await db.selectFrom('ownIntegrations').select(columns).where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, row]));
}

export async function findOwn(db: Db, ownerId: string, slug: string): Promise<(OwnIntegration & { recipe: string }) | undefined> {
  return db
    .selectFrom('ownIntegrations')
    .select([...columns, 'recipe'])
    .where('ownerId', '=', ownerId)
    .where('slug', '=', slug)
    .where('removedAt', 'is', null)
    .executeTakeFirst();
}

/** Of all people: whether the slug is shared or was, so that keys of others may have scopes for it; other than one's own. */
export async function isTaken(db: Db, slug: string, exceptId: string | undefined): Promise<boolean> {
  const found = await db
    .selectFrom('ownIntegrations')
    .select('id')
    .where('slug', '=', slug)
    .where('wasShared', '=', true)
    .where('id', '<>', exceptId ?? '')
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** Whether somebody else has one of the slug, or had: their keys may have scopes for it. */
export async function isOfOther(db: Db, slug: string, ownerId: string): Promise<boolean> {
  const found = await db
    .selectFrom('ownIntegrations')
    .select('id')
    .where('slug', '=', slug)
    .where('ownerId', '<>', ownerId)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** How many a user has, and the length of their recipes together. */
export async function measureOwn(db: Db, ownerId: string): Promise<{ count: number; bytes: number }> {
  const { count, bytes } = await db
    .selectFrom('ownIntegrations')
    .select([sql<number>`count(*)::int`.as('count'), sql<number>`coalesce(sum(octet_length(recipe)), 0)::int`.as('bytes')])
    .where('ownerId', '=', ownerId)
    .where('removedAt', 'is', null)
    .executeTakeFirstOrThrow();
  return { count, bytes };
}

export async function insertOwn(trx: Db, row: { id: string; ownerId: string; slug: string; recipe: string }): Promise<void> {
  await trx
    .insertInto('ownIntegrations')
    .values({ ...row, version: 1 })
    .execute();
}

export async function replaceRecipe(trx: Db, clock: Clock, id: string, recipe: string): Promise<void> {
  await trx
    .updateTable('ownIntegrations')
    .set({ recipe, version: sql`version + 1`, updatedAt: clock.sqlNow })
    .where('id', '=', id)
    .execute();
}

export async function setShared(trx: Db, clock: Clock, id: string, isShared: boolean): Promise<void> {
  await trx
    .updateTable('ownIntegrations')
    .set({ isShared, ...(isShared ? { wasShared: true } : {}), version: sql`version + 1`, updatedAt: clock.sqlNow })
    .where('id', '=', id)
    .execute();
}

/** Its slug is remembered: what was given as a scope must not come alive for what another has under it. */
export async function deleteOwn(trx: Db, clock: Clock, { id, ownerId, slug }: Pick<OwnHead, 'id' | 'ownerId' | 'slug'>): Promise<void> {
  await trx
    .deleteFrom('ownIntegrations')
    .where('ownerId', '=', ownerId)
    .where('slug', '=', slug)
    .where('removedAt', 'is not', null)
    .where('wasShared', '=', false)
    .execute();
  await trx
    .updateTable('ownIntegrations')
    .set({ recipe: '', isShared: false, removedAt: clock.sqlNow, updatedAt: clock.sqlNow })
    .where('id', '=', id)
    .execute();
}

/** Those nobody else sees, of a user that is closed, whose keys have ended. Returns how many. */
export async function deletePrivateOf(trx: Db, ownerId: string): Promise<number> {
  const { numDeletedRows } = await trx
    .deleteFrom('ownIntegrations')
    .where('ownerId', '=', ownerId)
    .where('wasShared', '=', false)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
