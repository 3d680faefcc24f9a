/**
 * The door to better-auth: which of its routes are open, to whose pages, and how often. Its own limiter trusts headers of
 * the client and counts in one process, and calls from within pass it; so what may be guessed is counted here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, Gateway } from '../../core/context.ts';
import { badRequest, notFound, SkillettError } from '../../core/errors.ts';
import type { LeavingSignal } from '../../core/turns/leaving.ts';
import { guardField } from '../../domains/limits/guard.ts';
import { addressHeader, authPath } from '../../domains/users/sign-in/auth.ts';
import { rememberBrowser } from '../../domains/users/sign-in/known-browser.ts';
import { countPasswordGuess } from '../../domains/users/sign-in/password-guesses.ts';
import { linkPath } from '../../domains/users/sign-in/sign-in-links.ts';
import { splitTarget } from '../http/arrival/request-target.ts';
import { isOwnOrigin } from '../http/authenticate.ts';
import { readBodyBytes, strangerBytesMax } from '../http/body/read-body.ts';
import { createContext } from '../http/context.ts';
import { toSkillettError } from '../http/failures.ts';
import { sendError } from '../http/send-error.ts';
import { renderLinkPage } from './sign-in-link-page.ts';

/** What of better-auth is open. What changes an account is a field of ours, with its audit row. */
const openRoutes = new Set([
  'GET /get-session',
  'GET /list-sessions',
  `POST ${linkPath}`,
  'GET /callback/google',
  'GET /callback/github',
  'POST /sign-in/email',
  'POST /sign-in/social',
  'POST /sign-up/email',
  'POST /sign-out',
  'POST /revoke-session',
  'POST /revoke-sessions',
  'POST /revoke-other-sessions',
]);

/** These can be used to guess, or to fill the database: ten per minute from one address, over all processes. */
const guessable = new Set(['/sign-in/email', '/sign-in/social', '/sign-up/email', linkPath]);

/** Where a person's browser arrives, who should see a page and not JSON when it does not work. */
const arrivals = new Set([linkPath, '/callback/google', '/callback/github']);

export async function answerSignIn(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  signal: LeavingSignal,
): Promise<void> {
  const [path, search] = splitTarget(request.url as string);
  const route = path.slice(authPath.length);
  if (route === linkPath && (request.method === 'GET' || request.method === 'HEAD')) {
    const { status, headers, html } = renderLinkPage(gateway, new URLSearchParams(search));
    response.writeHead(status, headers).end(html);
    return;
  }
  try {
    if (!openRoutes.has(`${request.method} ${route}`)) throw notFound('Route');
    if (request.method === 'POST') requireOwnPage(gateway, request);
    const context = createContext(gateway, request, 'rest', requestId, signal);
    if (guessable.has(route)) await guardField(context, { field: 'signIn', max: 10, windowSeconds: 60, by: 'address' });
    const body = request.method === 'POST' ? await readObject(request, response, route === linkPath) : undefined;
    const email = route === '/sign-in/email' && typeof body?.email === 'string' ? body.email : undefined;
    const cookie = request.headers.cookie ?? '';
    const takeBack = email === undefined ? undefined : await countPasswordGuess(gateway, { email, address: context.address, cookie });
    const answer = await gateway.auth.handle(toRequest(gateway, request, context, body));
    if (answer.ok) await takeBack?.();
    await sendAnswer(gateway, response, route, answer, await rememberSignIn(gateway, cookie, answer));
  } catch (thrown) {
    const failure = toSkillettError(gateway, thrown, requestId);
    const arrives = arrivals.has(route) && openRoutes.has(`${request.method} ${route}`) && failure.code !== 'forbidden';
    if (arrives) sendToSignIn(gateway, response, failure.code);
    else sendError(gateway, response, failure);
  }
}

/** Cookies to set when the answer signs somebody in: the browser is known from then on. */
async function rememberSignIn(gateway: Gateway, cookie: string, answer: Response): Promise<string[]> {
  const session = answer.headers.getSetCookie().map((line) => line.split(';', 1)[0]);
  if (answer.status >= 400 || session.length === 0) return [];
  const found = await gateway.findSession(session.join('; '));
  return found ? [rememberBrowser(gateway, cookie, found.userId)] : [];
}

/**
 * A browser sends its cookie along with other sites' requests too, and other sites can start a sign-in of their own choice.
 * It names the page's origin with every POST; a client that is no browser and has no cookie needs none.
 */
function requireOwnPage(gateway: Gateway, { headers }: IncomingMessage): void {
  const { origin, cookie } = headers;
  if (isOwnOrigin(gateway, origin) || (origin === undefined && cookie === undefined && headers['sec-fetch-site'] === undefined)) return;
  throw new SkillettError('forbidden', `Signing in and out is only accepted from ${gateway.config.publicUrl} itself (Origin header).`);
}

/** A JSON object; a form of our own page where that posts one. */
async function readObject(request: IncomingMessage, response: ServerResponse, form: boolean): Promise<Record<string, unknown>> {
  if (form && /^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    return Object.fromEntries(new URLSearchParams((await readBodyBytes(request, response, strangerBytesMax)).toString('utf8')));
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new SkillettError('unsupported_media_type', 'Send a JSON object as application/json; `{}` where nothing needs to be said.');
  const bytes = await readBodyBytes(request, response, strangerBytesMax);
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // falls through to the refusal below
  }
  throw badRequest('The body must be a JSON object.');
}

/** Only headers that better-auth needs; the address is ours. */
function toRequest(gateway: Gateway, request: IncomingMessage, context: Context, body: Record<string, unknown> | undefined): Request {
  const headers = new Headers({ [addressHeader]: context.address });
  for (const name of ['cookie', 'origin', 'user-agent', 'accept'] as const) {
    const value = request.headers[name];
    if (value !== undefined) headers.set(name, value);
  }
  if (body) headers.set('content-type', 'application/json');
  return new Request(gateway.config.publicOrigin + request.url, {
    method: request.method as string,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

async function sendAnswer(
  gateway: Gateway,
  response: ServerResponse,
  route: string,
  answer: Response,
  knownBrowser: readonly string[],
): Promise<void> {
  const cookies = [...answer.headers.getSetCookie(), ...knownBrowser];
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.setHeader('cache-control', 'no-store');
  // The address of a link holds its token.
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-content-type-options', 'nosniff');
  const text = await answer.text();
  if (arrivals.has(route) && answer.status >= 400) {
    sendToSignIn(gateway, response, codeOf(text));
    return;
  }
  const location = answer.headers.get('location');
  // A form was posted, and what comes next is read (RFC 9110, section 15.4.4).
  const status = route === linkPath && answer.status === 302 ? 303 : answer.status;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...(location === null ? {} : { location }) });
  response.end(text);
}

/** The page says what the code means. */
function sendToSignIn(gateway: Gateway, response: ServerResponse, code: string): void {
  const query = new URLSearchParams({ error: code.toLowerCase() });
  response.writeHead(303, { location: `${gateway.config.publicUrl}/sign-in?${query}`, 'cache-control': 'no-store' }).end();
}

function codeOf(text: string): string {
  try {
    const { code } = JSON.parse(text) as { code?: unknown };
    return typeof code === 'string' ? code : 'failed';
  } catch {
    return 'failed';
  }
}
