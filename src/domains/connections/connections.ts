/** Connections: one account of one integration, with the credential that calls use. */
import DataLoader from 'dataloader';
import type { Context, Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { maySee } from '../../core/principal.ts';
import { quoted } from '../../core/text/quoted.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../recipes/catalogue.ts';
import { type Variables, variablesOf } from '../recipes/variables.ts';
import { type InjectedCredential, injectCredential, isRenewable, type StoredCredential } from './credential/credential.ts';
import { endConnection, refreshConnection } from './credential/refresh.ts';
import { type RefreshState, readRefreshState } from './credential/refresh-store.ts';
import { missingScopes } from './oauth2/provider-scopes.ts';
import { listAccountsOf } from './store.ts';
import { reconnectNeeded, requireUsable } from './usable.ts';

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
  variables: Variables;
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
  const credential = await openCredential(gateway, connection);
  const leftMs =
    connection.accessExpiresAt === null ? Number.POSITIVE_INFINITY : connection.accessExpiresAt.getTime() - gateway.clock.nowMs();
  if (!('accessToken' in credential) || leftMs > refreshAheadMs(credential)) return inject(integration, connection, credential);
  if (!isRenewable(credential) && leftMs > 0) return inject(integration, connection, credential);
  try {
    return await injectFresh(gateway, integration, await refreshConnection(gateway, integration, connection));
  } catch (error) {
    // The token still works for a little while, so a provider that is away for a moment, or a client that is not set, fails no call.
    const ended = !(error instanceof SkillettError) || endings.includes(error.code);
    if (!ended && leftMs > 0) return inject(integration, connection, credential);
    throw error;
  }
}

/** After these the connection cannot be used, whatever its token could still do. */
const endings = ['token_expired', 'connection_frozen', 'integration_not_connected'];

/** A minute, or half the lifetime of tokens that live shorter than two. */
function refreshAheadMs(credential: { expiresInSeconds: number | null }): number {
  return Math.min(60_000, (credential.expiresInSeconds ?? Number.POSITIVE_INFINITY) * 500);
}

/**
 * After an upstream 401: refreshes once, or takes what another process stored, and returns the newer credential;
 * undefined when there is nothing newer to try. Throws token_expired, connection_frozen, upstream_unreachable.
 */
export async function renewCredential(
  gateway: Gateway,
  integration: CatalogueIntegration,
  connection: AdmittedConnection,
  used: InjectedCredential,
): Promise<InjectedCredential | undefined> {
  const now = await readRefreshState(gateway.db, gateway.clock, connection.id);
  if (!now) return undefined;
  requireUsable(integration, now);
  if (now.credentialVersion > used.version) return injectFresh(gateway, integration, now);
  const credential = await openCredential(gateway, now);
  if (!isRenewable(credential)) return undefined;
  // A service that answers 401 to a brand-new token means the call, not the token: asking for ever newer ones would not end.
  if (now.refreshedAt && gateway.clock.nowMs() - now.refreshedAt.getTime() < freshMs) return undefined;
  return injectFresh(gateway, integration, await refreshConnection(gateway, integration, now));
}

const freshMs = 10_000;

/**
 * The service said itself, with the code `reason`, that it takes this credential no more, and there is no newer one: marks the
 * connection unless it has moved on meanwhile. Returns what the caller is told, token_expired.
 */
export async function endRefused(
  gateway: Gateway,
  integration: CatalogueIntegration,
  connection: AdmittedConnection,
  used: InjectedCredential,
  reason: string,
): Promise<SkillettError> {
  const now = await readRefreshState(gateway.db, gateway.clock, connection.id);
  if (now) await endConnection(gateway, { ...now, credentialVersion: used.version }, null, reason);
  return reconnectNeeded(integration);
}

/** Calls that were admitted together share what was read of their connection, and open it once; it lives as long as they do. */
const opened = new WeakMap<object, Promise<StoredCredential>>();

function openCredential(gateway: Gateway, connection: { id: string; credential: string }): Promise<StoredCredential> {
  let opening = opened.get(connection);
  if (!opening) {
    opening = gateway.vault.open(connection.credential, connection.id).then((json) => JSON.parse(json) as StoredCredential);
    opened.set(connection, opening);
  }
  return opening;
}

async function injectFresh(gateway: Gateway, integration: CatalogueIntegration, state: RefreshState): Promise<InjectedCredential> {
  return inject(integration, state, await openCredential(gateway, state));
}

function inject(
  integration: CatalogueIntegration,
  connection: { authType: string; credentialVersion: number; variables: Variables },
  credential: StoredCredential,
): InjectedCredential {
  const auth = integration.recipe.auth.find((candidate) => candidate.type === connection.authType);
  // The recipe does not name this way to connect any more.
  if (!auth) throw reconnectNeeded(integration);
  return injectCredential(auth, credential, {
    version: connection.credentialVersion,
    variables: variablesOf(integration.recipe, connection.variables),
  });
}

/** Throws consent_required when a provider scope that the endpoint needs was not granted, with the link that adds it. */
export function requireProviderScopes(gateway: Gateway, endpoint: CatalogueEndpoint, connection: AdmittedConnection): void {
  const integration = gateway.catalogue.find(endpoint.integration);
  const missing = integration ? missingScopesOf(integration, endpoint, connection) : [];
  if (!integration || missing.length === 0) return;
  const names = missing.map((scope) => `\`${scope}\``).join(', ');
  throw new SkillettError(
    'consent_required',
    `${integration.recipe.name} did not grant ${names} to the account ${quoted(connection.account)}, which \`${endpoint.name}\` needs. Open the link to add it, or start a connection with "account": ${JSON.stringify(connection.account)} and "scopes": ${JSON.stringify(missing)}.`,
    {
      action: `/dashboard/integrations/${integration.slug}?scopes=${encodeURIComponent(missing.join(' '))}&account=${encodeURIComponent(connection.account)}`,
    },
  );
}

/** The provider scopes that the endpoint needs and the account has not granted; none where nobody knows what it granted. */
export function missingScopesOf(
  { recipe }: CatalogueIntegration,
  { providerScopes: needs }: CatalogueEndpoint,
  { providerScopes: granted }: Pick<AdmittedConnection, 'providerScopes'>,
): string[] {
  const oauth2 = recipe.auth.find((auth) => auth.type === 'oauth2');
  return granted === null || !oauth2 ? [] : missingScopes(oauth2, needs, granted);
}

export interface ConnectedAccount {
  account: string;
  id: string;
  status: 'connected' | 'reconnect_needed';
  isDefault: boolean;
  /** What the service granted; null when it did not say or knows no scopes. */
  providerScopes: string[] | null;
  frozenAt: Date | null;
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
