/**
 * Token endpoints (RFC 6749, section 3.2): how a client asks, and what the answer says, each as the recipe has it. What a provider refuses
 * is an OAuthRefusal; what it fails at is a SkillettError upstream_unreachable or upstream_unexpected.
 */
import { search } from '@jmespath-community/jmespath';
import type { IntegrationSettings } from '../../../core/config/integration-settings.ts';
import type { Gateway } from '../../../core/context.ts';
import { SkillettError } from '../../../core/errors.ts';
import { type OutboundAnswer, readBody } from '../../../core/outbound/outbound.ts';
import { quoted } from '../../../core/text/quoted.ts';
import { type CatalogueIntegration, outboundTarget } from '../../recipes/catalogue.ts';
import type { OAuth2 } from '../../recipes/format/auth.ts';
import { requireKnownHost } from '../../recipes/known-host.ts';
import type { Variables } from '../../recipes/variables.ts';

export interface TokenEndpoint {
  integration: CatalogueIntegration;
  auth: TokenTerms;
  /** With the variables filled in. */
  tokenUrl: string;
  /** What the installation set in place of the recipe's addresses. */
  settings: IntegrationSettings;
  /** In lower case, what the answer may call the token (RFC 6749, section 7.1); undefined: anything. */
  tokenTypes?: readonly string[] | undefined;
}

export type TokenTerms = Pick<OAuth2, 'scope_separator' | 'token_answer' | 'token_endpoint_auth_method' | 'token_request'>;

export interface OAuthClient {
  clientId: string;
  /** Undefined for a public client (`token_endpoint_auth_method: none`). */
  clientSecret: string | undefined;
}

/** A token answer, whatever its form was. */
export interface Grant {
  accessToken: string;
  refreshToken: string | null;
  /** Null: this kind of token has no scopes. Undefined: the provider did not say. */
  scopes: string[] | null | undefined;
  expiresInSeconds: number | undefined;
  /** Account as the token answer names it, when the recipe says where. */
  account: { id: string; label: string } | undefined;
  /** Values of the recipe's variables that the token answer gives, still to be judged. */
  found: Variables;
}

/** An error code of RFC 6749, section 5.2, or of the provider's own. */
export class OAuthRefusal extends Error {
  readonly error: string;
  readonly #description: string | undefined;
  constructor(error: string, description?: string) {
    super(`The provider refused with ${quoted(error)}.`);
    this.name = 'OAuthRefusal';
    this.error = error;
    this.#description = description;
  }

  /** In the provider's words, which may repeat what was sent: for the person at the browser, and out of reach of a log's serializer. */
  get description(): string | undefined {
    return this.#description;
  }
}

export const tokenTimeoutMs = 20_000;
const tokenAnswerBytesMax = 1024 * 1024;
const accountIdLengthMax = 500;
/** RFC 6749, appendix A.12 and A.4: what a header and a list of scopes can hold. */
const sendable = /^[\x20-\x7e]+$/;
const visible = /^[\x21-\x7e]+$/;
const unprintable = /\p{C}/u;
/** Codes with which a provider says that it, not the request, is at fault (RFC 6749, section 4.1.2.1; RFC 8628, section 3.5). */
const passingErrors = ['server_error', 'temporarily_unavailable', 'slow_down'];

/** `client`: undefined where the request itself says who asks. */
export async function requestToken(
  gateway: Gateway,
  userId: string,
  provider: TokenEndpoint,
  client: OAuthClient | undefined,
  parameters: Record<string, string>,
): Promise<Grant> {
  const answer = await gateway.outbound.send({
    method: 'POST',
    url: requireKnownHost(provider.integration, provider.tokenUrl, provider.settings.tokenUrl !== undefined),
    ...encodeClientRequest(provider.auth, client, parameters),
    timeoutMs: tokenTimeoutMs,
    ...outboundTarget(provider.integration),
    turnOf: userId,
  });
  return readTokenAnswer(provider, answer.status, await readAnswer(answer));
}

/** Headers and body of a request that the client makes in its own name, at the token or the revocation endpoint. */
export function encodeClientRequest(
  auth: TokenTerms,
  client: OAuthClient | undefined,
  parameters: Record<string, string>,
): { headers: Record<string, string>; body: string } {
  const json = auth.token_request?.encoding === 'json';
  const authentication = client ? authenticateClient(auth, client) : { headers: {}, parameters: {} };
  const body = { ...parameters, ...authentication.parameters };
  return {
    headers: {
      accept: 'application/json',
      'user-agent': 'skillett',
      'content-type': json ? 'application/json' : 'application/x-www-form-urlencoded',
      ...lowerCased(auth.token_request?.headers),
      ...authentication.headers,
    },
    body: json ? JSON.stringify(body) : new URLSearchParams(body).toString(),
  };
}

function lowerCased(headers: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}

/** RFC 6749, section 2.3.1: in the body, or as Basic with both parts form-encoded first. */
function authenticateClient(
  auth: TokenTerms,
  client: OAuthClient,
): { headers: Record<string, string>; parameters: Record<string, string> } {
  if (auth.token_endpoint_auth_method === 'client_secret_basic')
    return { headers: { authorization: basicAuthentication(client) }, parameters: {} };
  const secret = auth.token_endpoint_auth_method === 'client_secret_post' && client.clientSecret !== undefined;
  return { headers: {}, parameters: { client_id: client.clientId, ...(secret ? { client_secret: client.clientSecret as string } : {}) } };
}

