/**
 * Consents: from the link that a person opens to the connection that comes of it. The code flow of RFC 6749, section
 * 4.1, with PKCE (RFC 7636) and the issuer check of RFC 9207; state and browser are in consent-browser.ts.
 */
import type { Gateway } from '../../../core/context.ts';
import { type ErrorCode, SkillettError } from '../../../core/errors.ts';
import { OutboundError } from '../../../core/outbound/outbound.ts';
import { recordAudit } from '../../audit/audit.ts';
import { keepConnection, type ProvenCredential } from '../accounts.ts';
import type { StoredCredential } from '../credential/credential.ts';
import { revokeAtProvider } from '../credential/revocation.ts';
import { verifyCredential } from '../credential/verify.ts';
import { requireOAuthClient } from '../oauth2/oauth-clients.ts';
import { exchangeCode, findProvider, type Grant, isFromIssuer, OAuthRefusal, type Provider, redirectUri } from '../oauth2/oauth2.ts';
import { listSiblings } from '../store.ts';
import { type Consent, type ConsentFailure, deleteOldFailures, endConsent, listExpiredConsents } from './consent-store.ts';

const failuresKeptDays = 30;

/** Why a consent came to nothing; the message is for the person at the browser. */
export class ConsentFault extends Error {
  readonly reason: ConsentFailure;
  readonly #words: string | undefined;
  /** `words`: what the provider said of it, which is shown as a quotation and never as ours. */
  constructor(reason: ConsentFailure, message: string, options: ErrorOptions & { words?: string | undefined } = {}) {
    super(message, options);
    this.name = 'ConsentFault';
    this.reason = reason;
    this.#words = options.words;
  }

  /** They may repeat what was sent: out of reach of a log's serializer. */
  get words(): string | undefined {
    return this.#words;
  }
}

/** A provider's code and description (RFC 6749, sections 4.1.2.1 and 5.2) on one line, without what could hide or reorder text. */
function quoteProvider(code: string, description: string | undefined): string {
  const clean = (text: string, lengthMax: number) =>
    text
      .slice(0, lengthMax)
      .replace(/[\p{C}\s]+/gu, ' ')
      .trim();
  return [clean(code, 100), clean(description ?? '', 500)].filter((part) => part !== '').join(': ');
}

export const sealContext = (consentId: string): string => `consent/${consentId}`;

/** The code in a callback (RFC 6749, section 4.1.2). Throws ConsentFault for a denial, a provider's error, or another issuer's answer. */
export function readCallback(gateway: Gateway, consent: Consent, query: URLSearchParams): string {
  const provider = requireProvider(gateway, consent);
  const name = provider.integration.recipe.name;
  const iss = query.get('iss');
  if (iss !== null && !isFromIssuer(provider, iss))
    throw new ConsentFault('failed', `The answer does not come from the sign-in service of ${name}, so nothing was connected.`);
  const error = query.get('error');
  if (error !== null) {
    const words = quoteProvider(error, query.get('error_description') ?? undefined);
    if (error === 'access_denied') throw new ConsentFault('denied', `Access to ${name} was declined. Nothing was connected.`, { words });
    throw new ConsentFault('failed', `${name} did not give access, so nothing was connected.`, { words });
  }
  const code = query.get('code');
  if (!code) throw new ConsentFault('failed', `${name} sent no code, so nothing was connected.`);
  return code;
}

/** Throws ConsentFault where the integration is not there any more, or has no OAuth now. */
export function requireProvider(gateway: Gateway, consent: Consent): Provider {
  const integration = gateway.catalogue.find(consent.integration);
  const provider = integration && findProvider(gateway, integration);
  if (!provider) throw new ConsentFault('failed', 'This installation does not offer that service any more.');
  return provider;
}

/** Redeems the code at the token endpoint, and makes the connection or renews the one of the same account. Throws ConsentFault. */
export async function completeByCode(gateway: Gateway, consent: Consent, code: string, requestId: string): Promise<CompletedConsent> {
  const provider = requireProvider(gateway, consent);
  let grant: Grant;
  try {
    const client = await requireOAuthClient(gateway, provider);
    const verifier = await gateway.vault.open(consent.sealed as string, sealContext(consent.id));
    grant = await exchangeCode(gateway, provider, client, { code, redirectUri: redirectUri(gateway), verifier });
  } catch (error) {
    throw toFault(error);
  }
  return keepGrant(gateway, consent, provider, { grant, obtainedAtMs: gateway.clock.nowMs() }, requestId);
}

