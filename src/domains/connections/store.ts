/** Queries of connections. */
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database/database.ts';
import type { ConnectionsTable } from '../../core/database/tables.ts';
import type { TimePosition } from '../../core/paging.ts';
import type { Variables } from '../recipes/variables.ts';

/** A connection without what is sealed and without the lease. */
export type Connection = Omit<Selectable<ConnectionsTable>, 'credential' | 'refreshHolder' | 'refreshUntil'>;

const columns = [
  'id',
  'userId',
  'integration',
  'authType',
  'providerAccountId',
  'account',
  'isDefault',
  'status',
  'statusReason',
  'credentialVersion',
  'providerScopes',
  'accessExpiresAt',
  'refreshable',
  'variables',
  'frozenAt',
  'refreshedAt',
  'createdAt',
  'updatedAt',
] as const;

export async function findConnection(db: Db, userId: string, id: string): Promise<Connection | undefined> {
  return db.selectFrom('connections').select(columns).where('id', '=', id).where('userId', '=', userId).executeTakeFirst();
}

export async function listConnectionsById(db: Db, ids: readonly string[], userId?: string): Promise<Connection[]> {
  const query = db.selectFrom('connections').select(columns).where('id', '=', sql<string>`any(${ids})`);
  return (userId === undefined ? query : query.where('userId', '=', userId)).execute();
}

/** Oldest first, of these integrations only. */
export async function listConnectionsOf(
  db: Db,
  userId: string,
  slugs: readonly string[],
  page: { limit: number; after?: TimePosition | undefined },
): Promise<Connection[]> {
  if (slugs.length === 0) return [];
  let query = db.selectFrom('connections').select(columns).where('userId', '=', userId).where('integration', 'in', slugs);
  // Cursors hold milliseconds, and the database keeps microseconds.
  if (page.after) query = query.where(sql<boolean>`(date_trunc('milliseconds', created_at), id) > (${page.after[0]}, ${page.after[1]})`);
  return query.orderBy(sql`date_trunc('milliseconds', created_at)`).orderBy('id').limit(page.limit).execute();
}

/** As many as that of each integration, each oldest first. */
export async function listConnectionsOfEach(
  db: Db,
  userId: string,
  slugs: readonly string[],
  page: { limit: number; after?: TimePosition | undefined },
): Promise<Connection[]> {
  const moment = sql`date_trunc('milliseconds', created_at)`;
  const after = page.after ? sql`and (${moment}, id) > (${page.after[0]}, ${page.after[1]})` : sql``;
  const { rows } = await sql<Connection>`
    select c.* from unnest(${slugs}::text[]) wanted (slug) cross join lateral (
      select ${sql.join(columns.map((name) => sql.ref(name)))} from connections
      where user_id = ${userId} and integration = wanted.slug ${after}
      order by ${moment}, id limit ${page.limit}
    ) c`.execute(db);
  return rows;
}

export async function countConnectionsOfEach(db: Db, userId: string, slugs: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('connections')
    .select(['integration', sql<number>`count(*)`.as('all')])
    .where('userId', '=', userId)
    .where('integration', 'in', slugs)
    .groupBy('integration')
    .execute();
  return new Map(rows.map((row) => [row.integration, row.all]));
}

export async function countConnections(db: Db, userId: string, slugs?: readonly string[]): Promise<number> {
  if (slugs?.length === 0) return 0;
  let query = db.selectFrom('connections').select(sql<number>`count(*)`.as('all')).where('userId', '=', userId);
  if (slugs) query = query.where('integration', 'in', slugs);
  return (await query.executeTakeFirstOrThrow()).all;
}

export async function listAccountsOf(db: Db, userId: string, slugs: readonly string[]) {
  return db
    .selectFrom('connections')
    .select(['id', 'integration', 'account', 'status', 'isDefault', 'providerScopes', 'frozenAt'])
    .where('userId', '=', userId)
    .where('integration', 'in', slugs)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
}

/** The connections of one integration with what decides whether a new credential is one of theirs. */
export async function listSiblings(db: Db, userId: string, integration: string) {
  return db
    .selectFrom('connections')
    .select(['id', 'providerAccountId', 'account', 'isDefault', 'providerScopes', 'variables', 'statusReason'])
    .where('userId', '=', userId)
    .where('integration', '=', integration)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
}

export interface CredentialColumns {
  authType: string;
  account: string;
  /** Sealed for this connection's id. */
  credential: string;
  providerScopes: string[] | null;
  expiresInSeconds: number | undefined;
  refreshable: boolean;
  variables: Variables;
}

function credentialValues(clock: Clock, { expiresInSeconds, ...row }: CredentialColumns) {
  return {
    ...row,
    accessExpiresAt: expiresInSeconds === undefined ? null : sql<Date>`${clock.sqlNow} + ${expiresInSeconds} * interval '1 second'`,
    updatedAt: clock.sqlNow,
  };
}

export async function insertConnection(
  db: Db,
  clock: Clock,
  row: CredentialColumns & { id: string; userId: string; integration: string; providerAccountId: string; isDefault: boolean },
): Promise<void> {
  await db
    .insertInto('connections')
    .values({ ...credentialValues(clock, row), createdAt: clock.sqlNow } as never)
    .execute();
}

