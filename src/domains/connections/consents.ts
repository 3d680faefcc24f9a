/**
 * Consents: from the link that a person opens to the connection that comes of it. The code flow of RFC 6749, section
 * 4.1, with a single-use state (10.12), PKCE (RFC 7636) and the issuer check of RFC 9207.
 */
import { randomBytes } from 'node:crypto';
import type { Gateway } from '../../core/context.ts';
import { sha256, UnknownMasterKey } from '../../core/crypto.ts';
import { isDatabaseAway } from '../../core/database.ts';
import { type ErrorCode, SkillettError } from '../../core/errors.ts';
import { OutboundError } from '../../core/outbound.ts';
import { recordAudit } from '../audit/audit.ts';
import { keepConnection } from './accounts.ts';
import {
  type Consent,
  type ConsentFailure,
  deleteOldFailures,
  endConsent,
  holdConsent,
  listExpiredConsents,
  takeConsentByBrowser,
  takeConsentByState,
} from './consent-store.ts';
import type { StoredCredential } from './credential.ts';
import { requireOAuthClient } from './oauth-clients.ts';
import { exchangeCode, findProvider, type Grant, isFromIssuer, OAuthRefusal, type Provider, redirectUri } from './oauth2.ts';
import { type Revoked, revokeAtProvider } from './revocation.ts';
import { listSiblings } from './store.ts';
import { verifyCredential } from './verify.ts';

/** How long a grant waits for its starter to sign in. */
export const waitingSeconds = 600;
const failuresKeptDays = 30;

/** Why a consent came to nothing; the message is for the person at the browser. */
export class ConsentFault extends Error {
  readonly reason: ConsentFailure;
  constructor(reason: ConsentFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConsentFault';
    this.reason = reason;
  }
}

/** A grant between the token answer and its connection. */
export interface HeldGrant {
  grant: Grant;
  obtainedAtMs: number;
}

export const sealContext = (consentId: string): string => `consent/${consentId}`;

/** The consent that a callback's state belongs to, once. */
export async function claimConsent(gateway: Gateway, state: string): Promise<Consent | undefined> {
  return takeConsentByState(gateway.db, gateway.clock, sha256(state));
}

/** The code in a callback (RFC 6749, section 4.1.2). Throws ConsentFault for a denial, a provider's error, or another issuer's answer. */
export function readCallback(gateway: Gateway, consent: Consent, query: URLSearchParams): string {
  const provider = requireProvider(gateway, consent);
  const name = provider.integration.recipe.name;
  const iss = query.get('iss');
  if (iss !== null && !isFromIssuer(provider, iss))
    throw new ConsentFault('failed', `The answer does not come from the sign-in service of ${name}, so nothing was connected.`);
  const error = query.get('error');
  if (error === 'access_denied') throw new ConsentFault('denied', `Access to ${name} was declined. Nothing was connected.`);
  if (error !== null) {
    const words = query.get('error_description');
    throw new ConsentFault('failed', `${name} answered ${error.slice(0, 100)}${words ? `: ${words.slice(0, 300)}` : ''}`);
  }
  const code = query.get('code');
  if (!code) throw new ConsentFault('failed', `${name} sent no code, so nothing was connected.`);
  return code;
}

function requireProvider(gateway: Gateway, consent: Consent): Provider {
  const integration = gateway.catalogue.find(consent.integration);
  const provider = integration && findProvider(gateway, integration);
  if (!provider) throw new ConsentFault('failed', 'This installation does not offer that service any more.');
  return provider;
}

/** Redeems the code at the token endpoint. Throws ConsentFault. */
export async function redeemCode(gateway: Gateway, consent: Consent, code: string): Promise<HeldGrant> {
  const provider = requireProvider(gateway, consent);
  try {
    const client = await requireOAuthClient(gateway, provider);
    const verifier = await gateway.vault.open(consent.sealed as string, sealContext(consent.id));
    const grant = await exchangeCode(gateway, provider, client, { code, redirectUri: redirectUri(gateway), verifier });
    return { grant, obtainedAtMs: gateway.clock.nowMs() };
  } catch (error) {
    throw toFault(error);
  }
}