/** What came of a consent, for the person at the browser. */
export interface CompletedConsent {
  /** As calls name it. */
  account: string;
  /** The account was connected before, and has a new credential now. */
  renewed: boolean;
}

/** Failures that a person can be told about; anything else is a bug and stays one. */
export function toFault(error: unknown): ConsentFault | unknown {
  if (error instanceof OAuthRefusal)
    return new ConsentFault('failed', 'The service refused to complete this, so nothing was connected.', {
      words: quoteProvider(error.error, error.description),
      cause: error,
    });
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

/** What cannot be kept is revoked. Throws ConsentFault. */
async function keepGrant(
  gateway: Gateway,
  consent: Consent,
  provider: Provider,
  held: { grant: Grant; obtainedAtMs: number },
  requestId: string,
): Promise<CompletedConsent> {
  const { grant, obtainedAtMs } = held;
  const credential = toCredential(grant);
  let { account } = grant;
  try {
    account ??= await verifyCredential(gateway, provider.integration, provider.auth, credential);
    const elapsed = Math.max(0, Math.floor((gateway.clock.nowMs() - obtainedAtMs) / 1000));
    return await keepProven(
      gateway,
      consent,
      {
        integration: provider.integration,
        credential,
        provider: account,
        providerScopes: grantedScopes(grant, consent.requestedScopes),
        expiresInSeconds: grant.expiresInSeconds === undefined ? undefined : Math.max(1, grant.expiresInSeconds - elapsed),
      },
      { actor: consent.startedBy, requestId },
    );
  } catch (error) {
    // Some providers end every grant of an account with one, and with it the connection that the account already has.
    const siblings = await listSiblings(gateway.db, consent.userId, consent.integration);
    const endsAnother = account ? siblings.some((row) => row.providerAccountId === account?.id) : siblings.length > 0;
    if (!endsAnother) await revokeAtProvider(gateway, provider, credential);
    throw toFault(error);
  }
}

/** Stores what was proven for a pending consent, which ends with it. Throws ConsentFault when the consent has ended meanwhile. */
export async function keepProven(
  gateway: Gateway,
  consent: Consent,
  proven: Pick<ProvenCredential, 'integration' | 'credential' | 'provider' | 'providerScopes' | 'expiresInSeconds'>,
  by: { actor: string; requestId: string },
): Promise<CompletedConsent> {
  const { id, userId, integration } = consent;
  return gateway.db.transaction().execute(async (trx) => {
    const connectionsMax = await gateway.admitConnection(trx, consent);
    const whole = { ...proven, userId, label: consent.account ?? undefined, mayRename: !consent.needsConfirmation };
    const kept = await keepConnection(gateway, trx, whole, id, connectionsMax);
    if (!(await endConsent(trx, id, { status: 'connected', connectionId: kept.id }))) throw cancelled();
    await recordAudit(trx, {
      userId,
      ...by,
      action: kept.renewed ? 'connection.renewed' : 'connection.created',
      target: kept.id,
      details: { integration, account: kept.account, authType: proven.credential.type, consent: id },
    });
    return { account: kept.account, renewed: kept.renewed };
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

/** Ends a consent without a connection; `actor` is the session of who declined it. Does nothing when it has ended already. */
export async function failConsent(
  gateway: Gateway,
  consent: Consent,
  reason: ConsentFailure,
  { requestId, actor = 'system' }: { requestId: string | null; actor?: string },
): Promise<void> {
  await gateway.db.transaction().execute(async (trx) => {
    if (!(await endConsent(trx, consent.id, { status: 'error', reason }))) return;
    await recordAudit(trx, {
      userId: consent.userId,
      actor,
      action: 'consent.failed',
      target: consent.id,
      details: { integration: consent.integration, reason },
      requestId,
    });
  });
}

/** Background job: ends consents whose time is over, and forgets failures after a month. */
export async function endExpiredConsents(gateway: Gateway): Promise<number> {
  const consents = await listExpiredConsents(gateway.db, gateway.clock, 100);
  for (const consent of consents) await failConsent(gateway, consent, 'expired', { requestId: null });
  await deleteOldFailures(gateway.db, gateway.clock, failuresKeptDays);
  return consents.length;
}
