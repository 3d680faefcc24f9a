/** Setting and changing one's password. better-auth checks it at sign-in; changes are ours, so that they and their audit row are one. */
import type { Gateway } from '../../../core/context.ts';
import type { Db } from '../../../core/database/database.ts';
import { badRequest, SkillettError } from '../../../core/errors.ts';
import { newId } from '../../../core/ids.ts';
import type { Principal } from '../../../core/principal.ts';
import { recordAudit } from '../../audit/audit.ts';
import { findUser, lockUser } from '../store.ts';
import { requireSession } from '../users.ts';
import type { PasswordHashing } from './auth.ts';
import { findPasswordFault } from './common-passwords.ts';
import { findPasswordHash, writePasswordHash } from './method-store.ts';
import { deleteSessions, findSessionStart } from './session-store.ts';
import { endSignInLinks } from './sign-in-links.ts';

declare module '../../../core/context.ts' {
  interface Gateway {
    passwordHashing: PasswordHashing;
  }
}

type Parts = Pick<Gateway, 'db' | 'clock' | 'passwordHashing'>;

/** For how long a session that began with a link may replace a password that its user has lost. */
const linkIsProofSeconds = 3_600;

/**
 * Gives a user without a password one, or replaces one that is lost: then the session must have begun with a sign-in link
 * within the last hour. Ends the user's other sessions and sign-in links. Throws forbidden with an API key, conflict when there is a password.
 */
export async function setPassword(
  { db, clock, passwordHashing }: Parts,
  principal: Principal,
  newPassword: string,
  requestId: string,
): Promise<void> {
  requireSession(principal);
  await requireUncommon(db, principal, newPassword);
  const password = await passwordHashing.hash(newPassword);
  await db.transaction().execute(async (trx) => {
    await lockUser(trx, principal.userId);
    const start = await findSessionStart(trx, clock, principal.holderId);
    if (!start) throw new SkillettError('unauthorized', 'This session has ended. Sign in again.');
    const cameByLink = start.signedInBy === 'link' && start.ageSeconds < linkIsProofSeconds;
    if (!cameByLink && (await findPasswordHash(trx, principal.userId)) !== undefined)
      throw new SkillettError('conflict', 'There is a password already. Change it with `changePassword`, which asks for the current one.');
    await writePasswordHash(trx, clock, newId('acct'), principal.userId, password);
    await endOthers(trx, principal, 'user.password_set', requestId);
  });
}

/** Ends the user's other sessions and sign-in links. Throws forbidden with an API key, bad_request when the current password is wrong. */
export async function changePassword(
  { db, clock, passwordHashing }: Parts,
  principal: Principal,
  { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
  requestId: string,
): Promise<void> {
  requireSession(principal);
  const known = await findPasswordHash(db, principal.userId);
  if (known === undefined) throw new SkillettError('conflict', 'There is no password yet. Give one with `setPassword`.');
  if (!(await passwordHashing.verify({ hash: known, password: currentPassword }))) throw wrongPassword();
  await requireUncommon(db, principal, newPassword);
  const password = await passwordHashing.hash(newPassword);
  await db.transaction().execute(async (trx) => {
    await lockUser(trx, principal.userId);
    // Whoever changed it meanwhile may have done so to keep this session out.
    if ((await findPasswordHash(trx, principal.userId)) !== known) throw wrongPassword();
    await writePasswordHash(trx, clock, newId('acct'), principal.userId, password);
    await endOthers(trx, principal, 'user.password_changed', requestId);
  });
}

/** Throws bad_request for a password that is guessed first. */
async function requireUncommon(db: Db, { userId }: Principal, password: string): Promise<void> {
  const fault = await findPasswordFault(password, (await findUser(db, userId))?.email ?? '');
  if (fault !== undefined) throw badRequest(fault, [{ path: 'newPassword', message: fault }]);
}

function wrongPassword(): SkillettError {
  const message = 'The current password is not right.';
  return badRequest(message, [{ path: 'currentPassword', message }]);
}

/** Whoever gives a new password may do so to keep somebody out: no other way in that was opened before stays open. */
async function endOthers(trx: Db, principal: Principal, action: string, requestId: string): Promise<void> {
  const { userId, holderId } = principal;
  const sessionsEnded = await deleteSessions(trx, userId, holderId);
  await endSignInLinks(trx, userId);
  await recordAudit(trx, { userId, actor: holderId, action, target: userId, details: { sessionsEnded }, requestId });
}
