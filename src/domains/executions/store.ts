/** Queries of idempotency claims. Admission makes them (admission/rules.ts); here they end. */
import { sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database/database.ts';

/** An idempotency key while the first call with it runs. */
export interface IdempotencyClaim {
  /** The API key or session that it belongs to. */
  holderId: string;
  key: string;
  callId: string;
}

function claimOf(db: Db, { holderId, key, callId }: IdempotencyClaim) {
  return db.updateTable('idempotencyClaims').where('holderId', '=', holderId).where('key', '=', key).where('callId', '=', callId);
}

export async function finishClaim(
  db: Db,
  clock: Clock,
  claim: IdempotencyClaim,
  first: { status: number; answer: string | null },
): Promise<void> {
  await claimOf(db, claim)
    .set({
      state: 'done',
      upstreamStatus: first.status,
      answer: first.answer,
      expiresAt: sql<Date>`${clock.sqlNow} + (expires_at - created_at)`,
    })
    .execute();
}

export async function loseClaim(db: Db, claim: IdempotencyClaim): Promise<void> {
  await claimOf(db, claim).set({ state: 'unknown' }).execute();
}

export async function releaseClaim(db: Db, { holderId, key, callId }: IdempotencyClaim): Promise<void> {
  await db
    .deleteFrom('idempotencyClaims')
    .where('holderId', '=', holderId)
    .where('key', '=', key)
    .where('callId', '=', callId)
    .where('state', '=', 'running')
    .execute();
}

/** Claims that began so long ago and still run, the oldest first. */
export async function listStaleClaims(db: Db, clock: Clock, staleSeconds: number, limit: number): Promise<IdempotencyClaim[]> {
  return db
    .selectFrom('idempotencyClaims')
    .select(['holderId', 'key', 'callId'])
    .where('state', '=', 'running')
    .where(sql<boolean>`created_at < ${clock.sqlNow} - ${staleSeconds} * interval '1 second'`)
    .orderBy('createdAt')
    .limit(limit)
    .execute();
}

/** Those that still run become unknown. Returns how many. */
export async function loseRunningClaims(db: Db, callIds: readonly string[]): Promise<number> {
  if (callIds.length === 0) return 0;
  const { numUpdatedRows } = await db
    .updateTable('idempotencyClaims')
    .set({ state: 'unknown' })
    .where('state', '=', 'running')
    .where('callId', 'in', callIds)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

/** Those that still run are forgotten. Returns how many. */
export async function releaseRunningClaims(db: Db, callIds: readonly string[]): Promise<number> {
  if (callIds.length === 0) return 0;
  const { numDeletedRows } = await db
    .deleteFrom('idempotencyClaims')
    .where('state', '=', 'running')
    .where('callId', 'in', callIds)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Deletes up to `limit` claims whose time is over. Returns how many. */
export async function deleteExpiredClaims(db: Db, clock: Clock, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency_claims where (holder_id, key) in (
      select holder_id, key from idempotency_claims where expires_at <= ${clock.sqlNow}
      order by expires_at limit ${limit} for update skip locked
    )`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Kept answers that an older data key sealed. */
export async function listStaleAnswers(db: Db, currentVersion: number, limit: number): Promise<{ callId: string; answer: string }[]> {
  return db
    .selectFrom('idempotencyClaims')
    .select(['callId', sql<string>`answer`.as('answer')])
    .where('answer', 'not like', `${currentVersion}.%`)
    .limit(limit)
    .execute();
}

export async function countStaleAnswers(db: Db, currentVersion: number): Promise<number> {
  const count = db.selectFrom('idempotencyClaims').select(sql<number>`count(*)`.as('all'));
  return (await count.where('answer', 'not like', `${currentVersion}.%`).executeTakeFirstOrThrow()).all;
}

/** Puts the same answer under another seal, only where the old seal still stands. */
export async function replaceAnswerSeal(db: Db, { callId, answer }: { callId: string; answer: string }, resealed: string): Promise<void> {
  await db.updateTable('idempotencyClaims').set({ answer: resealed }).where('callId', '=', callId).where('answer', '=', answer).execute();
}
