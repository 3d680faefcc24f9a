/**
 * The authorization endpoint (RFC 6749, section 3.1): signs the person in first, shows who asks for what, and gives out a code for
 * what the person granted. Nothing of it is remembered: each time a client asks, the person is asked.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../../core/context.ts';
import { SkillettError } from '../../../core/errors.ts';
import { countConnectionsOfEach } from '../../../domains/connections/store.ts';
import { guardUser } from '../../../domains/limits/guard.ts';
import { approveClient } from '../../../domains/oauth-clients/grants.ts';
import { findClient, fingerprintOf, type OAuthClient } from '../../../domains/oauth-clients/oauth-clients.ts';
import { describeRedirectUri, matchesRedirectUri } from '../../../domains/oauth-clients/redirect-uri.ts';
import { readTimeMs } from '../../../domains/oauth-clients/store.ts';
import { findUser } from '../../../domains/users/store.ts';
import { splitTarget } from '../../http/arrival/request-target.ts';
import { isOwnOrigin } from '../../http/authenticate.ts';
import { readBodyBytes, strangerBytesMax } from '../../http/body/read-body.ts';
import { actionUrl } from '../../http/failures.ts';
import { authorizePath } from '../../oauth/addresses.ts';
import { type CallbackPage, redirectPage, renderPage } from '../oauth-callback-page.ts';
import { type Offer, pageOfPopup, renderFault, renderGoingBack, renderOffer } from './authorize-page.ts';
import { type AuthorizeRequest, printAnswer, readAuthorizeRequest } from './authorize-request.ts';
import { type Choices, readChoices, scopesOf, usualDays } from './choices.ts';
import { checkProof, makeProof } from './proof.ts';

interface Session {
  sessionId: string;
  userId: string;
}

export async function answerAuthorize(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<CallbackPage> {
  const search = splitTarget(request.url as string)[1];
  const posted = request.method === 'POST';
  if (posted) requireOwnPage(gateway, request.headers);
  const asked = readAuthorizeRequest(gateway, search);
  if (typeof asked === 'string') return renderFault(asked);
  const session = await gateway.findSession(request.headers.cookie ?? '');
  if (!session) return askToSignIn(gateway, search, posted);
  await guardUser(gateway, { field: 'authorizeClient', max: 60, windowSeconds: 60 }, session.userId);
  const seen = await gateway.seenBy(session.userId);
  let client: OAuthClient;
  try {
    client = await findClient(gateway, session.userId, asked.clientId);
  } catch (error) {
    if (error instanceof SkillettError && error.status === 400) return renderFault(error.message);
    throw error;
  }
  if (!client.redirectUris.some((registered) => matchesRedirectUri(registered, asked.redirectUri)))
    return renderFault('The address in `redirect_uri` is none of those that the client is known by. Nobody is sent there.');
  if (asked.fault) {
    const { error, description } = asked.fault;
    const href = printAnswer(gateway, asked, { error, error_description: description });
    return renderFault(description, { href, place: describeRedirectUri(asked.redirectUri).place });
  }
  const nowMs = await readTimeMs(gateway.db, gateway.clock);
  // Another session, another client behind the same id, or another question: then it is another page.
  const tied = [session.sessionId, fingerprintOf(client), asked];
  const offer = await makeOffer(seen, session, asked, client, makeProof(gateway, tied, nowMs));
  if (!posted) return renderOffer(offer, firstChoices(offer));
  const form = await readForm(request, response);
  const proof = checkProof(gateway, form.get('proof') ?? '', tied, nowMs);
  return takeAnswer(seen, { session, asked, offer, proof, requestId }, form);
}

/** Browsers name the page's origin with every form they post; what names none, or another, was not pressed on our page. */
function requireOwnPage(gateway: Gateway, headers: IncomingHttpHeaders): void {
  if (!isOwnOrigin(gateway, headers.origin))
    throw new SkillettError(
      'forbidden',
      `This is only accepted from the page itself, at ${gateway.config.publicUrl}. Start again in the client.`,
    );
}

