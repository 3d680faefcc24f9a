/** Queries of invitations. */
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { PlanName } from '../../core/config/plans.ts';
import type { Db } from '../../core/database/database.ts';
import type { InvitationsTable } from '../../core/database/tables.ts';
import type { TimePosition } from '../../core/paging.ts';

export type InvitationState = 'open' | 'accepted' | 'withdrawn' | 'expired';

export type Invitation = Omit<Selectable<InvitationsTable>, 'tokenHash' | 'plan'> & { plan: PlanName; state: InvitationState };

const columns = ['id', 'email', 'plan', 'expiresAt', 'acceptedAt', 'userId', 'withdrawnAt', 'createdAt'] as const;

function stateAt(clock: Clock) {
  return sql<InvitationState>`case
    when withdrawn_at is not null then 'withdrawn'
    when accepted_at is not null then 'accepted'
    when expires_at <= ${clock.sqlNow} then 'expired'
    else 'open'
  end`;
}

/** A claim whose account did not come into being (its process died) is no claim any more after a minute. */
function isOpen(clock: Clock) {
  return sql<boolean>`withdrawn_at is null and expires_at > ${clock.sqlNow} and (
    accepted_at is null or (user_id is null and accepted_at < ${clock.sqlNow} - interval '1 minute')
  )`;
}

export async function insertInvitation(
  trx: Db,
  clock: Clock,
  invitation: { id: string; email: string; plan: PlanName; tokenHash: Buffer; lastsSeconds: number },
): Promise<Invitation> {
  const { lastsSeconds, ...row } = invitation;
  return (await trx
    .insertInto('invitations')
    .values({ ...row, expiresAt: sql<Date>`${clock.sqlNow} + ${lastsSeconds} * interval '1 second'`, createdAt: clock.sqlNow })
    .returning([...columns, stateAt(clock).as('state')])
    .executeTakeFirstOrThrow()) as Invitation;
}

/** What a newcomer shows: the token of their link or, where a provider vouches for the address, the address alone. */
export type InvitationProof = { email: string; tokenHash: Buffer | undefined };

function openFor(clock: Clock, { email, tokenHash }: InvitationProof) {
  const byEmail = sql<boolean>`email = ${email} and ${isOpen(clock)}`;
  return tokenHash === undefined ? byEmail : sql<boolean>`${byEmail} and token_hash = ${tokenHash}`;
}

export async function findOpenInvitation(db: Db, clock: Clock, proof: InvitationProof): Promise<{ id: string } | undefined> {
  return db.selectFrom('invitations').select('id').where(openFor(clock, proof)).executeTakeFirst();
}

/** Takes the invitation for the account that is about to be made; of several who try at once, one gets it. */
export async function claimInvitation(db: Db, clock: Clock, proof: InvitationProof): Promise<{ id: string; plan: PlanName } | undefined> {
  return (await db
    .updateTable('invitations')
    .set({ acceptedAt: clock.sqlNow })
    .where(openFor(clock, proof))
    .returning(['id', 'plan'])
    .executeTakeFirst()) as { id: string; plan: PlanName } | undefined;
}

/** The account exists now: its invitation cannot be used again. */
export async function settleInvitation(trx: Db, email: string, userId: string): Promise<string | undefined> {
  const row = await trx
    .updateTable('invitations')
    .set({ userId })
    .where('email', '=', email)
    .where('acceptedAt', 'is not', null)
    .where('withdrawnAt', 'is', null)
    .where('userId', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row?.id;
}

/** Ends open invitations: one by id, or all of an address. Returns those that were open. */
export async function withdrawInvitations(trx: Db, clock: Clock, which: { id: string } | { email: string }): Promise<Invitation[]> {
  const [column, value] = 'id' in which ? (['id', which.id] as const) : (['email', which.email] as const);
  return (await trx
    .updateTable('invitations')
    .set({ withdrawnAt: clock.sqlNow })
    .where(column, '=', value)
    .where('acceptedAt', 'is', null)
    .where('withdrawnAt', 'is', null)
    .returning([...columns, stateAt(clock).as('state')])
    .execute()) as Invitation[];
}

export async function findInvitation(db: Db, clock: Clock, id: string): Promise<Invitation | undefined> {
  return (await db
    .selectFrom('invitations')
    .select([...columns, stateAt(clock).as('state')])
    .where('id', '=', id)
    .executeTakeFirst()) as Invitation | undefined;
}

/** The latest first. */
export async function listInvitations(db: Db, clock: Clock, after: TimePosition | undefined, limit: number): Promise<Invitation[]> {
  let query = db
    .selectFrom('invitations')
    .select([...columns, stateAt(clock).as('state')])
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  if (after) query = query.where(sql<boolean>`(created_at, id) < (${after[0]}, ${after[1]})`);
  return (await query.execute()) as Invitation[];
}

export async function countInvitations(db: Db): Promise<number> {
  return (await db.selectFrom('invitations').select(sql<number>`count(*)`.as('all')).executeTakeFirstOrThrow()).all;
}