/** A new credential for the same account. A refresh that is on its way loses its lease, so that it cannot store over it. */
export async function replaceCredential(db: Db, clock: Clock, id: string, row: CredentialColumns): Promise<void> {
  await db
    .updateTable('connections')
    .set({
      ...credentialValues(clock, row),
      credentialVersion: sql`credential_version + 1`,
      status: 'connected',
      statusReason: null,
      refreshHolder: null,
      refreshUntil: null,
      refreshedAt: null,
    })
    .where('id', '=', id)
    .execute();
}

export async function deleteConnection(db: Db, id: string): Promise<{ credential: string; variables: Variables } | undefined> {
  return db.deleteFrom('connections').where('id', '=', id).returning(['credential', 'variables']).executeTakeFirst();
}

/** Makes one connection the default of its integration, or none when `id` is undefined. */
export async function setDefault(db: Db, userId: string, integration: string, id: string | undefined): Promise<void> {
  const siblings = db.updateTable('connections').where('userId', '=', userId).where('integration', '=', integration);
  // Two statements: the unique index on defaults is checked row by row.
  await siblings.set({ isDefault: false }).where('isDefault', '=', true).execute();
  if (id !== undefined) await siblings.set({ isDefault: true }).where('id', '=', id).execute();
}

export async function renameAccount(db: Db, clock: Clock, id: string, account: string): Promise<void> {
  await db.updateTable('connections').set({ account, updatedAt: clock.sqlNow }).where('id', '=', id).execute();
}

/** Which connections of the whole installation; what is given must all hold. */
export interface ConnectionFilter {
  integration?: string | undefined;
  userId?: string | undefined;
  /** One of these ids, or started by this key or session. */
  reachedBy?: { ids: readonly string[]; startedBy: string } | undefined;
  frozen?: boolean | undefined;
}

function connectionsWhere(db: Db, filter: ConnectionFilter) {
  let query = db.selectFrom('connections');
  if (filter.integration !== undefined) query = query.where('integration', '=', filter.integration);
  if (filter.userId !== undefined) query = query.where('userId', '=', filter.userId);
  if (filter.frozen !== undefined) query = query.where('frozenAt', filter.frozen ? 'is not' : 'is', null);
  const { reachedBy } = filter;
  if (reachedBy) {
    query = query.where((eb) =>
      eb.or([
        eb('id', '=', sql<string>`any(${reachedBy.ids})`),
        eb('id', 'in', eb.selectFrom('consents').select('connectionId').where('startedBy', '=', reachedBy.startedBy).$castTo<string>()),
      ]),
    );
  }
  return query;
}

export async function listConnectionsWhere(db: Db, filter: ConnectionFilter, limit: number): Promise<Connection[]> {
  return connectionsWhere(db, filter).select(columns).orderBy('id').limit(limit).execute();
}

export async function countConnectionsWhere(db: Db, filter: ConnectionFilter): Promise<number> {
  return (await connectionsWhere(db, filter).select(sql<number>`count(*)`.as('all')).executeTakeFirstOrThrow()).all;
}

/** Returns the ids that were not frozen (or, to thaw, were). */
export async function setFrozen(db: Db, clock: Clock, ids: readonly string[], frozen: boolean): Promise<string[]> {
  const rows = await db
    .updateTable('connections')
    .set({ frozenAt: frozen ? clock.sqlNow : null })
    .where('id', '=', sql<string>`any(${ids})`)
    .where('frozenAt', frozen ? 'is' : 'is not', null)
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}

/** Sealed values of connections, or of consents, that an older data key sealed. */
export async function listStaleSealed(db: Db, currentVersion: number, limit: number): Promise<StaleSealed[]> {
  const current = `${currentVersion}.%`;
  const [connections, consents] = await Promise.all([
    db.selectFrom('connections').select(['id', 'credential as sealed']).where('credential', 'not like', current).limit(limit).execute(),
    db.selectFrom('consents').select(['id', 'sealed']).where('sealed', 'not like', current).limit(limit).execute(),
  ]);
  return [
    ...connections.map((row) => ({ ...row, kind: 'connection' as const })),
    ...consents.map((row) => ({ id: row.id, sealed: row.sealed as string, kind: 'consent' as const })),
  ];
}

export interface StaleSealed {
  kind: 'connection' | 'consent';
  id: string;
  sealed: string;
}

export async function countStaleSealed(db: Db, currentVersion: number): Promise<number> {
  const current = `${currentVersion}.%`;
  const count = sql<number>`count(*)`.as('all');
  const [connections, consents] = await Promise.all([
    db.selectFrom('connections').select(count).where('credential', 'not like', current).executeTakeFirstOrThrow(),
    db.selectFrom('consents').select(count).where('sealed', 'not like', current).executeTakeFirstOrThrow(),
  ]);
  return connections.all + consents.all;
}

/** Puts the same secret under another seal, only where the old seal still stands. */
export async function replaceSeal(db: Db, row: StaleSealed, resealed: string): Promise<void> {
  const { kind, id, sealed } = row;
  if (kind === 'connection')
    await db.updateTable('connections').set({ credential: resealed }).where('id', '=', id).where('credential', '=', sealed).execute();
  else await db.updateTable('consents').set({ sealed: resealed }).where('id', '=', id).where('sealed', '=', sealed).execute();
}

/** Of these connections, those that there still are: whether an operator has stopped each. */
export async function listFrozenOf(db: Db, ids: readonly string[]): Promise<Map<string, boolean>> {
  const rows = await db.selectFrom('connections').select(['id', 'frozenAt']).where('id', '=', sql<string>`any(${ids})`).execute();
  return new Map(rows.map(({ id, frozenAt }) => [id, frozenAt !== null]));
}
