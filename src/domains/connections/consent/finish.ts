/**
 * What becomes of a consent when a provider sends a person back: it is connected, has failed, or goes on waiting because the
 * callback was not taken. The code flow of RFC 6749, section 4.1, with PKCE (RFC 7636) and the issuer check of RFC 9207; state
 * and browser are in consent-browser.ts.
 */
import type { Gateway } from '../../../core/context.ts';
import { requireOAuthClient } from '../oauth2/oauth-clients.ts';
import { exchangeCode, isFromIssuer, redirectUri } from '../oauth2/oauth2.ts';
import type { Grant } from '../oauth2/token-endpoint.ts';
import { type BrowserCallback, claimConsent, type UnclaimedReason } from './consent-browser.ts';
import type { Consent } from './consent-store.ts';
import { type CompletedConsent, ConsentFault, quoteProvider, requireProvider, sealContext, toFault } from './consents.ts';
import { failConsent } from './end-consents.ts';
import { keepGrant } from './keep-grant.ts';

export type FinishedConsent =
  | { state: 'connected'; consent: Consent; done: CompletedConsent }
  /** Several are found, and the person is to choose one on our page. */
  | { state: 'choosing'; consent: Consent }
  /** Nothing has changed, so the link can be opened again; without an id there is none to open. */
  | { state: 'waiting'; reason: UnclaimedReason; consentId: string | undefined }
  | { state: 'failed'; consent: Consent; fault: ConsentFault };

/** `query` is what the provider sent the person back with. Throws what is no fault of the consent, which has failed then too. */
export async function finishConsent(
  gateway: Gateway,
  query: URLSearchParams,
  browser: Omit<BrowserCallback, 'state'>,
  requestId: string,
): Promise<FinishedConsent> {
  const claim = await claimConsent(gateway, { ...browser, state: query.get('state') ?? '' });
  if ('refused' in claim) {
    gateway.log.warn({ requestId, consent: claim.consentId, reason: claim.refused }, 'a callback was not taken');
    return { state: 'waiting', reason: claim.refused, consentId: claim.consentId };
  }
  const { consent } = claim;
  try {
    const code = readCallback(gateway, consent, query);
    const done = await completeByCode(gateway, consent, code, requestId);
    return done === 'choosing' ? { state: 'choosing', consent } : { state: 'connected', consent, done };
  } catch (error) {
    await failConsent(gateway, consent, error instanceof ConsentFault ? error.reason : 'failed', { requestId });
    if (!(error instanceof ConsentFault)) throw error;
    gateway.log.info({ requestId, consent: consent.id, reason: error.reason, err: error.cause }, 'a consent came to nothing');
    return { state: 'failed', consent, fault: error };
  }
}

/** The code in a callback (RFC 6749, section 4.1.2). Throws ConsentFault for a denial, a provider's error, or another issuer's answer. */
function readCallback(gateway: Gateway, consent: Consent, query: URLSearchParams): string {
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

/** Redeems the code at the token endpoint, and makes the connection, renews the one of the same account, or lets the person choose. Throws ConsentFault. */
async function completeByCode(gateway: Gateway, consent: Consent, code: string, requestId: string): Promise<CompletedConsent | 'choosing'> {
  const provider = requireProvider(gateway, consent);
  let grant: Grant;
  try {
    const client = await requireOAuthClient(gateway, provider);
    const verifier = await gateway.vault.open(consent.sealed as string, sealContext(consent.id));
    grant = await exchangeCode(gateway, provider, client, { userId: consent.userId, code, redirectUri: redirectUri(gateway), verifier });
  } catch (error) {
    throw toFault(error);
  }
  return keepGrant(gateway, consent, provider, { grant, obtainedAtMs: gateway.clock.nowMs() }, requestId);
}
