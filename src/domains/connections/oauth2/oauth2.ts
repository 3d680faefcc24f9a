/**
 * The OAuth 2.0 client (RFC 6749) as each provider wants it. Every difference between providers is a field of the
 * recipe; the endpoints may be the operator's. What a provider refuses is an OAuthRefusal; what it fails at is a
 * SkillettError upstream_unreachable or upstream_unexpected.
 */
import { createHash } from 'node:crypto';
import type { Gateway } from '../../../core/context.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { OAuth2 } from '../../recipes/format/auth.ts';
import { requireKnownHost } from '../../recipes/known-host.ts';
import { fillAddress, noVariables, type Variables, variablesOf } from '../../recipes/variables.ts';
import { placeBeside } from './place-beside.ts';
import { type Grant, type OAuthClient, requestToken, type TokenEndpoint } from './token-endpoint.ts';

/** An integration's authorisation server, as this installation reaches it. */
export interface Provider extends TokenEndpoint {
  auth: OAuth2;
  /** With the variables filled in. */
  authorizeUrl: string;
  variables: Variables;
}

/** `kept`: the variables of the account. Undefined when the integration has no OAuth. */
export function findProvider(gateway: Gateway, integration: CatalogueIntegration, kept: Variables = noVariables): Provider | undefined {
  const auth = integration.recipe.auth.find((candidate) => candidate.type === 'oauth2');
  if (!auth) return undefined;
  const settings = gateway.config.integrations.get(integration.slug) ?? {};
  const variables = variablesOf(integration.recipe, kept);
  return {
    integration,
    auth,
    authorizeUrl: fillAddress(settings.authorizeUrl ?? auth.authorize_url, variables),
    tokenUrl: fillAddress(settings.tokenUrl ?? auth.token_url, variables),
    variables,
    settings,
  };
}

export function redirectUri(gateway: Gateway): string {
  return `${gateway.config.publicUrl}/oauth/callback`;
}

/** RFC 6749, section 4.1.1, with an S256 challenge (RFC 7636, section 4.3). Throws integration_not_connected for an unknown host. */
export function authorizeUrl(
  provider: Provider,
  client: OAuthClient,
  request: { redirectUri: string; state: string; scopes: readonly string[]; verifier: string },
): string {
  const { auth, integration, settings } = provider;
  const url = requireKnownHost(integration, provider.authorizeUrl, settings.authorizeUrl !== undefined);
  for (const [name, value] of Object.entries(auth.authorize_parameters ?? {})) url.searchParams.set(name, value);
  url.searchParams.set('response_type', 'code');
  url.searchParams.set('client_id', client.clientId);
  url.searchParams.set('redirect_uri', request.redirectUri);
  url.searchParams.set('state', request.state);
  if (request.scopes.length > 0) url.searchParams.set(auth.scope_parameter, request.scopes.join(auth.scope_separator));
  if (auth.pkce) {
    url.searchParams.set('code_challenge', createHash('sha256').update(request.verifier, 'ascii').digest('base64url'));
    url.searchParams.set('code_challenge_method', 'S256');
  }
  return url.href;
}

/**
 * RFC 9207, section 2.4: an answer of another issuer than the one asked is refused. Where the recipe names no issuer,
 * the origin that was asked is all there is to compare with.
 */
export function isFromIssuer(provider: Provider, iss: string): boolean {
  const { issuer } = provider.auth;
  if (issuer && provider.settings.authorizeUrl === undefined) return iss === fillAddress(issuer, provider.variables);
  return URL.parse(iss)?.origin === new URL(provider.authorizeUrl).origin;
}

/** RFC 6749, section 4.1.3; RFC 7636, section 4.5. */
export function exchangeCode(
  gateway: Gateway,
  provider: Provider,
  client: OAuthClient,
  request: { userId: string; code: string; redirectUri: string; verifier: string },
): Promise<Grant> {
  return requestToken(gateway, request.userId, provider, client, {
    grant_type: 'authorization_code',
    code: request.code,
    redirect_uri: request.redirectUri,
    ...(provider.auth.pkce ? { code_verifier: request.verifier } : {}),
  });
}

/** RFC 6749, section 6. */
export function refreshGrant(
  gateway: Gateway,
  provider: Provider,
  client: OAuthClient,
  request: { userId: string; refreshToken: string; scopes: readonly string[] | null },
): Promise<Grant> {
  const scope = provider.auth.refresh?.send_scope && request.scopes ? { scope: request.scopes.join(provider.auth.scope_separator) } : {};
  return requestToken(gateway, request.userId, refreshEndpointOf(provider), client, {
    grant_type: 'refresh_token',
    refresh_token: request.refreshToken,
    ...scope,
  });
}

/** An installation that moved the token endpoint to where the refresh endpoint does not go with it has refresh tokens taken there too. */
function refreshEndpointOf(provider: Provider): TokenEndpoint {
  const { auth, settings, variables } = provider;
  const place = auth.refresh?.url === undefined ? undefined : placeBeside(provider, auth.token_url, auth.refresh.url);
  if (!place) return provider;
  const { tokenUrl: _moved, ...others } = settings;
  return {
    ...provider,
    tokenUrl: fillAddress(place.address, variables),
    settings: place.fromInstallation ? { ...others, tokenUrl: place.address } : others,
  };
}

/** Whether a refresh answered with this code can never succeed again. */
export function isFinalError(auth: OAuth2, error: string): boolean {
  return error === 'invalid_grant' || (auth.refresh?.final_errors ?? []).includes(error);
}
