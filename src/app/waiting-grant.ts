/**
 * Grants that wait in a browser for their starter (contract, "Connecting"): whoever signs in there settles them, and a page
 * says what came of it.
 */
import type { Gateway } from '../core/context.ts';
import { waitingSeconds } from '../domains/connections/consents.ts';
import { completeWaitingGrant, grantCookie, grantSeparator, type WaitingGrantOutcome, waitingMax } from './oauth-callback.ts';
import { type CallbackPage, integrationsLink, renderPage } from './oauth-callback-page.ts';

/** What came of them, sealed for the user who signed in, until `waitingPath` shows it. */
const outcomeCookie = 'skillett_grant_outcome';

export const waitingPath = '/oauth/waiting';

/** Under which grants wait in the browser that sent this Cookie header. */
export function listWaitingGrants(cookie: string): string[] {
  return (readCookie(cookie, grantCookie) ?? '')
    .split(grantSeparator)
    .filter((name) => name !== '')
    .slice(0, waitingMax);
}

/** The sign-in stands whatever comes of the grants. Returns cookies to set; none when nothing waited. */
export async function settleWaitingGrants(
  gateway: Gateway,
  signIn: { cookie: string; setCookies: readonly string[]; requestId: string },
): Promise<string[]> {
  const { requestId } = signIn;
  if (listWaitingGrants(signIn.cookie).length === 0) return [];
  try {
    const session = await gateway.findSession(signIn.setCookies.map((line) => line.split(';', 1)[0]).join('; '));
    if (!session) return [];
    const outcomes = await completeWaitingGrants(gateway, signIn.cookie, session.userId, requestId);
    if (outcomes.length === 0) return [];
    const sealed = gateway.vault.seal(JSON.stringify(outcomes), outcomeContext(session.userId));
    const secure = gateway.config.publicUrl.startsWith('https:') ? '; Secure' : '';
    return [
      `${grantCookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secure}`,
      `${outcomeCookie}=${sealed}; Path=${waitingPath}; Max-Age=${waitingSeconds}; HttpOnly; SameSite=Lax${secure}`,
    ];
  } catch (error) {
    gateway.log.error({ requestId, err: error }, 'waiting grants could not be settled by a sign-in');
    return [];
  }
}

async function completeWaitingGrants(gateway: Gateway, cookie: string, userId: string, requestId: string): Promise<WaitingGrantOutcome[]> {
  const outcomes: WaitingGrantOutcome[] = [];
  for (const browserCookie of listWaitingGrants(cookie)) {
    const outcome = await completeWaitingGrant(gateway, { browserCookie, userId, requestId });
    if (outcome) outcomes.push(outcome);
  }
  return outcomes;
}

/** What came of the grants that waited in this browser, for the user who is signed in there. Empty when none did. */
export async function findWaitingOutcomes(
  gateway: Gateway,
  cookie: string,
  userId: string,
  requestId: string,
): Promise<WaitingGrantOutcome[]> {
  const outcomes = await completeWaitingGrants(gateway, cookie, userId, requestId);
  return outcomes.length > 0 ? outcomes : openOutcomes(gateway, readCookie(cookie, outcomeCookie), userId);
}

export function renderOutcomes(gateway: Gateway, outcomes: readonly WaitingGrantOutcome[]): CallbackPage {
  const connected = outcomes.flatMap((done) => (done.outcome === 'connected' ? [done] : []));
  const discarded = outcomes.flatMap((done) => (done.outcome === 'discarded' ? [done.message] : []));
  const startAgain = integrationsLink(gateway, 'Start again in the dashboard');
  if (outcomes.length === 0) {
    const reason = 'No account waits in this browser to be connected. If one should, start again and open the new link.';
    return renderPage(400, 'Nothing to finish here', [reason], startAgain);
  }
  if (connected.length === 0) return renderPage(400, 'This could not be connected', discarded, startAgain);
  const names = [...new Set(connected.map((done) => done.integration))];
  return renderPage(
    200,
    `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} connected`,
    [
      ...connected.map((done) => `The account ${done.account} of ${done.integration} can be used from now on.`),
      ...discarded,
      'You can close this window.',
    ],
    integrationsLink(gateway, 'See it in the dashboard'),
  );
}

const outcomeContext = (userId: string): string => `grant-outcome/${userId}`;

async function openOutcomes(gateway: Gateway, sealed: string | undefined, userId: string): Promise<WaitingGrantOutcome[]> {
  if (!sealed) return [];
  try {
    return JSON.parse(await gateway.vault.open(sealed, outcomeContext(userId))) as WaitingGrantOutcome[];
  } catch {
    // Another user's, or made up.
    return [];
  }
}

function readCookie(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
