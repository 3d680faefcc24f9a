/** Queries of clients that registered themselves, and of what people granted to clients. */
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database/database.ts';
import type { OAuthGrantsTable } from '../../core/database/tables.ts';
import type { OAuthClient } from './oauth-clients.ts';

export type OAuthGrant = Selectable<OAuthGrantsTable>;

const asClient = ({ uri, ...row }: { id: string; name: string; uri: string | null; redirectUris: string[] }): OAuthClient => ({
  ...row,
  uri: uri ?? undefined,
  host: undefined,
});

/** What all processes take for now. */
export async function readTimeMs(db: Db, clock: Clock): Promise<number> {
  const { rows } = await sql<{ nowMs: number }>`select (extract(epoch from ${clock.sqlNow}) * 1000)::float8 as now_ms`.execute(db);
  return (rows[0] as { nowMs: number }).nowMs;
}

export async function findRegisteredClient(db: Db, id: string): Promise<OAuthClient | undefined> {
  const row = await db.selectFrom('oauthClients').select(['id', 'name', 'uri', 'redirectUris']).where('id', '=', id).executeTakeFirst();
  return row && asClient(row);
}

export async function insertRegisteredClient(
  db: Db,
  clock: Clock,
  row: { id: string; name: string; uri: string | null; redirectUris: string[] },
): Promise<OAuthClient> {
  await db
    .insertInto('oauthClients')
    .values({ ...row, createdAt: clock.sqlNow as never })
    .execute();
  return asClient(row);
}

type Document = { client: Omit<OAuthClient, 'host'>; fault: undefined } | { fault: string };

export async function findDocument(db: Db, clock: Clock, userId: string, id: string): Promise<Document | undefined> {
  const row = await db
    .selectFrom('oauthClientDocuments')
    .select(['id', 'name', 'uri', 'redirectUris', 'fault'])
    .where('userId', '=', userId)
    .where('id', '=', id)
    .where('keptUntil', '>', clock.sqlNow)
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.fault !== null) return { fault: row.fault };
  const { name, uri, redirectUris } = row as { name: string; uri: string | null; redirectUris: string[] };
  return { client: { id, name, uri: uri ?? undefined, redirectUris }, fault: undefined };
}

/** Of one person, as many as anybody looks at within an hour; those that are over first go first. */
const documentsMax = 50;

/** Keeps a document, or what is wrong with it, in the place of what was kept before. */
export async function keepDocument(
  db: Db,
  clock: Clock,
  { userId, id, client, fault, keptSeconds }: { userId: string; id: string; client?: OAuthClient; fault?: string; keptSeconds: number },
): Promise<void> {
  const keptUntil = sql<Date>`${clock.sqlNow} + ${keptSeconds} * interval '1 second'`;
  const said = { name: client?.name ?? null, uri: client?.uri ?? null, redirectUris: client ? [...client.redirectUris] : null };
  const row = { ...said, fault: fault ?? null, keptUntil };
  await db
    .insertInto('oauthClientDocuments')
    .values({ userId, id, ...row })
    .onConflict((conflict) => conflict.columns(['userId', 'id']).doUpdateSet(row))
    .execute();
  await db
    .deleteFrom('oauthClientDocuments')
    .where('userId', '=', userId)
    .where('id', 'in', (eb) =>
      eb.selectFrom('oauthClientDocuments').select('id').where('userId', '=', userId).orderBy('keptUntil', 'desc').offset(documentsMax),
    )
    .execute();
}

export async function deleteOldDocuments(db: Db, clock: Clock): Promise<void> {
  await db.deleteFrom('oauthClientDocuments').where('keptUntil', '<=', clock.sqlNow).execute();
}

/** One with a document has no row, and nothing is written. */
export async function markClientUsed(trx: Db, clock: Clock, id: string): Promise<void> {
  await trx
    .updateTable('oauthClients')
    .set({ usedAt: clock.sqlNow as never })
    .where('id', '=', id)
    .execute();
}

