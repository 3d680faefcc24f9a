/** Who may make an account: SKILLETT_SIGN_UP, and the invitations of an operator. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/config.ts';
import type { PlanName } from '../../core/config/plans.ts';
import { sha256 } from '../../core/crypto.ts';
import type { Db } from '../../core/database/database.ts';
import { notFound, SkillettError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { recordAudit } from '../audit/audit.ts';
import {
  claimInvitation,
  findInvitation,
  findOpenInvitation,
  type Invitation,
  type InvitationProof,
  insertInvitation,
  settleInvitation,
  withdrawInvitations,
} from './invitation-store.ts';
import { findUserByEmail } from './store.ts';

interface Parts {
  db: Db;
  clock: Clock;
  config: Pick<Config, 'signUp' | 'defaultPlan' | 'publicUrl'>;
}

/** Somebody who wants an account. */
export interface Newcomer {
  email: string;
  /** A provider says that the address is theirs. */
  emailVerified: boolean;
  /** The token of an invitation's link. */
  token: string | undefined;
}

/** Why there is no account; the message is for the person. */
export class RegistrationRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RegistrationRefused';
  }
}

const invitationSeconds = 7 * 24 * 60 * 60;

const refusals = {
  nobody: 'This installation takes no new accounts. Ask the person who runs it.',
  invited:
    'An account needs an invitation to this e-mail address that is still open. Open the link of your invitation, or ask the person who runs this installation for a new one.',
} as const;

function proofOf({ email, emailVerified, token }: Newcomer): InvitationProof | undefined {
  if (token !== undefined) return { email: email.toLowerCase(), tokenHash: sha256(token) };
  return emailVerified ? { email: email.toLowerCase(), tokenHash: undefined } : undefined;
}

/** Asked before anything about the address is looked up, so that a refusal does not tell whether it has an account. Throws RegistrationRefused. */
export async function requireMayRegister({ db, clock, config }: Parts, newcomer: Newcomer): Promise<void> {
  if (config.signUp === 'anyone') return;
  if (config.signUp === 'nobody') throw new RegistrationRefused(refusals.nobody);
  const proof = proofOf(newcomer);
  if (!proof || !(await findOpenInvitation(db, clock, proof))) throw new RegistrationRefused(refusals.invited);
}

/** Decides as the account is made, whichever way it comes, and takes the invitation. Returns its plan. Throws RegistrationRefused. */
export async function admitNewcomer({ db, clock, config }: Parts, newcomer: Newcomer): Promise<PlanName> {
  if (config.signUp === 'nobody') throw new RegistrationRefused(refusals.nobody);
  const proof = proofOf(newcomer);
  const invitation = proof && (await claimInvitation(db, clock, proof));
  if (!invitation && config.signUp === 'invited') throw new RegistrationRefused(refusals.invited);
  return invitation?.plan ?? config.defaultPlan;
}

/** Writes down the account that was made, and by which invitation. */
export async function recordRegistration({ db }: Pick<Parts, 'db'>, user: { id: string; email: string }): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const invitation = await settleInvitation(trx, user.email, user.id);
    await recordAudit(trx, {
      userId: user.id,
      actor: 'system',
      action: 'user.created',
      target: user.id,
      details: invitation === undefined ? {} : { invitation },
      requestId: null,
    });
  });
}

interface Origin {
  actor: string;
  requestId: string | null;
}

/**
 * Invites an address: its link makes the account, once, within seven days. An open invitation of the same address ends.
 * Throws conflict when nobody may sign up, and when the address has an account.
 */
export async function inviteUser(
  { db, clock, config }: Parts,
  guest: { email: string; plan: PlanName },
  by: Origin,
): Promise<{ invitation: Invitation; url: string }> {
  if (config.signUp === 'nobody')
    throw new SkillettError(
      'conflict',
      'This installation takes no new accounts, invited ones neither: set SKILLETT_SIGN_UP to `invited`.',
    );
  const email = guest.email.toLowerCase();
  const token = randomBytes(32).toString('base64url');
  const invitation = await db.transaction().execute(async (trx) => {
    if (await findUserByEmail(trx, email)) throw new SkillettError('conflict', 'This e-mail address has an account already.');
    for (const { id } of await withdrawInvitations(trx, clock, { email })) await recordWithdrawal(trx, id, email, by);
    const made = await insertInvitation(trx, clock, {
      id: newId('inv'),
      email,
      plan: guest.plan,
      tokenHash: sha256(token),
      lastsSeconds: invitationSeconds,
    });
    await recordAudit(trx, { userId: null, ...by, action: 'invitation.created', target: made.id, details: { email, plan: guest.plan } });
    return made;
  });
  const url = new URL(`${config.publicUrl}/sign-up`);
  url.search = new URLSearchParams({ invitation: token, email }).toString();
  return { invitation, url: url.href };
}

/** Ends an open invitation; one that is over already stays as it is. Throws not_found. */
export async function withdrawInvitation({ db, clock }: Pick<Parts, 'db' | 'clock'>, id: string, by: Origin): Promise<Invitation> {
  return db.transaction().execute(async (trx) => {
    const [withdrawn] = await withdrawInvitations(trx, clock, { id });
    if (withdrawn) {
      await recordWithdrawal(trx, id, withdrawn.email, by);
      return withdrawn;
    }
    const found = await findInvitation(trx, clock, id);
    if (!found) throw notFound('Invitation');
    return found;
  });
}

function recordWithdrawal(trx: Db, id: string, email: string, by: Origin): Promise<void> {
  return recordAudit(trx, { userId: null, ...by, action: 'invitation.withdrawn', target: id, details: { email } });
}
