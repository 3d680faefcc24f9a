/** How a connection gets a newer access token: by its refresh token, or by asking again with what the person gave. */
import type { Gateway } from '../../../core/context.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import { askByGrant, isFinalRefusal } from '../grants/ask-token.ts';
import { requireOAuthClient } from '../oauth2/oauth-clients.ts';
import { findProvider, isFinalError, refreshGrant } from '../oauth2/oauth2.ts';
import type { Grant } from '../oauth2/token-endpoint.ts';
import type { IssuedToken, StoredCredential } from './credential.ts';
import type { RefreshState } from './refresh-store.ts';

export interface Renewal {
  /** Whether it may be asked for again where nobody knows what became of the first time. */
  isRepeatable: boolean;
  /** Throws OAuthRefusal, and what failures of the provider are. */
  ask(state: RefreshState, used: StoredCredential & IssuedToken): Promise<Grant>;
  /** Whether a renewal refused with this code can never succeed again. */
  isFinal(error: string): boolean;
}

/** Undefined where the recipe does not name this way to connect any more. Throws bad_request where an OAuth client is needed and not set. */
export async function findRenewal(gateway: Gateway, integration: CatalogueIntegration, authType: string): Promise<Renewal | undefined> {
  const auth = integration.recipe.auth.find(({ type }) => type === authType);
  if (auth?.type === 'client_credentials' || auth?.type === 'jwt_bearer')
    return {
      isRepeatable: true,
      ask: ({ userId, variables }, used) => askByGrant(gateway, userId, { integration, auth, variables }, used),
      isFinal: (error) => isFinalRefusal(auth, error),
    };
  const provider = auth?.type === 'oauth2' ? findProvider(gateway, integration) : undefined;
  if (!provider) return undefined;
  const client = await requireOAuthClient(gateway, provider);
  return {
    isRepeatable: provider.auth.refresh?.reusable ?? false,
    ask: (state, used) =>
      refreshGrant(gateway, findProvider(gateway, integration, state.variables) ?? provider, client, {
        userId: state.userId,
        refreshToken: (used as StoredCredential & { type: 'oauth2' }).refreshToken as string,
        scopes: state.providerScopes,
      }),
    isFinal: (error) => isFinalError(provider.auth, error),
  };
}
