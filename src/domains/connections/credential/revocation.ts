/** Ends a credential at its provider, where the recipe knows how. */
import type { Gateway } from '../../../core/context.ts';
import { outboundTarget } from '../../recipes/catalogue.ts';
import { requireKnownHost } from '../../recipes/known-host.ts';
import { fillAddress } from '../../recipes/variables.ts';
import { findOAuthClient } from '../oauth2/oauth-clients.ts';
import type { Provider } from '../oauth2/oauth2.ts';
import { placeBeside } from '../oauth2/place-beside.ts';
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
  const { url: recipeUrl } = provider.auth.revocation ?? {};
  const place = recipeUrl === undefined ? undefined : placeBeside(provider, provider.auth.token_url, recipeUrl);
  const client = place && (await findOAuthClient(gateway, provider));
  if (!place || !client) return 'unsupported';
  const wanted = provider.auth.revocation?.token === 'refresh_token' ? credential.refreshToken : credential.accessToken;
  try {
    const filled = fillAddress(place.address.replace('{client_id}', encodeURIComponent(client.clientId)), provider.variables);
    const url = requireKnownHost(provider.integration, filled, place.fromInstallation);
    const answer = await gateway.outbound.send({
      ...revocationRequest(provider, client, url, wanted ?? credential.accessToken),
      timeoutMs: revokeTimeoutMs,
      ...outboundTarget(provider.integration),
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