/** Failures that a person can be told about; anything else is a bug and stays one. */
function toFault(error: unknown): ConsentFault | unknown {
  if (error instanceof OAuthRefusal)
    return new ConsentFault(
      'failed',
      `The service answered ${error.error}${error.description ? `: ${error.description.slice(0, 300)}` : ''}`,
      {
        cause: error,
      },
    );
  // In its own words it speaks to a client that might send the request again.
  if (error instanceof OutboundError && (error.kind === 'timeout' || error.kind === 'network')) {
    const what = error.kind === 'timeout' ? 'did not answer in time' : 'cannot be reached';
    return new ConsentFault('failed', `The service ${what}, so nothing was connected.`, { cause: error });
  }
  if (!(error instanceof SkillettError)) return error;
  return new ConsentFault('failed', starterFaults[error.code] ?? error.message, { cause: error });
}

/** What `admitConnection` refuses, for the person at the browser. */
const starterFaults: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'The user who started this is not there any more. Nothing was connected.',
  api_key_revoked: 'The API key that started this was revoked. Nothing was connected.',
  api_key_expired: 'The API key that started this has expired. Nothing was connected.',
};

/** Makes the connection, or renews the one of the same account. What cannot be kept is revoked. Throws ConsentFault. */
export async function completeConsent(
  gateway: Gateway,
  consent: Consent,
  held: HeldGrant,
  requestId: string,
): Promise<{ account: string; integration: string }> {
  const provider = requireProvider(gateway, consent);
  const credential = toCredential(held.grant);
  let { account } = held.grant;
  try {
    account ??= await verifyCredential(gateway, provider.integration, provider.auth, credential);
    const kept = await keepGrant(gateway, consent, provider, held, account, requestId);
    return { account: kept.account, integration: provider.integration.recipe.name };
  } catch (error) {
    // Some providers end every grant of an account with one, and with it the connection that the account already has.
    const siblings = await listSiblings(gateway.db, consent.userId, consent.integration);
    const endsAnother = account ? siblings.some((row) => row.providerAccountId === account?.id) : siblings.length > 0;
    if (!endsAnother) await revokeAtProvider(gateway, provider, credential);
    throw toFault(error);
  }
}

async function keepGrant(
  gateway: Gateway,
  consent: Consent,
  provider: Provider,
  held: HeldGrant,
  account: { id: string; label: string },
  requestId: string,
) {
  const { grant, obtainedAtMs } = held;
  const elapsed = Math.max(0, Math.floor((gateway.clock.nowMs() - obtainedAtMs) / 1000));
  return gateway.db.transaction().execute(async (trx) => {
    const connectionsMax = await gateway.admitConnection(trx, consent);
    const kept = await keepConnection(
      gateway,
      trx,
      {
        userId: consent.userId,
        integration: provider.integration,
        credential: toCredential(grant),
        provider: account,
        label: consent.account ?? undefined,
        providerScopes: grantedScopes(grant, consent.requestedScopes),
        expiresInSeconds: grant.expiresInSeconds === undefined ? undefined : Math.max(1, grant.expiresInSeconds - elapsed),
      },
      consent.id,
      connectionsMax,
    );
    if (!(await endConsent(trx, consent.id, { status: 'connected', connectionId: kept.id }))) throw cancelled();
    await recordAudit(trx, {
      userId: consent.userId,
      actor: consent.startedBy,
      action: kept.renewed ? 'connection.renewed' : 'connection.created',
      target: kept.id,
      details: { integration: consent.integration, account: kept.account, authType: 'oauth2', consent: consent.id },
      requestId,
    });
    return kept;
  });
}

function cancelled(): ConsentFault {
  return new ConsentFault('failed', 'This connection was cancelled before it was complete.');
}

