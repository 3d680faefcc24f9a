/**
 * The page that a consent's link opens (docs/api.md, "Connecting"). Without a session it leads to the sign-in and changes nothing,
 * so that previews of the link find nothing and cost nothing. For the starter it goes on to the provider, or asks first
 * where a narrow key asked, or takes a credential.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { endOfKey } from '../../domains/api-keys/api-keys.ts';
import { findKeyIn } from '../../domains/api-keys/store.ts';
import { listConnectMethods } from '../../domains/connections/connect-methods.ts';
import { openConsent } from '../../domains/connections/consent/consent-browser.ts';
import { type Consent, findConsent } from '../../domains/connections/consent/consent-store.ts';
import { ConsentFault, giveVariables } from '../../domains/connections/consent/consents.ts';
import { failConsent } from '../../domains/connections/consent/end-consents.ts';
import { isChoosing, keepChosen } from '../../domains/connections/consent/keep-grant.ts';
import { completeByCredential } from '../../domains/connections/credential/connect-by-credential.ts';
import { listSiblings } from '../../domains/connections/store.ts';
import { listMissing } from '../../domains/connections/variables/account-variables.ts';
import { guardUser } from '../../domains/limits/guard.ts';
import { findUser } from '../../domains/users/store.ts';
import { isOwnOrigin } from '../http/authenticate.ts';
import { readBodyBytes, strangerBytesMax } from '../http/body/read-body.ts';
import { type Ask, credentialPrefix, renderAsk, renderChoice, renderConnected } from './connect-page.ts';
import { readConsentCookie, setConsentCookie } from './consent-cookie.ts';
import { type CallbackPage, integrationsLink, redirectPage, renderPage } from './oauth-callback-page.ts';

/** A prefix of paths: the id of the consent follows. */
export const connectPath = '/connect/';

/** What every answer below needs. */
interface Visit {
  gateway: Gateway;
  request: IncomingMessage;
  session: { sessionId: string; userId: string };
  requestId: string;
}

