/**
 * What a person grants a client: a code that works once, and for it a key of kind `oauth` with a refresh token (RFC 6749, sections
 * 4.1 and 6). The key's row is the grant: refreshing puts another key into it, so limits, calls and last use go on.
 */
import { randomBytes } from 'node:crypto';
import type { Gateway } from '../../core/context.ts';
import { sha256 } from '../../core/crypto.ts';
import { type Db, lockInTransaction } from '../../core/database/database.ts';
import { authenticationFault, SkillettError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { endOAuthKey, hashOAuthKey, issueOAuthKey, keyForm, oauthKeySeconds, renewOAuthKey } from '../api-keys/api-keys.ts';
import { countActiveKeys, findKeyByHash } from '../api-keys/store.ts';
import { recordAudit } from '../audit/audit.ts';
import { findUserInSession } from '../users/sign-in/session-store.ts';
import {
  claimCode,
  countOpenCodes,
  findGrantByCode,
  findGrantByFamily,
  giveKey,
  insertGrant,
  markClientUsed,
  type OAuthGrant,
  rotateRefresh,
} from './store.ts';

const codeSeconds = 60;
const codeForm = /^oc_[0-9a-f]{64}$/;
/** 128 bits that all refresh tokens of a grant share, by which one that was used before is told from a guess; then 192 of its own. */
const refreshForm = /^or_([0-9a-f]{32})[0-9a-f]{48}$/;

/** RFC 7636, section 4.2: a SHA-256 in base64url. */
export const challengeForm = /^[A-Za-z0-9_-]{43}$/;
/** Section 4.1. */
const verifierForm = /^[A-Za-z0-9\-._~]{43,128}$/;

export interface Approval {
  client: { id: string; name: string };
  redirectUri: string;
  codeChallenge: string;
  scopes: string[];
  /** Until it has to be granted anew. */
  days: number;
}

/** Each has a minute's limit of its own, as every key has, so that without an end to them there would be none to that either. */
const grantsMax = 50;

/** Gives out the code. Throws unauthorized when the session or the account has ended meanwhile, conflict when as many clients are in as may be. */
export async function approveClient(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  session: { userId: string; sessionId: string },
  { client, redirectUri, codeChallenge, scopes, days }: Approval,
  requestId: string,
): Promise<string> {
  const code = `oc_${randomBytes(32).toString('hex')}`;
  const { userId, sessionId } = session;
  const id = newId('grant');
  await db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, `api-keys/${userId}`);
    if (!(await findUserInSession(trx, clock, userId, sessionId))) throw authenticationFault('unauthorized');
    await requireRoomForGrant(trx, clock, userId);
    const grant = { id, userId, sessionId, clientId: client.id, clientName: client.name, redirectUri, scopes, codeChallenge };
    await insertGrant(trx, clock, { ...grant, codeHash: sha256(code), codeSeconds, days });
    await markClientUsed(trx, clock, client.id);
    const details = { client: client.id, name: client.name, redirectUri, scopes, days };
    await recordAudit(trx, { userId, actor: sessionId, action: 'oauth_grant.approved', target: id, details, requestId });
  });
  return code;
}

/** Codes first: one that is redeemed meanwhile counts twice rather than not at all. */
async function requireRoomForGrant(trx: Db, clock: Gateway['clock'], userId: string): Promise<void> {
  const codes = await countOpenCodes(trx, clock, userId);
  if (codes + (await countActiveKeys(trx, clock, userId, 'oauth')) < grantsMax) return;
  throw new SkillettError(
    'conflict',
    `You have let in ${grantsMax} MCP clients, as many as may be in at a time. Revoke the key of one that you do not use, then let this one in.`,
    { action: '/dashboard/api-keys' },
  );
}

export interface TokenSet {
  accessToken: string;
  refreshToken: string;
  expiresInSeconds: number;
  scopes: readonly string[];
}

/**
 * The key for a code, once. Undefined for a code that is not good, for whatever reason; one that was shown once is over, also when it
 * was shown by the wrong client. Shown again, it ends what it was redeemed for (RFC 6749, section 4.1.2).
 */
