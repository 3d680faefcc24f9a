/** Asks for access tokens with a credential that lasts, at the address and in the words of the recipe. */
import type { Gateway } from '../../../core/context.ts';
import { SkillettError } from '../../../core/errors.ts';
import { quoted } from '../../../core/text/quoted.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { ClientCredentials } from '../../recipes/format/grants.ts';
import { fillAddress, fillText, isFilled, type Variables, variablesOf } from '../../recipes/variables.ts';
import type { GrantCredential, StoredCredential } from '../credential/credential.ts';
import { type Grant, OAuthRefusal, requestToken, type TokenEndpoint } from '../oauth2/token-endpoint.ts';

export interface AskedGrant {
  integration: CatalogueIntegration;
  auth: ClientCredentials;
  /** What is known of the account. */
  variables: Variables;
}

const finalErrors = ['invalid_grant', 'invalid_client', 'unauthorized_client'];

/** Whether a credential that is refused with this code will not be taken later either. */
export function isFinalRefusal(auth: ClientCredentials, error: string): boolean {
  return finalErrors.includes(error) || (auth.final_errors ?? []).includes(error);
}

/** RFC 6749, section 4.4. Throws OAuthRefusal, upstream_unreachable, upstream_unexpected, integration_not_connected for an unknown host. */
export async function askByGrant(
  gateway: Gateway,
  userId: string,
  asked: AskedGrant,
  credential: GrantCredential | StoredCredential,
): Promise<Grant> {
  const { auth } = asked;
  if (credential.type !== auth.type) throw new Error(`A credential of the form ${credential.type} is none for ${auth.type}.`);
  const client = { clientId: credential.clientId, clientSecret: credential.clientSecret };
  const parameters = { grant_type: auth.grant_type, ...parametersOf(asked) };
  return requestToken(gateway, userId, tokenEndpointOf(gateway, asked), client, parameters);
}

function parametersOf({ integration: { recipe }, auth, variables: kept }: AskedGrant): Record<string, string> {
  const variables = variablesOf(recipe, kept);
  const filled = Object.entries(auth.parameters ?? {}).filter(([, value]) => isFilled(recipe, value, variables));
  return Object.fromEntries(filled.map(([name, value]) => [name, fillText(value, variables)]));
}

function tokenEndpointOf(gateway: Gateway, { integration, auth, variables }: AskedGrant): TokenEndpoint {
  const settings = gateway.config.integrations.get(integration.slug) ?? {};
  return {
    integration,
    auth: { ...auth, scope_separator: ' ' },
    tokenUrl: fillAddress(settings.tokenUrl ?? auth.token_url, variablesOf(integration.recipe, variables)),
    settings,
    tokenTypes: ['bearer', auth.bearer_prefix.trim().toLowerCase()],
  };
}

/** The first token, which proves the credential. Throws credential_rejected where it is refused. */
export async function obtainToken(gateway: Gateway, userId: string, asked: AskedGrant, given: GrantCredential): Promise<Grant> {
  try {
    return await askByGrant(gateway, userId, asked, given);
  } catch (error) {
    if (!(error instanceof OAuthRefusal)) throw error;
    const { recipe } = asked.integration;
    throw new SkillettError(
      'credential_rejected',
      `${recipe.name} gives no token for the credential: it answered ${quoted(error.error)}. ${asked.auth.how}`,
      { action: asked.auth.create_url ?? recipe.documentation_url, cause: error },
    );
  }
}

/** A text of the recipe that names the account. */
export function nameAccount({ integration: { recipe }, auth, variables }: AskedGrant, given: GrantCredential) {
  if (auth.account === undefined) return undefined;
  const name = fillText(auth.account, { ...variablesOf(recipe, variables), client_id: given.clientId });
  return { id: name, label: name };
}