export function basicAuthentication(client: OAuthClient): string {
  const encode = (part: string): string => new URLSearchParams([['', part]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(client.clientId)}:${encode(client.clientSecret ?? '')}`).toString('base64')}`;
}

/** The body as JSON, or as a form for providers that answer in one whatever was asked for. Undefined when it is neither. */
export async function readAnswer(answer: OutboundAnswer): Promise<unknown> {
  const text = (await readBody(answer, tokenAnswerBytesMax)).toString('utf8').trim();
  try {
    return JSON.parse(text);
  } catch {
    const form = new URLSearchParams(text);
    return form.has('access_token') || form.has('error') ? Object.fromEntries(form) : undefined;
  }
}

/** RFC 6749, sections 5.1 and 5.2, through the expressions of the recipe. Throws OAuthRefusal for any answer that names an error, whatever its status. */
export function readTokenAnswer(provider: TokenEndpoint, status: number, answer: unknown): Grant {
  const { auth, integration } = provider;
  const at = auth.token_answer ?? {};
  const error = textAt(answer, at.error ?? 'error');
  if (status >= 500 || status === 408 || status === 429 || (error !== undefined && passingErrors.includes(error)))
    throw new SkillettError(
      'upstream_unreachable',
      `The sign-in service of ${integration.slug} answered ${error === undefined ? status : quoted(error)}. Try again later.`,
    );
  if (error !== undefined) throw new OAuthRefusal(error.slice(0, 100), textAt(answer, at.error_description ?? 'error_description'));
  const accessToken = textAt(answer, at.access_token ?? 'access_token');
  const said = `The sign-in service of ${integration.slug} answered ${status}`;
  if (status >= 300 || accessToken === undefined)
    throw new SkillettError('upstream_unexpected', `${said} without a token or an error code.`);
  if (!sendable.test(accessToken)) throw new SkillettError('upstream_unexpected', `${said} with a token that no request can carry.`);
  const tokenType = textAt(answer, 'token_type');
  if (provider.tokenTypes && tokenType !== undefined && !provider.tokenTypes.includes(tokenType.toLowerCase()))
    throw new SkillettError(
      'upstream_unexpected',
      `${said} with a token of the type ${quoted(tokenType)}, which is not sent as this one would be.`,
    );
  return {
    accessToken,
    refreshToken: textAt(answer, at.refresh_token ?? 'refresh_token') ?? null,
    scopes: readScopes(auth, valueAt(answer, at.scope ?? 'scope')),
    expiresInSeconds: readSeconds(valueAt(answer, at.expires_in ?? 'expires_in')),
    account: at.account && accountAt(answer, at.account),
    found: findVariables(integration, answer),
  };
}

function findVariables({ recipe }: CatalogueIntegration, answer: unknown): Variables {
  return Object.fromEntries(
    Object.entries(recipe.variables ?? {}).flatMap(([name, { from }]) => {
      const value = from !== 'input' && 'token_answer' in from ? plainText(valueAt(answer, from.token_answer)) : '';
      return value === '' ? [] : [[name, value]];
    }),
  );
}

/** RFC 6749, section 5.1: a number, which some send as text. What says no time is as good as none. */
function readSeconds(said: unknown): number | undefined {
  const seconds = typeof said === 'number' || typeof said === 'string' ? Number(said) : Number.NaN;
  return seconds > 0 ? Math.min(Math.floor(seconds), 10 * 365 * 86_400) : undefined;
}

/** Those that are granted are asked for again with every consent, in an address; no service has scopes beyond this. */
const scopeLengthMax = 255;
const scopesMax = 300;

function readScopes(auth: TokenTerms, said: unknown): string[] | null | undefined {
  if (said === false) return null;
  // An object says nothing that could be compared.
  if (!Array.isArray(said) && typeof said !== 'string' && typeof said !== 'number') return undefined;
  const parts = Array.isArray(said) ? said.map(plainText) : plainText(said).split(auth.scope_separator === ',' ? /[,\s]+/ : /\s+/);
  const sound = parts.filter((scope) => scope.length <= scopeLengthMax && visible.test(scope));
  return [...new Set(sound)].slice(0, scopesMax);
}

/** Undefined when it is not there, and when the answer holds something else than the expression can take. */
export function valueAt(answer: unknown, expression: string): unknown {
  if (answer === null || typeof answer !== 'object') return undefined;
  try {
    return search(answer as never, expression);
  } catch {
    return undefined;
  }
}

/** Text that is not empty. */
export function textAt(answer: unknown, expression: string): string | undefined {
  const value = valueAt(answer, expression);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The account that an answer names. Undefined when its id is not there, or is nothing that tells accounts apart. */
export function accountAt(answer: unknown, names: { id: string; label: string }): { id: string; label: string } | undefined {
  const id = plainText(valueAt(answer, names.id));
  if (id === '' || id.length > accountIdLengthMax || unprintable.test(id)) return undefined;
  const label = plainText(valueAt(answer, names.label)).replace(/[\p{C}\s]+/gu, ' ');
  return { id, label: [...(label.trim() || id)].slice(0, 100).join('').trim() };
}

function plainText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