export async function redeemCode(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  shown: { code: string; clientId: string; redirectUri: string; verifier: string },
  requestId: string,
): Promise<TokenSet | undefined> {
  if (!codeForm.test(shown.code)) return undefined;
  const codeHash = sha256(shown.code);
  return db.transaction().execute(async (trx) => {
    const grant = await claimCode(trx, clock, codeHash);
    if (!grant) {
      const used = await findGrantByCode(trx, codeHash);
      if (used) await endGrant(trx, clock, used, 'code_reused', requestId);
      return undefined;
    }
    const isTheirs = grant.clientId === shown.clientId && grant.redirectUri === shown.redirectUri;
    const isProven = verifierForm.test(shown.verifier) && challengeOf(shown.verifier) === grant.codeChallenge;
    // Approved a minute ago: since then the account may have been closed, or the session ended because it was not theirs.
    if (!grant.inTime || !isTheirs || !isProven || !(await findUserInSession(trx, clock, grant.userId, grant.sessionId))) return undefined;
    const { userId, sessionId, clientName: name, scopes, endsAt: renewableUntil } = grant;
    const { apiKey, fullKey } = await issueOAuthKey(trx, clock, { userId, sessionId, name, scopes, renewableUntil }, requestId);
    const family = randomBytes(16).toString('hex');
    const refreshToken = nextRefreshToken(family);
    await giveKey(trx, grant.id, { keyId: apiKey.id, familyHash: sha256(family), refreshHash: sha256(refreshToken) });
    return { accessToken: fullKey, refreshToken, expiresInSeconds: lastsSeconds(grant), scopes };
  });
}

/** Of a key: no longer than its grant. */
function lastsSeconds({ leftSeconds }: { leftSeconds: number }): number {
  return Math.min(oauthKeySeconds, leftSeconds);
}

function challengeOf(verifier: string): string {
  return sha256(verifier).toString('base64url');
}

function nextRefreshToken(family: string): string {
  return `or_${family}${randomBytes(24).toString('hex')}`;
}

/** Another key and refresh token for this one, once; shown again, it ends the grant (RFC 9700, section 4.14.2). Undefined where it is not good. */
export async function refreshGrant(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  shown: { refreshToken: string; clientId: string },
  requestId: string,
): Promise<TokenSet | undefined> {
  const family = refreshForm.exec(shown.refreshToken)?.[1];
  if (family === undefined) return undefined;
  const familyHash = sha256(family);
  const next = nextRefreshToken(family);
  return db.transaction().execute(async (trx) => {
    const change = { familyHash, shown: sha256(shown.refreshToken), next: sha256(next), clientId: shown.clientId };
    const grant = await rotateRefresh(trx, clock, change);
    if (!grant) {
      const used = await findGrantByFamily(trx, familyHash);
      if (used) await endGrant(trx, clock, used, 'refresh_token_reused', requestId);
      return undefined;
    }
    const renewed = await renewOAuthKey(trx, clock, grant.keyId as string, requestId);
    if (!renewed) return undefined;
    const { apiKey, fullKey } = renewed;
    return { accessToken: fullKey, refreshToken: next, expiresInSeconds: lastsSeconds(grant), scopes: apiKey.scopes };
  });
}

/** Ends the grant whose key or refresh token this is; of anything else nothing (RFC 7009, section 2.2). */
export async function revokeGrant({ db, clock }: Pick<Gateway, 'db' | 'clock'>, token: string, requestId: string): Promise<void> {
  const family = refreshForm.exec(token)?.[1];
  await db.transaction().execute(async (trx) => {
    if (family !== undefined) {
      const grant = await findGrantByFamily(trx, sha256(family));
      if (grant) await endGrant(trx, clock, grant, 'returned', requestId);
    } else if (keyForm.test(token)) {
      const key = await findKeyByHash(trx, clock, Buffer.from(hashOAuthKey(token), 'hex'));
      if (key) await endOAuthKey(trx, clock, { id: key.id, userId: key.userId, reason: 'returned' }, requestId);
    }
  });
}

async function endGrant(
  trx: Db,
  clock: Gateway['clock'],
  { keyId, userId }: OAuthGrant,
  reason: 'returned' | 'code_reused' | 'refresh_token_reused',
  requestId: string,
): Promise<void> {
  if (keyId !== null) await endOAuthKey(trx, clock, { id: keyId, userId, reason }, requestId);
}
