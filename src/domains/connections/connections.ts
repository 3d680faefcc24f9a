/** Connections: one account of one integration, with the credential that calls use. */
import DataLoader from 'dataloader';
import type { Context, Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { maySee } from '../../core/principal.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../recipes/catalogue.ts';
import type { Auth } from '../recipes/format.ts';
import { type InjectedCredential, injectCredential, type StoredCredential } from './credential.ts';
import { missingScopes } from './provider-scopes.ts';
import { listAccountsOf } from './store.ts';

/** What admission read of the connection. */
export interface AdmittedConnection {
  id: string;
  account: string;
  authType: string;
  /** Sealed. */
  credential: string;
  credentialVersion: number;
  providerScopes: string[] | null;
  accessExpiresAt: Date | null;
  status: 'connected' | 'reconnect_needed';
  statusReason: string | null;
  frozenAt: Date | null;
}

/** The way to authenticate that a connection was made with. Throws token_expired when the recipe does not name it any more. */
export function requireAuth(integration: CatalogueIntegration, authType: string): Auth {
  const auth = integration.recipe.auth.find((candidate) => candidate.type === authType);
  if (!auth) throw reconnectNeeded(integration);
  return auth;
}

/**
 * Opens the credential, refreshing ahead of expiry when it must.
 * Throws token_expired, connection_frozen, upstream_unreachable.
 */
export async function credentialFor(
  gateway: Gateway,
  integration: CatalogueIntegration,
  connection: AdmittedConnection,
): Promise<InjectedCredential> {
  requireUsable(integration, connection);
  const auth = requireAuth(integration, connection.authType);
  const credential = JSON.parse(await gateway.vault.open(connection.credential, connection.id)) as StoredCredential;
  return injectCredential(auth, credential, connection.credentialVersion);
}

/**
 * After an upstream 401: refreshes once, or takes what another process stored, and returns the newer credential;
 * undefined when there is nothing newer to try. Throws token_expired, connection_frozen, upstream_unreachable.
 */
export async function renewCredential(
  _gateway: Gateway,
  _integration: CatalogueIntegration,
  _connection: AdmittedConnection,
  _used: InjectedCredential,
): Promise<InjectedCredential | undefined> {
  return undefined;
}

/** Throws consent_required when a provider scope that the endpoint needs was not granted, with the link that adds it. */
export function requireProviderScopes(gateway: Gateway, endpoint: CatalogueEndpoint, connection: AdmittedConnection): void {
  if (connection.providerScopes === null) return;
  const integration = gateway.catalogue.find(endpoint.integration);
  const oauth2 = integration?.recipe.auth.find((auth) => auth.type === 'oauth2');
  if (!integration || !oauth2) return;
  const missing = missingScopes(oauth2, endpoint.providerScopes, connection.providerScopes);
  if (missing.length === 0) return;
  const names = missing.map((scope) => `\`${scope}\``).join(', ');
  throw new SkillettError(
    'consent_required',
    `${integration.recipe.name} did not grant ${names} to the account ${connection.account}, which \`${endpoint.name}\` needs. Open the link to add it, or start a connection with "scopes": ${JSON.stringify(missing)}.`,
    { action: `/dashboard/integrations/${integration.slug}?scopes=${encodeURIComponent(missing.join(' '))}` },
  );
}

function requireUsable(integration: CatalogueIntegration, connection: AdmittedConnection): void {
  if (connection.frozenAt) {
    throw new SkillettError(
      'connection_frozen',
      `An operator froze the ${integration.slug} account ${connection.account} at ${connection.frozenAt.toISOString()}. Nothing is sent with it until an operator thaws it.`,
    );
  }
  if (connection.status !== 'connected') throw reconnectNeeded(integration);
}

export function reconnectNeeded(integration: CatalogueIntegration, cause?: unknown): SkillettError {
  return new SkillettError('token_expired', 'Token expired and refresh failed. Please reconnect.', {
    action: `/dashboard/integrations/${integration.slug}`,
    cause,
  });
}

export interface ConnectedAccount {
  account: string;
  id: string;
  status: 'connected' | 'reconnect_needed';
  isDefault: boolean;
}

/** The user's accounts by integration, one query a request. A key sees those of integrations within its scopes. */
export function loadAccounts(context: Context): DataLoader<string, ConnectedAccount[]> {
  return context.once(
    'accounts',
    () =>
      new DataLoader(async (slugs: readonly string[]) => {
        const principal = await context.principal();
        const visible = slugs.filter((slug) => maySee(principal.scopes, slug));
        const rows = visible.length === 0 ? [] : await listAccountsOf(context.gateway.db, principal.userId, visible);
        return slugs.map((slug) => rows.filter((row) => row.integration === slug));
      }),
  );
}
