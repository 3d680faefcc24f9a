/**
 * Where providers send people back to (RFC 6749, section 4.1.2). A callback is taken in the browser in which the starter
 * opened the link, while they are signed in there (docs/api.md, "Connecting").
 */
import type { Gateway } from '../../core/context.ts';
import { claimConsent, type UnclaimedReason } from '../../domains/connections/consent/consent-browser.ts';
import type { Consent } from '../../domains/connections/consent/consent-store.ts';
import { ConsentFault, completeByCode, failConsent, readCallback } from '../../domains/connections/consent/consents.ts';
import { renderConnected } from './connect-page.ts';
import { clearConsentCookie, readConsentCookie } from './consent-cookie.ts';
import { type CallbackPage, integrationsLink, renderPage } from './oauth-callback-page.ts';

export interface OAuthCallback {
  query: URLSearchParams;
  cookie: string;
  /** The session of the browser, if it has one. */
  findSession: () => Promise<{ userId: string } | undefined>;
  requestId: string;
}

export async function handleOAuthCallback(gateway: Gateway, callback: OAuthCallback): Promise<CallbackPage> {
  const { requestId } = callback;
  const state = callback.query.get('state') ?? '';
  const claim = await claimConsent(gateway, {
    state,
    findSecret: (consentId) => readConsentCookie(gateway, callback.cookie, consentId),
    findUserId: async () => (await callback.findSession())?.userId,
  });
  if ('refused' in claim) {
    gateway.log.warn({ requestId, consent: claim.consentId, reason: claim.refused }, 'a callback was not taken');
    return describeRefusal(gateway, claim.refused, claim.consentId);
  }
  const { consent } = claim;
  try {
    const code = readCallback(gateway, consent, callback.query);
    const done = await completeByCode(gateway, consent, code, requestId);
    return renderConnected(gateway, consent, done, clearConsentCookie(gateway, consent.id));
  } catch (error) {
    return describeFailure(gateway, consent, error, requestId);
  }
}

const refusals: Record<UnclaimedReason, { status: number; title: string; text: string }> = {
  unknown: {
    status: 400,
    title: 'Nothing to finish here',
    text: 'This link was used already, has expired, or was not started here. If an account was to be connected, start again and open the new link.',
  },
  elsewhere: {
    status: 403,
    title: 'Another browser opened this link',
    text: 'An account is connected only in the browser in which the link was opened last, by the person who started it. Nothing was connected. If that is you, open the link again in this browser.',
  },
  signed_out: {
    status: 401,
    title: 'You are signed out',
    text: 'An account is connected only while the person who started it is signed in. Nothing was connected. Sign in, and agree once more.',
  },
  somebody_else: {
    status: 403,
    title: 'You are signed in as somebody else',
    text: 'An account is connected only by the person who started it, and that is not who is signed in here. Nothing was connected. Sign out, and open the link again as that person.',
  },
};

/** The consent goes on waiting, so the link can be opened again. */
function describeRefusal(gateway: Gateway, reason: UnclaimedReason, consentId: string | undefined): CallbackPage {
  const { status, title, text } = refusals[reason];
  const link = consentId && { href: `${gateway.config.publicUrl}/connect/${consentId}`, text: 'Open the link again' };
  return renderPage(status, title, [text], link ? { link } : integrationsLink(gateway, 'Start again in the dashboard'));
}

async function describeFailure(gateway: Gateway, consent: Consent, error: unknown, requestId: string): Promise<CallbackPage> {
  await failConsent(gateway, consent, error instanceof ConsentFault ? error.reason : 'failed', { requestId });
  if (!(error instanceof ConsentFault)) throw error;
  gateway.log.info({ requestId, consent: consent.id, reason: error.reason, err: error.cause }, 'a consent came to nothing');
  const name = gateway.catalogue.find(consent.integration)?.recipe.name ?? consent.integration;
  return renderPage(
    400,
    error.reason === 'denied' ? 'Nothing was connected' : 'This could not be connected',
    [error.message, 'Start again to get a new link.'],
    {
      ...integrationsLink(gateway, 'Start again in the dashboard'),
      headers: clearConsentCookie(gateway, consent.id),
      ...(error.words ? { quote: { from: name, words: error.words } } : {}),
    },
  );
}