function toCredential(grant: Grant): StoredCredential {
  return {
    type: 'oauth2',
    accessToken: grant.accessToken,
    refreshToken: grant.refreshToken,
    expiresInSeconds: grant.expiresInSeconds ?? null,
  };
}

/** RFC 6749, section 5.1: a grant that names no scopes has those asked for. A service without scopes was asked for none. */
function grantedScopes(grant: Grant, requested: readonly string[]): string[] | null {
  if (grant.scopes !== undefined) return grant.scopes;
  return requested.length === 0 ? null : [...requested];
}

/**
 * Keeps the grant sealed until the starter signs in within ten minutes in this browser; returns the value of its cookie.
 * Revokes the grant and throws ConsentFault when the consent was cancelled meanwhile.
 */
export async function holdGrant(gateway: Gateway, consent: Consent, held: HeldGrant): Promise<string> {
  const cookie = randomBytes(32).toString('base64url');
  const waits = await holdConsent(gateway.db, gateway.clock, consent.id, {
    sealed: gateway.vault.seal(JSON.stringify(held), sealContext(consent.id)),
    browserHash: sha256(cookie),
    lastsSeconds: waitingSeconds,
  });
  if (waits) return cookie;
  await discardGrant(gateway, consent.integration, held);
  throw cancelled();
}

/** The grant that waits under this cookie, once. */
export async function takeHeldGrant(gateway: Gateway, cookie: string): Promise<{ consent: Consent; held: HeldGrant } | undefined> {
  const consent = await takeConsentByBrowser(gateway.db, gateway.clock, sha256(cookie));
  if (!consent?.sealed) return undefined;
  return { consent, held: JSON.parse(await gateway.vault.open(consent.sealed, sealContext(consent.id))) as HeldGrant };
}

/** Revokes a grant that nobody may keep. */
export async function discardGrant(gateway: Gateway, slug: string, held: HeldGrant): Promise<Revoked> {
  const integration = gateway.catalogue.find(slug);
  return revokeAtProvider(gateway, integration && findProvider(gateway, integration), toCredential(held.grant));
}

/** Ends a consent without a connection. */
export async function failConsent(gateway: Gateway, consent: Consent, reason: ConsentFailure, requestId: string | null): Promise<void> {
  await gateway.db.transaction().execute(async (trx) => {
    if (!(await endConsent(trx, consent.id, { status: 'error', reason }))) return;
    await recordAudit(trx, {
      userId: consent.userId,
      actor: 'system',
      action: 'consent.failed',
      target: consent.id,
      details: { integration: consent.integration, reason },
      requestId,
    });
  });
}

/** The grant that a sealed value of a pending consent holds; undefined while it only holds the verifier. */
export async function openHeldGrant(gateway: Gateway, consentId: string, sealed: string): Promise<HeldGrant | undefined> {
  const text = await gateway.vault.open(sealed, sealContext(consentId));
  return text.startsWith('{') ? (JSON.parse(text) as HeldGrant) : undefined;
}

/** Background job: ends consents whose time is over, revokes grants that nobody came for, forgets failures after a month. */
export async function endExpiredConsents(gateway: Gateway): Promise<number> {
  const consents = await listExpiredConsents(gateway.db, gateway.clock, 100);
  for (const consent of consents) {
    try {
      const held = consent.sealed === null ? undefined : await openHeldGrant(gateway, consent.id, consent.sealed);
      if (held) await discardGrant(gateway, consent.integration, held);
    } catch (error) {
      // Another process, or this one later, can still revoke it.
      if (isDatabaseAway(error) || error instanceof UnknownMasterKey) throw error;
      // It ends all the same: a grant that cannot be opened or revoked must not keep those after it.
      gateway.log.error({ consent: consent.id, err: error }, 'a grant that nobody came for could not be revoked');
    }
    await failConsent(gateway, consent, 'expired', null);
  }
  await deleteOldFailures(gateway.db, gateway.clock, failuresKeptDays);
  return consents.length;
}
