/** Queries of consents. */
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../../../core/clock.ts';
import type { Db } from '../../../core/database/database.ts';
import type { ConsentsTable } from '../../../core/database/tables.ts';
import type { Variables } from '../../recipes/variables.ts';

/** `expired` by the database's time: a pending consent that can no longer end well. */
export type Consent = Selectable<ConsentsTable> & { expired: boolean };

/** One of several that a person chooses from. */
export type Choice = NonNullable<Consent['choices']>[number];

export type ConsentFailure = NonNullable<Consent['reason']>;

const columns = [
  'id',
  'userId',
  'startedBy',
  'integration',
  'account',
  'status',
  'reason',
  'connectionId',
  'stateHash',
  'sealed',
  'browserHash',
  'needsConfirmation',
  'requestedScopes',
  'variables',
  'choices',
  'expiresAt',
  'createdAt',
] as const;

const expired = (clock: Clock) => sql<boolean>`(expires_at <= ${clock.sqlNow})`;
const inSeconds = (clock: Clock, seconds: number) => sql<Date>`${clock.sqlNow} + ${seconds} * interval '1 second'`;

export async function insertConsent(
  db: Db,
  clock: Clock,
  {
    lastsSeconds,
    ...row
  }: Pick<
    Selectable<ConsentsTable>,
    | 'id'
    | 'userId'
    | 'startedBy'
    | 'integration'
    | 'account'
    | 'status'
    | 'connectionId'
    | 'needsConfirmation'
    | 'requestedScopes'
    | 'variables'
  > & { lastsSeconds: number },
): Promise<void> {
  await db
    .insertInto('consents')
    .values({ ...row, createdAt: clock.sqlNow, expiresAt: inSeconds(clock, lastsSeconds) as never })
    .execute();
}

export async function findConsent(db: Db, clock: Clock, userId: string, id: string): Promise<Consent | undefined> {
  return db
    .selectFrom('consents')
    .select(columns)
    .select(expired(clock).as('expired'))
    .where('id', '=', id)
    .where('userId', '=', userId)
    .executeTakeFirst();
}

/** A consent that is being finished lasts long enough for it, so that the sweep does not revoke what is just being stored. */
const untilFinished = (clock: Clock) =>
  sql<Date>`case when expires_at > ${clock.sqlNow} then greatest(expires_at, ${clock.sqlNow} + interval '2 minutes') else expires_at end`;

/** A browser, by the hash of its cookie, with the state and the sealed verifier of its request to the provider. */
export interface Binding {
  stateHash: Buffer;
  browserHash: Buffer;
  sealed: string;
}

/** Ties a pending consent to a browser and a state; the browser before can finish it no more. False when it has ended. */
export async function bindConsent(db: Db, clock: Clock, id: string, binding: Binding): Promise<boolean> {
  const row = await db
    .updateTable('consents')
    .set({ ...binding, choices: null })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .where(expired(clock), '=', false)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** What the person gave for the recipe's variables on our page. */
export async function setConsentVariables(db: Db, id: string, variables: Variables): Promise<void> {
  await db.updateTable('consents').set({ variables }).where('id', '=', id).where('status', '=', 'pending').execute();
}

/** The pending consent that a state belongs to. */
export async function findConsentByState(db: Db, clock: Clock, stateHash: Buffer): Promise<Consent | undefined> {
  return db
    .selectFrom('consents')
    .select(columns)
    .select(expired(clock).as('expired'))
    .where('stateHash', '=', stateHash)
    .where('status', '=', 'pending')
    .where(expired(clock), '=', false)
    .executeTakeFirst();
}

/** Takes the consent of a state in the browser it is tied to; the same state finds nothing again (RFC 6749, section 10.12). */
export async function takeConsentByState(db: Db, clock: Clock, binding: Omit<Binding, 'sealed'>): Promise<Consent | undefined> {
  return db
    .updateTable('consents')
    .set({ stateHash: null, expiresAt: untilFinished(clock) as never })
    .where('stateHash', '=', binding.stateHash)
    .where('browserHash', '=', binding.browserHash)
    .where('status', '=', 'pending')
    .where(expired(clock), '=', false)
    .returning([...columns, expired(clock).as('expired')])
    .executeTakeFirst();
}

/** Holds a grant until the person has chosen, at most as long as a consent lasts. False when the consent has ended. */
export async function holdForChoice(
  db: Db,
  clock: Clock,
  id: string,
  held: { sealed: string; choices: readonly Choice[]; seconds: number },
): Promise<boolean> {
  const row = await db
    .updateTable('consents')
    .set({ sealed: held.sealed, choices: JSON.stringify(held.choices), expiresAt: inSeconds(clock, held.seconds) as never })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Once: whoever chooses second finds nothing. */
export async function takeHeld(db: Db, clock: Clock, id: string): Promise<boolean> {
  const row = await db
    .updateTable('consents')
    .set({ choices: null, expiresAt: untilFinished(clock) as never })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .where('choices', 'is not', null)
    .where(expired(clock), '=', false)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** False when it had ended already. */
export async function endConsent(
  db: Db,
  id: string,
  end: { status: 'connected'; connectionId: string } | { status: 'error'; reason: ConsentFailure },
): Promise<boolean> {
  const row = await db
    .updateTable('consents')
    .set({ ...end, stateHash: null, sealed: null, browserHash: null })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Which pending consents of the whole installation; what is given must all hold. */
export interface ConsentFilter {
  integration?: string | undefined;
  userId?: string | undefined;
  startedBy?: string | undefined;
}

function pendingWhere(db: Db, filter: ConsentFilter) {
  let query = db.selectFrom('consents').where('status', '=', 'pending');
  if (filter.integration !== undefined) query = query.where('integration', '=', filter.integration);
  if (filter.userId !== undefined) query = query.where('userId', '=', filter.userId);
  if (filter.startedBy !== undefined) query = query.where('startedBy', '=', filter.startedBy);
  return query;
}

export async function listPendingConsents(db: Db, clock: Clock, filter: ConsentFilter, limit: number): Promise<Consent[]> {
  return pendingWhere(db, filter).select(columns).select(expired(clock).as('expired')).orderBy('id').limit(limit).execute();
}

export async function countPendingConsents(db: Db, filter: ConsentFilter): Promise<number> {
  return (await pendingWhere(db, filter).select(sql<number>`count(*)`.as('all')).executeTakeFirstOrThrow()).all;
}

/** Deletes a consent that made no connection, and gives it as it was; undefined when there is none. */
export async function deleteFruitlessConsent(db: Db, clock: Clock, id: string): Promise<Consent | undefined> {
  return db
    .deleteFrom('consents')
    .where('id', '=', id)
    .where('connectionId', 'is', null)
    .returning([...columns, expired(clock).as('expired')])
    .executeTakeFirst();
}

/** Forgets consents that came to nothing this long ago. */
export async function deleteOldFailures(db: Db, clock: Clock, days: number): Promise<void> {
  await db
    .deleteFrom('consents')
    .where('status', '=', 'error')
    .where(sql<boolean>`created_at < ${clock.sqlNow} - ${days} * interval '1 day'`)
    .execute();
}

export async function listExpiredConsents(db: Db, clock: Clock, limit: number): Promise<Consent[]> {
  return db
    .selectFrom('consents')
    .select(columns)
    .select(expired(clock).as('expired'))
    .where('status', '=', 'pending')
    .where(expired(clock), '=', true)
    .limit(limit)
    .execute();
}