function askToSignIn(gateway: Gateway, search: string, posted: boolean): CallbackPage {
  // In letters, digits and percent signs, which every way to sign in brings back.
  const plain = (text: string) => encodeURIComponent(text).replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
  const query = [...new URLSearchParams(search)].map((pair) => pair.map(plain).join('=')).join('&');
  const signIn = `${gateway.config.publicUrl}/sign-in?next=${encodeURIComponent(`${authorizePath}?${query}`)}`;
  if (!posted) return redirectPage(signIn);
  const link = { href: signIn, text: 'Sign in' };
  return renderPage(401, 'You are signed out', ['Nothing was granted. Sign in, and the page comes back.'], { link, headers: pageOfPopup });
}

async function makeOffer(
  gateway: Gateway,
  { userId }: Session,
  asked: AuthorizeRequest,
  client: OAuthClient,
  proof: string,
): Promise<Offer> {
  const slugs = gateway.catalogue.integrations.map(({ slug }) => slug);
  const [user, connected] = await Promise.all([findUser(gateway.db, userId), countConnectionsOfEach(gateway.db, userId, slugs)]);
  const describe = (scope: string) => {
    const integration = gateway.catalogue.find(scope.split(/[:.]/, 1)[0] as string);
    const isConnected = integration !== undefined && (integration.open || connected.has(integration.slug));
    return { scope, name: integration?.recipe.name ?? scope, connected: isConnected };
  };
  return {
    client,
    redirectUri: asked.redirectUri,
    email: user?.email ?? '',
    offered: (asked.scopes ?? slugs).map(describe).toSorted((a, b) => a.name.localeCompare(b.name)),
    mayHaveEverything: asked.scopes === undefined,
    proof,
  };
}

/** What is connected, or all that was asked for: people take away more easily than they find. */
function firstChoices({ offered, mayHaveEverything }: Offer): Choices {
  const picked = offered.filter(({ connected }) => connected || !mayHaveEverything).map(({ scope }) => scope);
  return { everything: false, picked, readsOnly: false, days: usualDays };
}

interface Answer {
  session: Session;
  asked: AuthorizeRequest;
  offer: Offer;
  proof: ReturnType<typeof checkProof>;
  requestId: string;
}

async function takeAnswer(
  gateway: Gateway,
  { session, asked, offer, proof, requestId }: Answer,
  form: URLSearchParams,
): Promise<CallbackPage> {
  const choices = readChoices(form);
  const { client, redirectUri } = offer;
  if (proof === 'other')
    return renderOffer(offer, choices, {
      status: 409,
      message: 'What the client says of itself has changed, or you are signed in anew, since this page was shown. Look at it again.',
    });
  if (form.get('answer') === 'decline')
    return renderGoingBack(client, redirectUri, printAnswer(gateway, asked, { error: 'access_denied' }), false);
  if (proof === 'soon')
    return renderOffer(offer, choices, {
      status: 409,
      message: 'That was within a second of the page, before anybody can have read it, so nothing was granted. Read it, then choose.',
    });
  const scopes = scopesOf(
    gateway,
    choices,
    offer.offered.map(({ scope }) => scope),
    offer.mayHaveEverything,
  );
  if (form.get('answer') !== 'agree') return renderOffer(offer, choices);
  if (scopes.length === 0)
    return renderOffer(offer, choices, { status: 400, message: 'Nothing is left of that. Tick something that it may use, or decline.' });
  const { codeChallenge } = asked;
  try {
    const code = await approveClient(gateway, session, { client, redirectUri, codeChallenge, scopes, days: choices.days }, requestId);
    return renderGoingBack(client, redirectUri, printAnswer(gateway, asked, { code }), true);
  } catch (error) {
    if (error instanceof SkillettError && error.code === 'conflict')
      return renderOffer(offer, choices, { status: error.status, message: error.message, link: actionUrl(gateway, error) });
    throw error;
  }
}

async function readForm(request: IncomingMessage, response: ServerResponse): Promise<URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new SkillettError('unsupported_media_type', 'Use the form of the page.');
  return new URLSearchParams((await readBodyBytes(request, response, strangerBytesMax)).toString('utf8'));
}