/** Those that nobody let in within `hours`, and those that nobody let in for `days` and that have no grant which could still be renewed. */
export async function deleteUnusedClients(db: Db, clock: Clock, { hours, days }: { hours: number; days: number }): Promise<void> {
  await db
    .deleteFrom('oauthClients')
    .where(sql<boolean>`case when used_at is null then created_at < ${clock.sqlNow} - ${hours} * interval '1 hour'
      else used_at < ${clock.sqlNow} - ${days} * interval '1 day' end`)
    .where(sql<boolean>`not exists (select from oauth_grants g where g.client_id = oauth_clients.id)`)
    .execute();
}

/** Codes that nobody redeemed, and grants that can be renewed no more, since `hours`. */
export async function deleteEndedGrants(db: Db, clock: Clock, hours: number): Promise<void> {
  await db
    .deleteFrom('oauthGrants')
    .where(sql<boolean>`(case when key_id is null then code_expires_at else ends_at end) < ${clock.sqlNow} - ${hours} * interval '1 hour'`)
    .execute();
}

type NewGrant = Pick<
  OAuthGrant,
  'id' | 'userId' | 'sessionId' | 'clientId' | 'clientName' | 'redirectUri' | 'scopes' | 'codeHash' | 'codeChallenge'
>;

export async function insertGrant(
  trx: Db,
  clock: Clock,
  { codeSeconds, days, ...row }: NewGrant & { codeSeconds: number; days: number },
): Promise<void> {
  await trx
    .insertInto('oauthGrants')
    .values({
      ...row,
      codeExpiresAt: sql`${clock.sqlNow} + ${codeSeconds} * interval '1 second'` as never,
      endsAt: sql`${clock.sqlNow} + ${days} * interval '1 day'` as never,
      createdAt: clock.sqlNow as never,
    })
    .execute();
}

/** Codes that can still be redeemed. */
export async function countOpenCodes(trx: Db, clock: Clock, userId: string): Promise<number> {
  const row = await trx
    .selectFrom('oauthGrants')
    .select(sql<number>`count(*)`.as('all'))
    .where('userId', '=', userId)
    .where('redeemedAt', 'is', null)
    .where('codeExpiresAt', '>', clock.sqlNow)
    .executeTakeFirstOrThrow();
  return row.all;
}

/** How long a grant can still be renewed. */
const leftSeconds = (clock: Clock) => sql<number>`floor(extract(epoch from ends_at - ${clock.sqlNow}))::int`.as('leftSeconds');

/** Takes a code, once: undefined for everyone but the first, who is told whether it was in time. */
export async function claimCode(
  trx: Db,
  clock: Clock,
  codeHash: Buffer,
): Promise<(OAuthGrant & { inTime: boolean; leftSeconds: number }) | undefined> {
  return trx
    .updateTable('oauthGrants')
    .set({ redeemedAt: clock.sqlNow as never })
    .where('codeHash', '=', codeHash)
    .where('redeemedAt', 'is', null)
    .returningAll()
    .returning(sql<boolean>`code_expires_at > ${clock.sqlNow}`.as('inTime'))
    .returning(leftSeconds(clock))
    .executeTakeFirst();
}

export async function findGrantByCode(trx: Db, codeHash: Buffer): Promise<OAuthGrant | undefined> {
  return trx.selectFrom('oauthGrants').selectAll().where('codeHash', '=', codeHash).executeTakeFirst();
}

export async function giveKey(trx: Db, id: string, made: { keyId: string; familyHash: Buffer; refreshHash: Buffer }): Promise<void> {
  await trx.updateTable('oauthGrants').set(made).where('id', '=', id).execute();
}

/** Puts another refresh token in the place of this one. Undefined for everyone but the first who shows it. */
export async function rotateRefresh(
  trx: Db,
  clock: Clock,
  change: { familyHash: Buffer; shown: Buffer; next: Buffer; clientId: string },
): Promise<(OAuthGrant & { leftSeconds: number }) | undefined> {
  return trx
    .updateTable('oauthGrants')
    .set({ refreshHash: change.next })
    .where('familyHash', '=', change.familyHash)
    .where('refreshHash', '=', change.shown)
    .where('clientId', '=', change.clientId)
    .returningAll()
    .returning(leftSeconds(clock))
    .executeTakeFirst();
}

export async function findGrantByFamily(trx: Db, familyHash: Buffer): Promise<OAuthGrant | undefined> {
  return trx.selectFrom('oauthGrants').selectAll().where('familyHash', '=', familyHash).executeTakeFirst();
}
