/** The second step of some grants: what was got so far is exchanged for the token that calls carry. */
import type { Gateway } from '../../../core/context.ts';
import { SkillettError } from '../../../core/errors.ts';
import { type CatalogueIntegration, outboundTarget } from '../../recipes/catalogue.ts';
import type { ClientCredentials, Exchange, JwtBearer } from '../../recipes/format/credentials/grants.ts';
import { requireKnownHost } from '../../recipes/known-host.ts';
import { fillAddress, fillHeaders, fillJson, type Variables, variablesOf } from '../../recipes/variables.ts';
import { placeBeside } from '../oauth2/place-beside.ts';
import { type Grant, OAuthRefusal, readAnswer, readTokenAnswer, tokenTimeoutMs, valueAt } from '../oauth2/token-endpoint.ts';

export type GrantAuth = ClientCredentials | JwtBearer;

export interface AskedGrant {
  integration: CatalogueIntegration;
  auth: GrantAuth;
  /** What is known of the account. */
  variables: Variables;
}

/** `token`: what was got so far. Throws OAuthRefusal, upstream_unreachable, upstream_unexpected, integration_not_connected for an unknown host. */
export async function exchangeToken(gateway: Gateway, userId: string, asked: AskedGrant, token: string): Promise<Grant> {
  const { integration, auth } = asked;
  const { url, headers, body, answer: places, final_statuses } = auth.exchange as Exchange;
  const variables = variablesOf(integration.recipe, asked.variables);
  const { address, fromInstallation } = placeOf(gateway, asked, url);
  const answer = await gateway.outbound.send({
    method: 'POST',
    url: requireKnownHost(integration, fillAddress(address, variables), fromInstallation),
    headers: {
      accept: 'application/json',
      'user-agent': 'skillett',
      ...(body && { 'content-type': 'application/json' }),
      ...fillHeaders(integration.recipe, headers, variables),
      authorization: `Bearer ${token}`,
    },
    body: body && JSON.stringify(fillJson(body, variables)),
    timeoutMs: tokenTimeoutMs,
    ...outboundTarget(integration),
    turnOf: userId,
  });
  const json = await readAnswer(answer);
  if (final_statuses.includes(answer.status)) throw new OAuthRefusal(refusalOf(answer.status));
  const { access_token, expires_in = 'expires_in', expires_at } = places;
  const terms = { token_endpoint_auth_method: 'none', scope_separator: ' ', token_answer: { access_token, expires_in } } as const;
  const endpoint = { integration, settings: {}, tokenUrl: address, auth: terms };
  const grant = readTokenAnswer(endpoint, answer.status, json);
  // What else the answer says of scopes or a refresh token is none of a grant that is asked for anew each time.
  const untilMs = expires_at === undefined ? undefined : readMoment(valueAt(json, expires_at)) - gateway.clock.nowMs();
  const seconds = untilMs === undefined ? grant.expiresInSeconds : Math.floor(untilMs / 1000);
  return {
    ...grant,
    refreshToken: null,
    scopes: undefined,
    expiresInSeconds: seconds && seconds > 0 ? Math.min(seconds, secondsMax) : undefined,
  };
}

const secondsMax = 10 * 365 * 86_400;

/** NaN for what is no moment. */
function readMoment(said: unknown): number {
  if (typeof said === 'number') return said * 1000;
  return typeof said === 'string' ? Date.parse(said) : Number.NaN;
}

const refusalOf = (status: number) => `http_${status}`;

/** Whether it is an exchange that was refused so, for good. */
export function isFinalExchange({ exchange }: GrantAuth, error: string): boolean {
  return (exchange?.final_statuses ?? []).some((status) => error === refusalOf(status));
}

/** Where the token endpoint was moved, nobody knows where a place of another origin is, and its token is none of that origin's. */
function placeOf(gateway: Gateway, { integration, auth }: AskedGrant, url: string): { address: string; fromInstallation: boolean } {
  const settings = gateway.config.integrations.get(integration.slug) ?? {};
  if (auth.token_url === undefined && settings.tokenUrl !== undefined) return { address: settings.tokenUrl, fromInstallation: true };
  const place = placeBeside({ integration, settings }, auth.token_url ?? url, url);
  if (place) return place;
  const name = `SKILLETT_${integration.slug.toUpperCase()}`;
  throw new SkillettError(
    'upstream_unexpected',
    `${name}_TOKEN_URL moves the token endpoint of ${integration.slug}, and its token would be exchanged at another place, so nothing was sent. Ask the operator to set ${name}_BASE_URL too, or neither.`,
  );
}
