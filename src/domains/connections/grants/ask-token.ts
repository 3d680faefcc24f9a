/** Asks for access tokens with a credential that lasts, at the address and in the words of the recipe. */
import type { Gateway } from '../../../core/context.ts';
import { SkillettError } from '../../../core/errors.ts';
import { quoted } from '../../../core/text/quoted.ts';
import { fillAddress, fillText, isFilled, variablesOf } from '../../recipes/variables.ts';
import type { GrantCredential, StoredCredential } from '../credential/credential.ts';
import { type Grant, OAuthRefusal, requestToken, type TokenEndpoint } from '../oauth2/token-endpoint.ts';
import { signAssertion } from './assertion.ts';
import { type AskedGrant, exchangeToken, type GrantAuth, isFinalExchange } from './exchange.ts';

const finalErrors = ['invalid_grant', 'invalid_client', 'unauthorized_client'];

/** Whether a credential that is refused with this code will not be taken later either. */
export function isFinalRefusal(auth: GrantAuth, error: string): boolean {
  return finalErrors.includes(error) || isFinalExchange(auth, error) || (auth.final_errors ?? []).includes(error);
}

/** Throws OAuthRefusal, upstream_unreachable, upstream_unexpected, integration_not_connected for an unknown host. */
export async function askByGrant(
  gateway: Gateway,
  userId: string,
  asked: AskedGrant,
  credential: GrantCredential | StoredCredential,
): Promise<Grant> {
  const { auth } = asked;
  if (auth.type === 'client_credentials' && credential.type === 'client_credentials') {
    // RFC 6749, section 4.4.
    const client = { clientId: credential.clientId, clientSecret: credential.clientSecret };
    const parameters = { grant_type: auth.grant_type, ...parametersOf(asked) };
    return exchanged(
      gateway,
      userId,
      asked,
      await requestToken(gateway, userId, tokenEndpointOf(gateway, asked, auth.token_url), client, parameters),
    );
  }
  if (auth.type !== 'jwt_bearer' || credential.type !== 'jwt_bearer')
    throw new Error(`A credential of the form ${credential.type} is none for ${auth.type}.`);
  const variables = variablesOf(asked.integration.recipe, asked.variables);
  const sign = (audience: string | undefined) =>
    signAssertion(asked.integration, auth, { privateKey: credential.privateKey, variables, audience, nowMs: gateway.clock.nowMs() });
  if (auth.token_url === undefined) return exchangeToken(gateway, userId, asked, await sign(undefined));
  const endpoint = tokenEndpointOf(gateway, asked, auth.token_url);
  // RFC 7523, section 2.1: whose assertion it is stands in it, so no client is named beside.
  const parameters = { grant_type: jwtBearerGrant, assertion: await sign(endpoint.tokenUrl), ...parametersOf(asked) };
  return exchanged(gateway, userId, asked, await requestToken(gateway, userId, endpoint, undefined, parameters));
}

const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

async function exchanged(gateway: Gateway, userId: string, asked: AskedGrant, grant: Grant): Promise<Grant> {
  if (!asked.auth.exchange) return grant;
  const last = await exchangeToken(gateway, userId, asked, grant.accessToken);
  return { ...last, account: grant.account, found: { ...grant.found, ...last.found } };
}

function parametersOf({ integration: { recipe }, auth, variables: kept }: AskedGrant): Record<string, string> {
  const variables = variablesOf(recipe, kept);
  const filled = Object.entries(auth.parameters ?? {}).filter(([, value]) => isFilled(recipe, value, variables));
  return Object.fromEntries(filled.map(([name, value]) => [name, fillText(value, variables)]));
}

function tokenEndpointOf(gateway: Gateway, { integration, auth, variables }: AskedGrant, url: string): TokenEndpoint {
  const settings = gateway.config.integrations.get(integration.slug) ?? {};
  return {
    integration,
    auth: { token_endpoint_auth_method: 'none', ...auth, scope_separator: ' ' },
    tokenUrl: fillAddress(settings.tokenUrl ?? url, variablesOf(integration.recipe, variables)),
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
