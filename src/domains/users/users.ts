/** People who use this installation. */

import type { Clock } from '../../core/clock.ts';
import type { Gateway } from '../../core/context.ts';
import type { Db } from '../../core/database/database.ts';
import { SkillettError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Principal } from '../../core/principal.ts';
import { recordAudit } from '../audit/audit.ts';
import { findUserByEmail, insertOwner, lockUser, markSignedIn, type User, type UserChange, updateUser } from './store.ts';

/** The address the owner has until they set their own; `.invalid` can never receive mail (RFC 2606). */
export const ownerEmail = 'owner@skillett.invalid';

/** Makes the first user: the owner, on the plan `unlimited`. Undefined when there is one already, also when another process was faster. */
export async function createOwner(db: Db, clock: Clock): Promise<User | undefined> {
  return db.transaction().execute(async (trx) => {
    const owner = await insertOwner(trx, clock, { id: newId('user'), email: ownerEmail, displayName: 'Owner' });
    if (owner)
      await recordAudit(trx, {
        userId: owner.id,
        actor: 'system',
        action: 'user.created',
        target: owner.id,
        details: { owner: true },
        requestId: null,
      });
    return owner;
  });
}

/** What concerns the person and not their agents takes a session: a key must not be able to take the account over. */
export function requireSession(principal: Principal): void {
  if (principal.kind !== 'session')
    throw new SkillettError('forbidden', 'This takes a dashboard session, not an API key: sign in to the dashboard and do it there.', {
      action: '/settings',
    });
}

/** Changes one's own name and e-mail address; what is left out stays. Throws forbidden with an API key, conflict when the address is taken. */
export async function updateProfile(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  principal: Principal,
  wanted: { displayName?: string | undefined; email?: string | undefined },
  requestId: string,
): Promise<User> {
  requireSession(principal);
  const email = wanted.email?.toLowerCase();
  return db.transaction().execute(async (trx) => {
    const before = (await lockUser(trx, principal.userId)) as User;
    const change: UserChange = {};
    if (wanted.displayName !== undefined && wanted.displayName !== before.displayName) change.displayName = wanted.displayName;
    if (email !== undefined && email !== before.email) {
      if (await findUserByEmail(trx, email)) throw emailTaken();
      change.email = email;
      // Nobody has shown yet that the new address is theirs, so a provider's account with it must not be joined to this one.
      change.emailVerified = false;
    }
    if (Object.keys(change).length === 0) return before;
    const after = await updateUser(trx, clock, before.id, change).catch((error: { code?: unknown }) => {
      throw error.code === '23505' ? emailTaken() : error;
    });
    await recordAudit(trx, {
      userId: before.id,
      actor: principal.holderId,
      action: 'user.profile_changed',
      target: before.id,
      details: {
        from: { displayName: before.displayName, email: before.email },
        to: { displayName: after.displayName, email: after.email },
      },
      requestId,
    });
    return after;
  });
}

function emailTaken(): SkillettError {
  return new SkillettError('conflict', 'Another account here has this e-mail address.');
}

/** Writes down that a session began. A session's row goes when it ends; this stays, and says whose it was. */
export async function recordSignIn(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  session: { id: string; userId: string; signedInBy?: unknown },
): Promise<void> {
  const { id, userId, signedInBy } = session;
  await db.transaction().execute(async (trx) => {
    await markSignedIn(trx, clock, userId);
    await recordAudit(trx, {
      userId,
      actor: id,
      action: 'user.signed_in',
      target: userId,
      details: { by: signedInBy ?? null },
      requestId: null,
    });
  });
}
