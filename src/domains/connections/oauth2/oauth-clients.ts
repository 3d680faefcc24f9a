/** The OAuth clients that this installation is registered as: from the environment, or set by an operator and kept sealed. */
import type { Gateway } from '../../../core/context.ts';
import { badRequest, SkillettError } from '../../../core/errors.ts';
import { type Principal, requireOperator } from '../../../core/principal.ts';
import { recordAudit } from '../../audit/audit.ts';
import { requireIntegration } from '../../recipes/catalogue.ts';
import { findProvider, type Provider, redirectUri } from './oauth2.ts';
import type { OAuthClient } from './token-endpoint.ts';

interface StoredClient {
  clientId: string;
  clientSecret: string | null;
  /** Asked for with every consent, beside what endpoints need. */
  extraScopes: string[];
}

export interface ConfiguredClient extends OAuthClient {
  extraScopes: readonly string[];
}

const secretName = (slug: string): string => `oauth-client/${slug}`;

/** The environment counts before what an operator stored: for the id with its secret, and for the further scopes. */
export async function findOAuthClient(gateway: Gateway, provider: Provider): Promise<ConfiguredClient | undefined> {
  const text = await gateway.vault.readSecret(secretName(provider.integration.slug));
  const stored = text === undefined ? undefined : (JSON.parse(text) as StoredClient);
  const settings = gateway.config.integrations.get(provider.integration.slug);
  const clientId = settings?.clientId ?? stored?.clientId;
  const clientSecret = (settings?.clientId ? settings.clientSecret : stored?.clientSecret) ?? undefined;
  if (!clientId || (!clientSecret && provider.auth.token_endpoint_auth_method !== 'none')) return undefined;
  return { clientId, clientSecret, extraScopes: settings?.extraScopes ?? stored?.extraScopes ?? [] };
}

/** Settings of this process that go before what an operator stores, by their variables; empty when none does. */
export function listOverrides({ config }: Pick<Gateway, 'config'>, slug: string): string[] {
  const { clientId, clientSecret, extraScopes } = config.integrations.get(slug) ?? {};
  const names = [...(clientId ? ['CLIENT_ID', ...(clientSecret ? ['CLIENT_SECRET'] : [])] : []), ...(extraScopes ? ['EXTRA_SCOPES'] : [])];
  return names.map((name) => `SKILLETT_${slug.toUpperCase()}_${name}`);
}

/** Throws bad_request that says what to register, where, and with which redirect address. */
export async function requireOAuthClient(gateway: Gateway, provider: Provider): Promise<ConfiguredClient> {
  const client = await findOAuthClient(gateway, provider);
  if (client) return client;
  const { integration, auth } = provider;
  const variable = `SKILLETT_${integration.slug.toUpperCase()}_CLIENT`;
  const names = auth.token_endpoint_auth_method === 'none' ? `${variable}_ID` : `${variable}_ID and ${variable}_SECRET`;
  throw new SkillettError(
    'bad_request',
    `This installation has no OAuth client for ${integration.recipe.name} yet. Register one at ${auth.register.url} with the redirect address ${redirectUri(gateway)}. ${auth.register.how} Then set ${names}, or let an operator call \`setOAuthClient\`.`,
    { action: auth.register.url },
  );
}

/** Stores the client of an integration, or forgets it with `null`. The secret is sealed and never shown again. */
export async function setOAuthClient(
  gateway: Gateway,
  principal: Principal,
  slug: string,
  client: { clientId: string; clientSecret?: string | undefined; extraScopes?: readonly string[] | undefined } | null,
  requestId: string,
): Promise<Provider> {
  requireOperator(principal);
  const integration = requireIntegration(gateway.catalogue, slug);
  const provider = findProvider(gateway, integration);
  if (!provider) throw badRequest(`${integration.recipe.name} is not connected by OAuth, so it needs no client.`);
  if (client && !client.clientSecret && provider.auth.token_endpoint_auth_method !== 'none')
    throw badRequest(`${integration.recipe.name} authenticates its clients by a secret: give \`clientSecret\` too.`);
  const stored: StoredClient | null = client && {
    clientId: client.clientId,
    clientSecret: client.clientSecret ?? null,
    extraScopes: [...(client.extraScopes ?? [])],
  };
  await gateway.db.transaction().execute(async (trx) => {
    await gateway.vault.writeSecret(trx, secretName(slug), stored && JSON.stringify(stored));
    await recordAudit(trx, {
      userId: principal.userId,
      actor: principal.holderId,
      action: stored ? 'oauth_client.set' : 'oauth_client.removed',
      target: slug,
      details: stored ? { clientId: stored.clientId, extraScopes: stored.extraScopes } : {},
      requestId,
    });
  });
  return provider;
}
