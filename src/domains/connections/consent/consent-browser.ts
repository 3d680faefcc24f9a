/**
 * Whose browser finishes a consent: the one in which its starter opened the link, and no other (RFC 6749, section 10.12;
 * RFC 9700, section 4.7). The state is derived from a secret that only that browser's cookie holds, so that a second tab
 * goes on with the same one, and neither can be made from what is stored.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Gateway } from '../../../core/context.ts';
import { sha256 } from '../../../core/crypto.ts';
import { recordAudit } from '../../audit/audit.ts';
import { requireOAuthClient } from '../oauth2/oauth-clients.ts';
import { authorizeUrl, redirectUri } from '../oauth2/oauth2.ts';
import { type Binding, bindConsent, type Consent, findConsentByState, takeConsentByState } from './consent-store.ts';
import { ConsentFault, requireProvider, sealContext, toFault } from './consents.ts';

/** How long a consent may take from its start; the cookie of its browser lives as long. */
export const consentSeconds = 600;

const stateOf = (secret: string): string => createHash('sha256').update(`state of a consent/${secret}`).digest('base64url');

/** The embedded database gives bytes that are no Buffer. */
function isHashOf(stored: Uint8Array | null, text: string): boolean {
  return stored !== null && Buffer.compare(stored, sha256(text)) === 0;
}

/** Who opens a consent, and in what browser. */
export interface Opening {
  /** What the browser's cookie for this consent holds. */
  secret: string | undefined;
  /** The session in which a person agreed on our page to what a narrow key asks for. */
  confirmedBy: string | undefined;
  requestId: string;
}

/**
 * Ties the consent to the browser that opens it, by the secret of its cookie or by a new one, and returns the provider's page
 * to go on to. The browser it was tied to before can finish it no more. Throws ConsentFault.
 */
export async function openConsent(gateway: Gateway, consent: Consent, opening: Opening): Promise<{ url: string; secret: string }> {
  if (consent.needsConfirmation && opening.confirmedBy === undefined) throw new Error('Nobody confirmed what a narrow key asked for.');
  const { vault } = gateway;
  const presented = opening.secret;
  const provider = requireProvider(gateway, consent);
  const client = await requireOAuthClient(gateway, provider).catch((error: unknown) => {
    throw toFault(error);
  });
  const again = presented !== undefined && isHashOf(consent.stateHash, stateOf(presented));
  const secret = again ? presented : randomBytes(32).toString('base64url');
  const state = stateOf(secret);
  // RFC 7636, section 7.1: every authorisation request has a verifier of its own.
  const verifier = again ? await vault.open(consent.sealed as string, sealContext(consent.id)) : randomBytes(32).toString('base64url');
  const binding = { stateHash: sha256(state), browserHash: sha256(secret), sealed: vault.seal(verifier, sealContext(consent.id)) };
  if (!again) await bindWithAudit(gateway, consent, binding, opening);
  const request = { redirectUri: redirectUri(gateway), state, scopes: consent.requestedScopes, verifier };
  return { url: authorizeUrl(provider, client, request), secret };
}

async function bindWithAudit(gateway: Gateway, consent: Consent, binding: Binding, { confirmedBy, requestId }: Opening): Promise<void> {
  const { id, userId, integration, startedBy } = consent;
  await gateway.db.transaction().execute(async (trx) => {
    if (!(await bindConsent(trx, gateway.clock, id, binding)))
      throw new ConsentFault('expired', 'This link has ended meanwhile. Nothing was connected.');
    if (confirmedBy === undefined) return;
    const details = { integration, startedBy };
    await recordAudit(trx, { userId, actor: confirmedBy, action: 'consent.confirmed', target: id, details, requestId });
  });
}

/** Why a callback is not taken; the consent stays as it is. `elsewhere`: not the browser that it is tied to. */
export type UnclaimedReason = 'unknown' | 'elsewhere' | 'signed_out' | 'somebody_else';

/** What a browser shows of itself when it comes back from a provider. */
export interface BrowserCallback {
  state: string;
  /** What the browser's cookie for a consent holds. */
  findSecret: (consentId: string) => string | undefined;
  /** Who is signed in there. */
  findUserId: () => Promise<string | undefined>;
}

export type Claim = { consent: Consent } | { refused: UnclaimedReason; consentId: string | undefined };

/** The consent of a callback, once: in the browser it is tied to, where its starter is signed in. */
export async function claimConsent({ db, clock }: Gateway, callback: BrowserCallback): Promise<Claim> {
  const stateHash = sha256(callback.state);
  const pending = callback.state === '' ? undefined : await findConsentByState(db, clock, stateHash);
  if (!pending) return { refused: 'unknown', consentId: undefined };
  const refuse = (refused: UnclaimedReason): Claim => ({ refused, consentId: pending.id });
  const secret = callback.findSecret(pending.id);
  if (secret === undefined || !isHashOf(pending.browserHash, secret)) return refuse('elsewhere');
  const userId = await callback.findUserId();
  if (userId === undefined) return refuse('signed_out');
  if (userId !== pending.userId) return refuse('somebody_else');
  const consent = await takeConsentByState(db, clock, { stateHash, browserHash: sha256(secret) });
  return consent ? { consent } : { refused: 'unknown', consentId: undefined };
}
