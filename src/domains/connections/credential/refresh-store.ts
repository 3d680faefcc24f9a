/** Queries of a connection's refresh: the lease that lets one process at a time ask for a new token, and what it may then store. */
import { sql } from 'kysely';
import type { Clock } from '../../../core/clock.ts';
import type { Db } from '../../../core/database/database.ts';
import type { Variables } from '../../recipes/variables.ts';

/** What a refresh reads of its connection. */
export interface RefreshState {
  id: string;
  userId: string;
  integration: string;
  account: string;
  authType: string;
  /** Sealed. */
  credential: string;
  credentialVersion: number;
  providerScopes: string[] | null;
  accessExpiresAt: Date | null;
  status: 'connected' | 'reconnect_needed';
  statusReason: string | null;
  frozenAt: Date | null;
  refreshedAt: Date | null;
  refreshHolder: string | null;
  variables: Variables;
  lease: 'free' | 'held' | 'lapsed';
}

const columns = [
  'id',
  'userId',
  'integration',
  'account',
  'authType',
  'credential',
  'credentialVersion',
  'providerScopes',
  'accessExpiresAt',
  'status',
  'statusReason',
  'frozenAt',
  'refreshedAt',
  'refreshHolder',
  'variables',
] as const;

const leaseState = (clock: Clock) =>
  sql<
    RefreshState['lease']
  >`case when refresh_holder is null then 'free' when refresh_until > ${clock.sqlNow} then 'held' else 'lapsed' end`;
const until = (clock: Clock, seconds: number) => sql<Date>`${clock.sqlNow} + ${seconds} * interval '1 second'`;

export async function readRefreshState(db: Db, clock: Clock, id: string): Promise<RefreshState | undefined> {
  return db.selectFrom('connections').select(columns).select(leaseState(clock).as('lease')).where('id', '=', id).executeTakeFirst();
}

/** Undefined when the lease is taken, the credential is not this version any more, or the connection may not be used. */
export async function takeLease(
  db: Db,
  clock: Clock,
  lease: { id: string; version: number; holder: string; seconds: number },
): Promise<RefreshState | undefined> {
  return db
    .updateTable('connections')
    .set({ refreshHolder: lease.holder, refreshUntil: until(clock, lease.seconds) as never })
    .where('id', '=', lease.id)
    .where('credentialVersion', '=', lease.version)
    .where('status', '=', 'connected')
    .where('frozenAt', 'is', null)
    .where('refreshHolder', 'is', null)
    .returning([...columns, leaseState(clock).as('lease')])
    .executeTakeFirst();
}

/** Frees a lease, also one that lapsed, as long as it is this holder's. */
export async function releaseLease(db: Db, id: string, holder: string): Promise<void> {
  await db
    .updateTable('connections')
    .set({ refreshHolder: null, refreshUntil: null })
    .where('id', '=', id)
    .where('refreshHolder', '=', holder)
    .execute();
}

/** Stores what a refresh brought, only while the lease is this holder's. False when it is not. */
export async function storeRefreshed(
  db: Db,
  clock: Clock,
  fresh: {
    id: string;
    holder: string;
    version: number;
    credential: string;
    providerScopes: string[] | null;
    variables: Variables;
    expiresInSeconds: number | null;
  },
): Promise<boolean> {
  const row = await db
    .updateTable('connections')
    .set({
      credential: fresh.credential,
      credentialVersion: fresh.version + 1,
      providerScopes: fresh.providerScopes,
      variables: fresh.variables,
      accessExpiresAt: (fresh.expiresInSeconds === null ? null : until(clock, fresh.expiresInSeconds)) as never,
      refreshHolder: null,
      refreshUntil: null,
      refreshedAt: clock.sqlNow,
      updatedAt: clock.sqlNow,
    })
    .where('id', '=', fresh.id)
    .where('refreshHolder', '=', fresh.holder)
    .where('credentialVersion', '=', fresh.version)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Marks that only a new consent helps. `holder`: whose lease this is decided under; null while nobody refreshes. False when the connection has moved on. */
export async function markReconnectNeeded(
  db: Db,
  clock: Clock,
  mark: { id: string; version: number; holder: string | null; reason: string },
): Promise<boolean> {
  let query = db
    .updateTable('connections')
    .set({ status: 'reconnect_needed', statusReason: mark.reason, refreshHolder: null, refreshUntil: null, updatedAt: clock.sqlNow })
    .where('id', '=', mark.id)
    .where('credentialVersion', '=', mark.version)
    .where('status', '=', 'connected');
  query = mark.holder === null ? query.where('refreshHolder', 'is', null) : query.where('refreshHolder', '=', mark.holder);
  return (await query.returning('id').executeTakeFirst()) !== undefined;
}

/** Connections whose refresh token has not been used for this long, in no order: those that fail every time must not always come first. */
export async function listIdleConnections(db: Db, clock: Clock, integration: string, idleDays: number, limit: number) {
  return db
    .selectFrom('connections')
    .select(['id', 'authType', 'credentialVersion'])
    .where('integration', '=', integration)
    .where('refreshable', '=', true)
    .where('status', '=', 'connected')
    .where('frozenAt', 'is', null)
    .where(sql<boolean>`coalesce(refreshed_at, updated_at) < ${clock.sqlNow} - ${idleDays} * interval '1 day'`)
    .orderBy(sql`random()`)
    .limit(limit)
    .execute();
}
