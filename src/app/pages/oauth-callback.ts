/**
 * Where providers send people back to (RFC 6749, section 4.1.2). A callback is taken in the browser in which the starter
 * opened the link, while they are signed in there (docs/api.md, "Connecting").
 */
import type { Gateway } from '../../core/context.ts';
import type { UnclaimedReason } from '../../domains/connections/consent/consent-browser.ts';
import type { Consent } from '../../domains/connections/consent/consent-store.ts';
import type { ConsentFault } from '../../domains/connections/consent/consents.ts';
import { finishConsent } from '../../domains/connections/consent/finish.ts';
import { renderConnected } from './connect-page.ts';
import { clearConsentCookie, readConsentCookie } from './consent-cookie.ts';
import { type CallbackPage, integrationsLink, redirectPage, renderPage } from './oauth-callback-page.ts';

export interface OAuthCallback {
  query: URLSearchParams;
  cookie: string;
  /** The session of the browser, if it has one. */
  findSession: () => Promise<{ userId: string } | undefined>;
  requestId: string;
}

/** Says who the browser is, and shows what became of the consent. */
export async function handleOAuthCallback(gateway: Gateway, callback: OAuthCallback): Promise<CallbackPage> {
  const browser = {
    findSecret: (consentId: string) => readConsentCookie(gateway, callback.cookie, consentId),
    findUserId: async () => (await callback.findSession())?.userId,
  };
  const finished = await finishConsent(gateway, callback.query, browser, callback.requestId);
  switch (finished.state) {
    case 'connected':
      return renderConnected(gateway, finished.consent, finished.done, clearConsentCookie(gateway, finished.consent.id));
    case 'choosing':
      return redirectPage(`${gateway.config.publicUrl}/connect/${finished.consent.id}`, clearConsentCookie(gateway, finished.consent.id));
    case 'waiting':
      return renderRefusal(gateway, finished.reason, finished.consentId);
    case 'failed':
      return renderFailure(gateway, finished.consent, finished.fault);
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
function renderRefusal(gateway: Gateway, reason: UnclaimedReason, consentId: string | undefined): CallbackPage {
  const { status, title, text } = refusals[reason];
  const link = consentId && { href: `${gateway.config.publicUrl}/connect/${consentId}`, text: 'Open the link again' };
  return renderPage(status, title, [text], link ? { link } : integrationsLink(gateway, 'Start again in the dashboard'));
}

function renderFailure(gateway: Gateway, consent: Consent, { reason, message, words }: ConsentFault): CallbackPage {
  const name = gateway.catalogue.find(consent.integration)?.recipe.name ?? consent.integration;
  return renderPage(
    400,
    reason === 'denied' ? 'Nothing was connected' : 'This could not be connected',
    [message, 'Start again to get a new link.'],
    {
      ...integrationsLink(gateway, 'Start again in the dashboard'),
      headers: clearConsentCookie(gateway, consent.id),
      ...(words ? { quote: { from: name, words } } : {}),
    },
  );
}
