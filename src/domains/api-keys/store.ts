/** Queries of API keys. */
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database/database.ts';
import type { ApiKeysTable } from '../../core/database/tables.ts';
import type { TimePosition } from '../../core/paging.ts';

export type ApiKey = Omit<Selectable<ApiKeysTable>, 'keyHash'>;

const columns = [
  'id',
  'userId',
  'parentId',
  'kind',
  'name',
  'keyPrefix',
  'scopes',
  'expiresAt',
  'renewableUntil',
  'revokedAt',
  'createdAt',
] as const;

/** Which keys a principal may see: all of a user's, or one key with its descendants. */
export type KeyRange = { userId: string; under?: string };

/** By the database's time. */
export interface KeyState {
  revokedAt: Date | null;
  expired: boolean;
}

const expired = (clock: Clock) => sql<boolean>`coalesce(expires_at <= ${clock.sqlNow}, false)`;
/** Of a key known by its id: one that can still be renewed goes on. */
const ended = (clock: Clock) => sql<boolean>`coalesce(coalesce(renewable_until, expires_at) <= ${clock.sqlNow}, false)`;

/** A key with its state, for sign-in by hash. */
export async function findKeyByHash(db: Db, clock: Clock, hash: Buffer): Promise<(ApiKey & KeyState) | undefined> {
  return db.selectFrom('apiKeys').select(columns).select(expired(clock).as('expired')).where('keyHash', '=', hash).executeTakeFirst();
}

/** As findKeyByHash, by id; the row cannot change until the transaction ends. */
export async function findKeyForShare(trx: Db, clock: Clock, userId: string, id: string): Promise<KeyState | undefined> {
  return trx
    .selectFrom('apiKeys')
    .select('revokedAt')
    .select(ended(clock).as('expired'))
    .where('userId', '=', userId)
    .where('id', '=', id)
    .forShare()
    .executeTakeFirst();
}

/** `under` and everything made with it, directly or through its children. */
function idsUnder(under: string) {
  return sql<string>`(
    with recursive family as (
      select id from api_keys where id = ${under}
      union select child.id from api_keys child join family on child.parent_id = family.id
    ) select id from family)`;
}

function keysIn(db: Db, range: KeyRange) {
  const all = db.selectFrom('apiKeys').where('userId', '=', range.userId);
  return range.under === undefined ? all : all.where('id', 'in', idsUnder(range.under));
}

export async function listKeys(db: Db, range: KeyRange, page?: { limit: number; after?: TimePosition | undefined }): Promise<ApiKey[]> {
  let query = keysIn(db, range).select(columns).orderBy('createdAt').orderBy('id');
  if (page) query = query.limit(page.limit);
  if (page?.after) query = query.where(sql<boolean>`(created_at, id) > (${page.after[0]}, ${page.after[1]})`);
  return query.execute();
}

export async function countKeys(db: Db, range: KeyRange): Promise<number> {
  return (await keysIn(db, range).select(sql<number>`count(*)`.as('all')).executeTakeFirstOrThrow()).all;
}

export async function findKeyIn(db: Db, range: KeyRange, id: string): Promise<ApiKey | undefined> {
  return keysIn(db, range).select(columns).where('id', '=', id).executeTakeFirst();
}

export async function listKeysById(db: Db, range: KeyRange, ids: readonly string[]): Promise<ApiKey[]> {
  return keysIn(db, range).select(columns).where('id', '=', sql<string>`any(${ids})`).execute();
}

/** Keys of a kind that are neither revoked nor ended. Those that are made by hand count against a plan. */
export async function countActiveKeys(db: Db, clock: Clock, userId: string, kind: ApiKey['kind']): Promise<number> {
  const row = await db
    .selectFrom('apiKeys')
    .select(sql<number>`count(*)`.as('all'))
    .where('userId', '=', userId)
    .where('kind', '=', kind)
    .where('revokedAt', 'is', null)
    .where(sql<boolean>`not ${ended(clock)}`)
    .executeTakeFirstOrThrow();
  return row.all;
}

export async function insertKey(
  db: Db,
  clock: Clock,
  key: {
    id: string;
    userId: string;
    parentId: string | null;
    kind: ApiKey['kind'];
    name: string;
    keyPrefix: string;
    keyHash: Buffer;
    scopes: string[];
    expiresAt: Date | null;
    /** In place of `expiresAt`: that long, and until when its holder may have more of it. */
    renewable?: { lastsSeconds: number; until: Date } | undefined;
  },
): Promise<ApiKey> {
  const { renewable, ...row } = key;
  const times = renewable && {
    expiresAt: sql<Date>`least(${renewable.until}, ${clock.sqlNow} + ${renewable.lastsSeconds} * interval '1 second')`,
    renewableUntil: renewable.until,
  };
  return db
    .insertInto('apiKeys')
    .values({ ...row, ...times, createdAt: clock.sqlNow })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/**
 * Puts another key in the place of one of kind `oauth`, for so long or until it can be renewed no more. Undefined for one that is revoked,
 * or has ended.
 */
export async function renewKey(
  trx: Db,
  clock: Clock,
  { id, lastsSeconds, ...key }: { id: string; keyPrefix: string; keyHash: Buffer; lastsSeconds: number },
): Promise<ApiKey | undefined> {
  return trx
    .updateTable('apiKeys')
    .set({ ...key, expiresAt: sql`least(renewable_until, ${clock.sqlNow} + ${lastsSeconds} * interval '1 second')` as never })
    .where('id', '=', id)
    .where('kind', '=', 'oauth')
    .where('revokedAt', 'is', null)
    .where('renewableUntil', '>', clock.sqlNow)
    .returning(columns)
    .executeTakeFirst();
}

/** Revokes a key and its descendants; returns the ids that were still active. */
export async function revokeFamily(db: Db, clock: Clock, id: string): Promise<string[]> {
  const rows = await db
    .updateTable('apiKeys')
    .set({ revokedAt: clock.sqlNow })
    .where('id', 'in', idsUnder(id))
    .where('revokedAt', 'is', null)
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}

/** Revokes every key of a user; returns the ids that were still active. */
export async function revokeKeysOf(trx: Db, clock: Clock, userId: string): Promise<string[]> {
  const rows = await trx
    .updateTable('apiKeys')
    .set({ revokedAt: clock.sqlNow })
    .where('userId', '=', userId)
    .where('revokedAt', 'is', null)
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}

/** The states of keys by their ids; those that there are no more are left out. */
export async function listKeyStates(db: Db, clock: Clock, ids: readonly string[]): Promise<Map<string, KeyState & { userId: string }>> {
  const rows = await db
    .selectFrom('apiKeys')
    .select(['id', 'userId', 'revokedAt'])
    .select(ended(clock).as('expired'))
    .where('id', '=', sql<string>`any(${ids})`)
    .execute();
  return new Map(rows.map(({ id, ...state }) => [id, state]));
}
