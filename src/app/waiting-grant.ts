/**
 * A grant that waits in a browser for its starter (contract, "Connecting"): whoever signs in there settles it, and a page
 * says what came of it.
 */
import type { Gateway } from '../core/context.ts';
import { waitingSeconds } from '../domains/connections/consents.ts';
import { completeWaitingGrant, grantCookie, type WaitingGrantOutcome } from './oauth-callback.ts';
import { type CallbackPage, renderPage } from './oauth-callback-page.ts';

/** What came of it, sealed for the user who signed in, until `waitingPath` shows it. */
const outcomeCookie = 'skillett_grant_outcome';

export const waitingPath = '/oauth/waiting';

/** The sign-in stands whatever comes of the grant. Returns cookies to set; none when nothing waited. */
export async function settleWaitingGrant(
  gateway: Gateway,
  signIn: { cookie: string; setCookies: readonly string[]; requestId: string },
): Promise<string[]> {
  const { requestId } = signIn;
  const browserCookie = readCookie(signIn.cookie, grantCookie);
  if (!browserCookie) return [];
  try {
    const session = await gateway.findSession(signIn.setCookies.map((line) => line.split(';', 1)[0]).join('; '));
    if (!session) return [];
    const outcome = await completeWaitingGrant(gateway, { browserCookie, userId: session.userId, requestId });
    if (!outcome) return [];
    const sealed = gateway.vault.seal(JSON.stringify(outcome), outcomeContext(session.userId));
    const secure = gateway.config.publicUrl.startsWith('https:') ? '; Secure' : '';
    return [
      `${grantCookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secure}`,
      `${outcomeCookie}=${sealed}; Path=${waitingPath}; Max-Age=${waitingSeconds}; HttpOnly; SameSite=Lax${secure}`,
    ];
  } catch (error) {
    gateway.log.error({ requestId, err: error }, 'a waiting grant could not be settled by a sign-in');
    return [];
  }
}

/** What came of the grant that waited in this browser, for the user who is signed in there. Undefined when none did. */
export async function findWaitingOutcome(
  gateway: Gateway,
  cookie: string,
  userId: string,
  requestId: string,
): Promise<WaitingGrantOutcome | undefined> {
  const browserCookie = readCookie(cookie, grantCookie);
  const outcome = browserCookie ? await completeWaitingGrant(gateway, { browserCookie, userId, requestId }) : undefined;
  return outcome ?? openOutcome(gateway, readCookie(cookie, outcomeCookie), userId);
}

export function renderOutcome(done: WaitingGrantOutcome | undefined): CallbackPage {
  if (!done)
    return renderPage(400, 'Nothing to finish here', [
      'No account waits in this browser to be connected. If one should, start again and open the new link.',
    ]);
  if (done.outcome === 'discarded') return renderPage(400, 'This could not be connected', [done.message]);
  return renderPage(200, `${done.integration} is connected`, [
    `The account ${done.account} can be used from now on. You can close this window.`,
  ]);
}

const outcomeContext = (userId: string): string => `grant-outcome/${userId}`;

async function openOutcome(gateway: Gateway, sealed: string | undefined, userId: string): Promise<WaitingGrantOutcome | undefined> {
  if (!sealed) return undefined;
  try {
    return JSON.parse(await gateway.vault.open(sealed, outcomeContext(userId))) as WaitingGrantOutcome;
  } catch {
    // Another user's, or made up.
    return undefined;
  }
}

function readCookie(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
