/** One-time links: how somebody without a password signs in, and how an installation without mail gives a new one. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import type { Config } from '../../../core/config/config.ts';
import { sha256Hex } from '../../../core/crypto.ts';
import type { Db } from '../../../core/database/database.ts';
import { SkillettError } from '../../../core/errors.ts';
import { newId } from '../../../core/ids.ts';
import { recordAudit } from '../../audit/audit.ts';
import { lockUser } from '../store.ts';
import { deleteLinks, insertLink, takeLink } from './link-store.ts';

/** Below `/api/auth`. */
export const linkPath = '/link';

const lastsSeconds = 7 * 24 * 60 * 60;
const identifierPrefix = 'sign-in-link:';

export interface SignInLink {
  /** Holds the token, which is stored as a hash only. */
  url: string;
  expiresAt: Date;
}

interface Parts {
  db: Db;
  clock: Clock;
  config: Pick<Config, 'publicUrl'>;
}

/** A link that signs the user in once, within seven days. Links made earlier end with it. Throws conflict for a closed user. */
export async function makeSignInLink(
  { db, clock, config }: Parts,
  userId: string,
  by: { actor: string; requestId: string | null },
): Promise<SignInLink> {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = await db.transaction().execute(async (trx) => {
    const user = await lockUser(trx, userId);
    if (!user || user.closedAt) throw new SkillettError('conflict', 'This user is closed and cannot sign in any more.');
    await deleteLinks(trx, userId, identifierPrefix);
    await recordAudit(trx, { userId, ...by, action: 'user.sign_in_link_created', target: userId, details: {} });
    return insertLink(trx, clock, { id: newId('ver'), identifier: identifierOf(token), userId, lastsSeconds });
  });
  const url = new URL(`${config.publicUrl}/api/auth${linkPath}`);
  url.searchParams.set('token', token);
  return { url: url.href, expiresAt };
}

/** Whether a text could be a link's token: nothing is looked up. */
export function isLinkToken(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

/** The user a link is for, once. */
export function takeSignInLink({ db, clock }: Pick<Parts, 'db' | 'clock'>, token: string): Promise<string | undefined> {
  return takeLink(db, clock, identifierOf(token));
}

/** For a user who is being closed. */
export function endSignInLinks(trx: Db, userId: string): Promise<void> {
  return deleteLinks(trx, userId, identifierPrefix);
}

function identifierOf(token: string): string {
  return identifierPrefix + sha256Hex(token);
}