export async function openConnectLink(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<CallbackPage> {
  const id = /^\/connect\/(conn_[0-9a-f]{32})(\?|$)/.exec(request.url as string)?.[1];
  if (id === undefined) return renderPage(404, 'There is no such page', ['The link is not whole. Copy all of it, or start again.']);
  if (request.method === 'POST') requireOwnPage(gateway, request.headers);
  const session = await gateway.findSession(request.headers.cookie ?? '');
  if (!session) return askToSignIn(gateway, id, request.method === 'POST');
  await guardUser(gateway, { field: 'openConnectLink', max: 60, windowSeconds: 60 }, session.userId);
  const visit = { gateway, request, session, requestId };
  const ask = await findAsk(visit, id);
  if ('status' in ask) return ask;
  try {
    return request.method === 'POST' ? await takeAnswer(visit, ask, await readForm(request, response)) : await showAsk(visit, ask);
  } catch (error) {
    if (error instanceof ConsentFault) return renderOver(gateway, error.message);
    throw error;
  }
}

/** Browsers name the page's origin with every form they post; what names none, or another, was not pressed on our page. */
function requireOwnPage(gateway: Gateway, headers: IncomingHttpHeaders): void {
  if (!isOwnOrigin(gateway, headers.origin))
    throw new SkillettError(
      'forbidden',
      `This is only accepted from the page itself, at ${gateway.config.publicUrl}. Open the link again.`,
    );
}

function askToSignIn(gateway: Gateway, id: string, posted: boolean): CallbackPage {
  const signIn = `${gateway.config.publicUrl}/sign-in?next=${connectPath}${id}`;
  if (!posted) return redirectPage(signIn);
  return renderPage(401, 'You are signed out', ['Nothing was connected. Sign in, and the page comes back.'], {
    link: { href: signIn, text: 'Sign in' },
  });
}

/** What waits for this person under the id; a page where nothing does. */
async function findAsk({ gateway, session, requestId }: Visit, id: string): Promise<Ask | CallbackPage> {
  const { db, clock } = gateway;
  const [consent, user] = await Promise.all([findConsent(db, clock, session.userId, id), findUser(db, session.userId)]);
  if (!consent || !user || user.closedAt) return renderNotYours(gateway, user?.email ?? '');
  if (consent.status !== 'pending' || consent.expired) return renderEnded(gateway, consent);
  const integration = (await gateway.seenBy(session.userId)).catalogue.find(consent.integration);
  if (!integration) return renderOver(gateway, 'This installation does not offer that service any more.');
  const key = await findKeyIn(db, { userId: session.userId }, consent.startedBy);
  const end = key && endOfKey(key);
  if (key && (key.revokedAt || (end && end.getTime() <= clock.nowMs()))) {
    await failConsent(gateway, consent, 'failed', { requestId });
    return renderOver(
      gateway,
      `The API key that asked for this ${key.revokedAt ? 'was revoked' : 'has expired'}. Nothing can be connected by it any more.`,
    );
  }
  const [methods, accounts] = await Promise.all([
    listConnectMethods(gateway, integration),
    listSiblings(db, session.userId, integration.slug),
  ]);
  const consenting = methods.find(({ type, ready }) => type === 'oauth2' && ready);
  const forms = consenting ? [] : methods.filter(({ type, fields }) => type !== 'oauth2' && fields.length > 0);
  const inputs = consenting && listMissing(integration, consent.variables).length > 0 ? consenting.fields : [];
  return { consent, integration, key, email: user.email, accounts, forms, inputs };
}

/** The same for an id that nobody has and for one of somebody else. */
function renderNotYours(gateway: Gateway, email: string): CallbackPage {
  return renderPage(
    404,
    'Nothing waits for you here',
    [
      `This link was started by somebody else, was cancelled, or never was one. You are signed in as ${email}.`,
      'If it is yours under another account, sign out in the dashboard and open the link again.',
    ],
    integrationsLink(gateway, 'Go to the dashboard'),
  );
}

const endings = {
  denied: 'It was declined. Nothing was connected.',
  expired: 'Links to connect an account last ten minutes, and this one is older. Nothing was connected.',
  failed: 'It was tried, and did not work. Nothing was connected.',
} as const;

function renderEnded(gateway: Gateway, consent: Consent): CallbackPage {
  if (consent.status !== 'connected') return renderOver(gateway, endings[consent.reason ?? 'expired']);
  return renderPage(200, 'This is done', ['The account was connected by this link before. You can close this window.'], {
    link: {
      href: `${gateway.config.publicUrl}/dashboard/integrations/${consent.integration}`,
      text: 'See or disconnect it in the dashboard',
    },
  });
}

function renderOver(gateway: Gateway, message: string): CallbackPage {
  return renderPage(
    410,
    'This link is over',
    [message, 'Start again to get a new link.'],
    integrationsLink(gateway, 'Start again in the dashboard'),
  );
}

async function showAsk(visit: Visit, ask: Ask): Promise<CallbackPage> {
  const { gateway, request } = visit;
  if (isChoosing(ask.consent)) return renderChoice(ask);
  if (ask.consent.needsConfirmation || ask.forms.length > 0 || ask.inputs.length > 0) return renderAsk(gateway, ask);
  if (!isNavigation(request.headers)) {
    const again = { href: `${gateway.config.publicUrl}${connectPath}${ask.consent.id}`, text: 'Open it' };
    return renderPage(400, 'Open this link in a window of its own', ['Nothing happens before you do.'], { link: again });
  }
  const { url, headers } = await goOn(visit, ask, undefined);
  return redirectPage(url, headers);
}

/** Whether a person goes to the page, and no other page embeds it and no browser fetches it ahead (W3C Fetch Metadata). */
function isNavigation(headers: IncomingHttpHeaders): boolean {
  const purpose = `${headers['sec-purpose'] ?? ''} ${headers.purpose ?? ''} ${headers['x-moz'] ?? ''}`;
  return ['document', undefined].includes(headers['sec-fetch-dest'] as string | undefined) && !/prefetch|prerender|preview/i.test(purpose);
}

/** Ties the consent to this browser. */
async function goOn({ gateway, request, requestId }: Visit, { consent }: Ask, confirmedBy: string | undefined) {
  const held = readConsentCookie(gateway, request.headers.cookie ?? '', consent.id);
  const { url, secret } = await openConsent(gateway, consent, { secret: held, confirmedBy, requestId });
  return { url, headers: setConsentCookie(gateway, consent.id, secret) };
}

/** What a person pressed on the page. */
async function takeAnswer(visit: Visit, ask: Ask, form: URLSearchParams): Promise<CallbackPage> {
  const { gateway, session, requestId } = visit;
  const { consent, integration } = ask;
  const { name } = integration.recipe;
  switch (form.get('answer')) {
    case 'decline': {
      await failConsent(gateway, consent, 'denied', { requestId, actor: session.sessionId });
      return renderPage(200, 'Declined', [`Nothing was connected, and whoever asked for ${name} is told so. You can close this window.`]);
    }
    case 'choose':
      // Two tabs may choose: for the later one the other's is being kept.
      return isChoosing(consent) ? choose(visit, ask, form.get('choice') ?? '') : renderOver(gateway, chosenAlready);
    case 'connect':
      if (ask.forms.length > 0 && !isChoosing(consent)) return takeCredential(visit, ask, form);
      break;
    case 'agree':
      if (ask.forms.length === 0 && !isChoosing(consent)) return agree(visit, ask, form);
  }
  return isChoosing(consent) ? renderChoice(ask) : renderAsk(gateway, ask);
}

const chosenAlready = 'It was chosen already, or its time is over.';

/** A choice is made once, and then it is over, one way or the other. */
async function choose({ gateway, requestId }: Visit, ask: Ask, choice: string): Promise<CallbackPage> {
  const { consent } = ask;
  const chosen = /^\d{1,3}$/.test(choice) ? consent.choices?.[Number(choice)] : undefined;
  if (!chosen) return renderChoice(ask);
  try {
    const done = await keepChosen(gateway, consent, chosen, requestId);
    return done ? renderConnected(gateway, consent, done) : renderOver(gateway, chosenAlready);
  } catch (error) {
    await failConsent(gateway, { ...consent, choices: null }, error instanceof ConsentFault ? error.reason : 'failed', { requestId });
    throw error;
  }
}

async function agree(visit: Visit, ask: Ask, form: URLSearchParams): Promise<CallbackPage> {
  const { gateway, session } = visit;
  const { name } = ask.integration.recipe;
  const values = readValues(form);
  let { consent } = ask;
  try {
    if (ask.inputs.length > 0) consent = await giveVariables(gateway, consent, ask.integration, values);
  } catch (error) {
    if (error instanceof SkillettError && error.status === 400) return renderAsk(gateway, ask, { failure: error, values });
    throw error;
  }
  const { url, headers } = await goOn(visit, { ...ask, consent }, consent.needsConfirmation ? session.sessionId : undefined);
  // Not by a redirect: browsers hold the way on from a form to the page's form-action, and providers have many addresses.
  return renderPage(200, `Going on to ${name}`, [`If nothing happens, use the link.`], {
    link: { href: url, text: `Continue to ${name}` },
    goTo: url,
    headers,
  });
}

function readValues(form: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...form].flatMap(([name, value]) => (name.startsWith(credentialPrefix) ? [[name.slice(credentialPrefix.length), value]] : [])),
  );
}

async function takeCredential(visit: Visit, ask: Ask, form: URLSearchParams): Promise<CallbackPage> {
  const { gateway, session, requestId } = visit;
  const { consent, integration } = ask;
  const values = readValues(form);
  try {
    const done = await completeByCredential(gateway, consent, integration, values, { actor: session.sessionId, requestId });
    return renderConnected(gateway, consent, done);
  } catch (error) {
    // What the person can mend comes back on the form; a bug, or a database that is away, does not.
    if (error instanceof SkillettError && error.status !== 401 && error.status !== 500 && error.status !== 503)
      return renderAsk(gateway, ask, { failure: error, values });
    throw error;
  }
}

async function readForm(request: IncomingMessage, response: ServerResponse): Promise<URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new SkillettError('unsupported_media_type', 'Use the form of the page.');
  return new URLSearchParams((await readBodyBytes(request, response, strangerBytesMax)).toString('utf8'));
}
