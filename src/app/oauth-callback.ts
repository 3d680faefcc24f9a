/**
 * Where providers send people back to (RFC 6749, section 4.1.2), and who may finish what a consent began (contract,
 * "Connecting"): with one user anybody, with several the user who started it, in a browser signed in as them.
 */
import type { Gateway } from '../core/context.ts';
import type { Consent } from '../domains/connections/consent-store.ts';
import {
  ConsentFault,
  claimConsent,
  completeConsent,
  discardGrant,
  failConsent,
  type HeldGrant,
  holdGrant,
  readCallback,
  redeemCode,
  takeHeldGrant,
  waitingSeconds,
} from '../domains/connections/consents.ts';
import { countUsers } from '../domains/users/store.ts';
import { type CallbackPage, integrationsLink, renderPage } from './oauth-callback-page.ts';

export interface OAuthCallback {
  query: URLSearchParams;
  /** The session of the browser, if it has one. */
  findSession: () => Promise<{ userId: string } | undefined>;
  /** Under which grants wait in this browser already. */
  waiting: readonly string[];
  requestId: string;
}

/** Name of the cookie under which grants wait for their starter to sign in, the latest first. */
export const grantCookie = 'skillett_grant';
export const grantSeparator = '.';
/** Grants that wait in one browser. */
export const waitingMax = 5;

export async function handleOAuthCallback(gateway: Gateway, callback: OAuthCallback): Promise<CallbackPage> {
  const { requestId } = callback;
  const state = callback.query.get('state') ?? '';
  const consent = state === '' || state.length > 200 ? undefined : await claimConsent(gateway, state);
  if (!consent) {
    gateway.log.warn({ requestId }, 'a callback came with a state that is unknown, used or expired');
    return renderPage(
      400,
      'Nothing to finish here',
      [
        'This link was used already, has expired, or was not started here. If an account was to be connected, start again and open the new link.',
      ],
      integrationsLink(gateway, 'Start again in the dashboard'),
    );
  }
  try {
    const code = readCallback(gateway, consent, callback.query);
    const finisher = await findFinisher(gateway, consent, callback);
    if (finisher === 'other') {
      throw new ConsentFault(
        'failed',
        'You are signed in here as somebody else than the person who started this. Nothing was connected. Sign out, or open the link in the browser of that person.',
      );
    }
    const held = await redeemCode(gateway, consent, code);
    return finisher === 'starter' ? await finish(gateway, consent, held, requestId) : await wait(gateway, consent, held, callback.waiting);
  } catch (error) {
    return describeFailure(gateway, consent, error, requestId);
  }
}

/** `nobody`: several users and no session, so the grant must wait. */
async function findFinisher(gateway: Gateway, consent: Consent, callback: OAuthCallback): Promise<'starter' | 'other' | 'nobody'> {
  if ((await countUsers(gateway.db)) <= 1) return 'starter';
  const session = await callback.findSession();
  if (!session) return 'nobody';
  return session.userId === consent.userId ? 'starter' : 'other';
}

async function finish(gateway: Gateway, consent: Consent, held: HeldGrant, requestId: string): Promise<CallbackPage> {
  const done = await completeConsent(gateway, consent, held, requestId);
  return renderPage(
    200,
    `${done.integration} is connected`,
    [`The account ${done.account} can be used from now on. You can close this window.`],
    integrationsLink(gateway, 'See it in the dashboard'),
  );
}

async function wait(gateway: Gateway, consent: Consent, held: HeldGrant, before: readonly string[]): Promise<CallbackPage> {
  // One sign-in finishes all that the person has consented to in this browser.
  const cookie = [await holdGrant(gateway, consent, held), ...before].slice(0, waitingMax).join(grantSeparator);
  const secure = gateway.config.publicUrl.startsWith('https:') ? '; Secure' : '';
  return renderPage(
    200,
    'One step is left',
    ['Sign in here within ten minutes as the person who started this. The account is connected then, and to nobody else.'],
    {
      link: { href: `${gateway.config.publicUrl}/sign-in?next=/oauth/waiting`, text: 'Sign in' },
      headers: { 'set-cookie': `${grantCookie}=${cookie}; Path=/; Max-Age=${waitingSeconds}; HttpOnly; SameSite=Lax${secure}` },
    },
  );
}

async function describeFailure(gateway: Gateway, consent: Consent, error: unknown, requestId: string): Promise<CallbackPage> {
  await failConsent(gateway, consent, error instanceof ConsentFault ? error.reason : 'failed', requestId);
  if (!(error instanceof ConsentFault)) throw error;
  gateway.log.info({ requestId, consent: consent.id, reason: error.reason, err: error.cause }, 'a consent came to nothing');
  return renderPage(
    400,
    error.reason === 'denied' ? 'Nothing was connected' : 'This could not be connected',
    [error.message, 'Start again to get a new link.'],
    integrationsLink(gateway, 'Start again in the dashboard'),
  );
}

export type WaitingGrantOutcome =
  | { outcome: 'connected'; integration: string; account: string }
  /** Signed in as somebody else, too late, or it could not be kept: the grant was revoked. */
  | { outcome: 'discarded'; message: string };

/** Called after a sign-in in a browser that carries `grantCookie`. Undefined when nothing waits under it. */
export async function completeWaitingGrant(
  gateway: Gateway,
  signIn: { browserCookie: string; userId: string; requestId: string },
): Promise<WaitingGrantOutcome | undefined> {
  const waiting = await takeHeldGrant(gateway, signIn.browserCookie);
  if (!waiting) return undefined;
  const { consent, held } = waiting;
  const foreign = consent.userId !== signIn.userId;
  if (foreign || consent.expired) {
    await discardGrant(gateway, consent.integration, held);
    await failConsent(gateway, consent, foreign ? 'failed' : 'expired', signIn.requestId);
    const message = foreign
      ? 'An account was waiting here for the person who started connecting it. You are somebody else, so it was discarded.'
      : 'The sign-in came after the ten minutes in which an account waited to be connected, so it was discarded. Start again.';
    return { outcome: 'discarded', message };
  }
  try {
    return { outcome: 'connected', ...(await completeConsent(gateway, consent, held, signIn.requestId)) };
  } catch (error) {
    await failConsent(gateway, consent, 'failed', signIn.requestId);
    if (!(error instanceof ConsentFault)) throw error;
    return { outcome: 'discarded', message: error.message };
  }
}
