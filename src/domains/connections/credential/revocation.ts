/** Ends a credential at its provider, where the recipe knows how. */
import type { Gateway } from '../../../core/context.ts';
import { requireKnownHost } from '../../recipes/known-host.ts';
import { authorityOf, fillAddress } from '../../recipes/variables.ts';
import { findOAuthClient } from '../oauth2/oauth-clients.ts';
import type { Provider } from '../oauth2/oauth2.ts';
import { basicAuthentication, encodeClientRequest, type OAuthClient, readAnswer, textAt } from '../oauth2/token-endpoint.ts';
import type { StoredCredential } from './credential.ts';

/** `false`: the provider could not be reached or did not confirm. `unsupported`: there is no way to ask it. */
export type Revoked = 'true' | 'false' | 'unsupported';

const revokeTimeoutMs = 10_000;

export async function revokeAtProvider(
  gateway: Gateway,
  userId: string,
  provider: Provider | undefined,
  credential: StoredCredential | undefined,
): Promise<Revoked> {
  if (!provider || credential?.type !== 'oauth2') return 'unsupported';
  const place = revocationPlace(provider);
  const client = place && (await findOAuthClient(gateway, provider));
  if (!place || !client) return 'unsupported';
  const wanted = provider.auth.revocation?.token === 'refresh_token' ? credential.refreshToken : credential.accessToken;
  try {
    const filled = fillAddress(place.address.replace('{client_id}', encodeURIComponent(client.clientId)), provider.variables);
    const url = requireKnownHost(provider.integration, filled, place.fromInstallation);
    const answer = await gateway.outbound.send({
      ...revocationRequest(provider, client, url, wanted ?? credential.accessToken),
      timeoutMs: revokeTimeoutMs,
      integration: provider.integration.slug,
      turnOf: userId,
    });
    const body = await readAnswer(answer);
    const refused = textAt(body, provider.auth.token_answer?.error ?? 'error') !== undefined;
    return answer.status < 300 && !refused ? 'true' : 'false';
  } catch (error) {
    gateway.log.warn({ err: error, integration: provider.integration.slug }, 'a token could not be revoked at its provider');
    return 'false';
  }
}

/**
 * Where to ask. An installation that moved the API or the token endpoint elsewhere moves a revocation endpoint of the
 * same place with it; one that would then belong to neither is not used, since the token is none of that origin's.
 */
function revocationPlace({ auth, integration, settings }: Provider): { address: string; fromInstallation: boolean } | undefined {
  const { url } = auth.revocation ?? {};
  if (url === undefined) return undefined;
  const { base_url: base } = integration.recipe;
  if (url.startsWith(`${base}/`))
    return { address: integration.baseUrl + url.slice(base.length), fromInstallation: integration.baseUrlOverridden };
  const { tokenUrl } = settings;
  if (tokenUrl === undefined) return { address: url, fromInstallation: false };
  if (authorityOf(url) !== authorityOf(auth.token_url)) return undefined;
  return { address: authorityOf(tokenUrl) + url.slice(authorityOf(url).length).split(/[?#]/, 1)[0], fromInstallation: true };
}

function revocationRequest(provider: Provider, client: OAuthClient, url: URL, token: string) {
  const { auth } = provider;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'skillett' };
  switch (auth.revocation?.style) {
    case 'query':
      url.searchParams.set('token', token);
      return { method: 'POST', url, headers: { ...headers, ...form } };
    case 'bearer':
      return { method: 'POST', url, headers: { ...headers, ...form, authorization: auth.bearer_prefix + token } };
    case 'github':
      return {
        method: 'DELETE',
        url,
        headers: { ...headers, 'content-type': 'application/json', authorization: basicAuthentication(client) },
        body: JSON.stringify({ access_token: token }),
      };
    default: {
      // RFC 7009, section 2.1: the hint is the client's to give or not.
      const { token: kind = 'access_token', send_hint: sendsHint = true } = auth.revocation ?? {};
      const hint: Record<string, string> = sendsHint ? { token_type_hint: kind } : {};
      return { method: 'POST', url, ...encodeClientRequest(auth, client, { token, ...hint }) };
    }
  }
}
