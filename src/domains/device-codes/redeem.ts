/** Polls of the client, and the one that redeems its code (RFC 8628, sections 3.4 and 3.5). */
import type { Gateway } from '../../core/context.ts';
import { sha256 } from '../../core/crypto.ts';
import { issueDeviceKey } from '../api-keys/api-keys.ts';
import { recordAudit } from '../audit/audit.ts';
import { findUserInSession } from '../users/sign-in/session-store.ts';
import { deviceCodeSeconds } from './device-codes.ts';
import { claimDeviceCode, type DeviceCode, registerPoll } from './store.ts';

/** Section 3.5: how much longer a client waits from every poll on that came too early. */
const slowDownSeconds = 5;
const deviceCodeForm = /^[0-9a-f]{40}$/;

export type PollOutcome =
  | { state: 'pending' | 'slow_down' | 'denied' | 'expired' | 'used' | 'unknown' | 'malformed' }
  | { state: 'complete'; user: { email: string; displayName: string }; key: { fullKey: string; scopes: string[] } | undefined };

/** Says how a code stands, and redeems it when it is approved. `withKey`: the client is to get a key of its own. */
export async function pollDeviceToken(gateway: Gateway, deviceCode: string, withKey: boolean, requestId: string): Promise<PollOutcome> {
  if (!deviceCodeForm.test(deviceCode)) return { state: 'malformed' };
  const code = await registerPoll(gateway.db, gateway.clock, sha256(deviceCode), {
    addSeconds: slowDownSeconds,
    intervalSecondsMax: deviceCodeSeconds,
  });
  if (!code) return { state: 'unknown' };
  switch (code.status) {
    case 'pending':
      return { state: code.tooSoon ? 'slow_down' : 'pending' };
    case 'authorized':
      // Where another poll was faster, the code has ended by now, and asking again says how.
      return (await redeemDeviceCode(gateway, code, withKey, requestId)) ?? pollDeviceToken(gateway, deviceCode, withKey, requestId);
    case 'redeemed':
      return { state: 'used' };
    default:
      return { state: code.status };
  }
}

/** Claims the code, makes its key and writes both down, or does nothing of it. Undefined for all but one of several at once. */
function redeemDeviceCode(gateway: Gateway, code: DeviceCode, withKey: boolean, requestId: string): Promise<PollOutcome | undefined> {
  const { db, clock } = gateway;
  const userId = code.userId as string;
  const sessionId = code.sessionId as string;
  return db.transaction().execute(async (trx): Promise<PollOutcome | undefined> => {
    // Approved minutes ago: since then the account may have been closed, or the session ended because it was not theirs.
    const user = await findUserInSession(trx, clock, userId, sessionId);
    if (!(await claimDeviceCode(trx, clock, code.id, user ? 'redeemed' : 'denied'))) return undefined;
    const scopes = code.grantedScopes as string[];
    const made =
      user && withKey ? await issueDeviceKey(trx, clock, { userId, sessionId, name: code.clientName, scopes }, requestId) : undefined;
    await recordAudit(trx, {
      userId,
      actor: sessionId,
      action: user ? 'device_code.redeemed' : 'device_code.denied',
      target: code.id,
      details: { client: code.clientName, ...(made ? { keyId: made.apiKey.id } : {}), ...(user ? {} : { reason: 'session_ended' }) },
      requestId,
    });
    if (!user) return { state: 'denied' };
    return {
      state: 'complete',
      user: { email: user.email, displayName: user.displayName },
      key: made && { fullKey: made.fullKey, scopes },
    };
  });
}
