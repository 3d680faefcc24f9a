/**
 * Renewing access tokens, by a refresh token (RFC 6749, section 6) or by asking again with what the person gave: one token request
 * whatever the number of callers and processes.
 *
 * A conditional UPDATE gives one process a lease on one version of the credential. No transaction and no pooled database
 * connection spans the token request. Its answer is stored before it is used, and only while the lease is still ours.
 * Callers of one process share one promise; other processes read the row again until it has moved on.
 *
 * A lease that lapses means its process died between asking and storing. Where a refresh token works once, it may be
 * used up, and providers take its second use for theft and end the whole grant: so it is never sent again, and the
 * connection is marked for a reconnect.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from '../../../core/context.ts';
import type { Vault } from '../../../core/crypto.ts';
import { databaseUnavailable, isDatabaseAway } from '../../../core/database/database.ts';
import { SkillettError, unavailable } from '../../../core/errors.ts';
import { OutboundError } from '../../../core/outbound/outbound.ts';
import { quoted } from '../../../core/text/quoted.ts';
import { recordAudit } from '../../audit/audit.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { Variables } from '../../recipes/variables.ts';
import { findProvider } from '../oauth2/oauth2.ts';
import { type Grant, OAuthRefusal, tokenTimeoutMs } from '../oauth2/token-endpoint.ts';
import { connectionGone, reconnectNeeded, requireUsable } from '../usable.ts';
import { renewVariables } from '../variables/derived-variables.ts';
import { type IssuedToken, isRenewable, type StoredCredential } from './credential.ts';
import { markReconnectNeeded, type RefreshState, readRefreshState, releaseLease, storeRefreshed, takeLease } from './refresh-store.ts';
import { findRenewal, type Renewal } from './renewal.ts';
import { revokeAtProvider } from './revocation.ts';

/** Longer than a token request can take, so that a live holder never loses its lease. */
const leaseSeconds = tokenTimeoutMs / 1000 + 10;
const pollMs = 150;

/** Refreshes of this process, by connection and version. */
interface Running {
  refreshes: Map<string, Promise<RefreshState>>;
  stopping: boolean;
}

/** By vault, which the gateway of the doors and that of background jobs share. */
const running = new WeakMap<Vault, Running>();

function runningOf({ vault }: Gateway): Running {
  const known = running.get(vault) ?? { refreshes: new Map(), stopping: false };
  running.set(vault, known);
  return known;
}

/** A connection whose access token of this version is to be renewed. */
type Renewable = Pick<RefreshState, 'authType' | 'credentialVersion' | 'id'>;

/**
 * The connection with a newer credential than this one, whoever fetched it. Throws token_expired when only a new
 * consent helps, connection_frozen, upstream_unreachable when the provider is away, integration_not_connected when the
 * connection is gone, unavailable when this process stops.
 */
export function refreshConnection(gateway: Gateway, integration: CatalogueIntegration, connection: Renewable): Promise<RefreshState> {
  const { refreshes, stopping } = runningOf(gateway);
  const name = `${connection.id}/${connection.credentialVersion}`;
  let refresh = refreshes.get(name);
  if (!refresh) {
    if (stopping) return Promise.reject(unavailable('This process is stopping. Send the call again.', 1));
    refresh = refreshOnce(gateway, integration, connection).finally(() => refreshes.delete(name));
    refreshes.set(name, refresh);
  }
  return refresh;
}

/**
 * Waits for the refreshes this process has begun, and begins no other. A process that stops without it may lose what a
 * provider has answered, and with it the connection.
 */
export async function finishRefreshes(gateway: Gateway): Promise<void> {
  const here = runningOf(gateway);
  here.stopping = true;
  await Promise.allSettled(here.refreshes.values());
}

async function refreshOnce(
  gateway: Gateway,
  integration: CatalogueIntegration,
  { id, authType, credentialVersion: version }: Renewable,
): Promise<RefreshState> {
  const { db, clock } = gateway;
  const renewal = await findRenewal(gateway, integration, authType);
  if (!renewal) throw reconnectNeeded(integration);
  const holder = randomUUID();
  const deadline = performance.now() + (leaseSeconds + 5) * 1000;
  while (performance.now() < deadline) {
    const taken = await takeLease(db, clock, { id, version, holder, seconds: leaseSeconds });
    if (taken) return refreshUnderLease(gateway, integration, renewal, taken, holder);
    const state = await readRefreshState(db, clock, id);
    if (!state) throw connectionGone(integration);
    requireUsable(integration, state);
    if (state.credentialVersion > version) return state;
    if (state.lease === 'lapsed') await endLapsedLease(gateway, renewal, state);
    else if (state.lease === 'held') await sleep(pollMs);
  }
  throw new SkillettError('upstream_unreachable', `Another process is still renewing the ${integration.slug} token. Try again shortly.`);
}

async function endLapsedLease(gateway: Gateway, renewal: Renewal, state: RefreshState): Promise<void> {
  const holder = state.refreshHolder as string;
  if (renewal.isRepeatable) await releaseLease(gateway.db, state.id, holder);
  else await endConnection(gateway, state, holder, 'refresh_interrupted');
}

async function refreshUnderLease(
  gateway: Gateway,
  integration: CatalogueIntegration,
  renewal: Renewal,
  state: RefreshState,
  holder: string,
): Promise<RefreshState> {
  let used: StoredCredential;
  try {
    used = JSON.parse(await gateway.vault.open(state.credential, state.id)) as StoredCredential;
  } catch (error) {
    // Nothing was sent, so the lease must not lapse as if something had been.
    await releaseLease(gateway.db, state.id, holder);
    throw error;
  }
  if (!isRenewable(used) || used.type !== state.authType) {
    await endConnection(gateway, state, holder, 'expired');
    throw reconnectNeeded(integration);
  }
  let grant: Grant;
  try {
    grant = await renewal.ask(state, used);
  } catch (error) {
    if (error instanceof OAuthRefusal && renewal.isFinal(error.error)) {
      await endConnection(gateway, state, holder, error.error);
      throw reconnectNeeded(integration, error);
    }
    await untilDatabaseIsBack(() => releaseLease(gateway.db, state.id, holder));
    throw toSkillettError(integration.slug, error);
  }
  const fresh: IssuedCredential = {
    ...used,
    accessToken: grant.accessToken,
    // RFC 6749, section 6: without a new refresh token the old one stays in force; the same goes for a lifetime.
    ...('refreshToken' in used && { refreshToken: grant.refreshToken ?? used.refreshToken }),
    expiresInSeconds: grant.expiresInSeconds ?? used.expiresInSeconds,
  };
  const providerScopes = grant.scopes === undefined ? state.providerScopes : grant.scopes;
  const variables = renewVariables(gateway, integration, state, grant.found);
  return storeFresh(gateway, integration, state, holder, { fresh, providerScopes, variables });
}

type IssuedCredential = StoredCredential & IssuedToken;

/** What a token answer renewed. */
interface Renewed {
  fresh: IssuedCredential;
  providerScopes: string[] | null;
  variables: Variables;
}

async function storeFresh(
  gateway: Gateway,
  integration: CatalogueIntegration,
  state: RefreshState,
  holder: string,
  { fresh, providerScopes, variables }: Renewed,
): Promise<RefreshState> {
  const { db, clock, vault } = gateway;
  const row = {
    id: state.id,
    holder,
    version: state.credentialVersion,
    credential: vault.seal(JSON.stringify(fresh), state.id),
    providerScopes,
    variables,
    expiresInSeconds: fresh.expiresInSeconds,
  };
  await untilDatabaseIsBack(() => storeRefreshed(db, clock, row));
  const stored = await readRefreshState(db, clock, state.id);
  if (!stored) {
    // Disconnected meanwhile: nobody holds the new token, so nobody but us can end it.
    await revokeAtProvider(gateway, state.userId, findProvider(gateway, integration, state.variables), fresh);
    throw connectionGone(integration);
  }
  requireUsable(integration, stored);
  if (stored.credentialVersion === state.credentialVersion)
    throw new SkillettError('upstream_unreachable', `Another process is still renewing the ${state.integration} token. Try again shortly.`);
  return stored;
}

/** What the provider said stands in memory alone, or the lease would lapse: a database that is away for a moment must not cost the connection. */
async function untilDatabaseIsBack<T>(write: () => Promise<T>): Promise<T> {
  for (const waitMs of [100, 400, 1500, 4000]) {
    try {
      return await write();
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      await sleep(waitMs);
    }
  }
  try {
    return await write();
  } catch (error) {
    throw isDatabaseAway(error) ? databaseUnavailable(error) : error;
  }
}

/** Marks that only a new consent helps. `holder`: whose lease this is decided under; null while nobody refreshes. */
export async function endConnection(gateway: Gateway, state: RefreshState, holder: string | null, reason: string): Promise<void> {
  await gateway.db.transaction().execute(async (trx) => {
    const marked = await markReconnectNeeded(trx, gateway.clock, { id: state.id, version: state.credentialVersion, holder, reason });
    if (!marked) return;
    await recordAudit(trx, {
      userId: state.userId,
      actor: 'system',
      action: 'connection.reconnect_needed',
      target: state.id,
      details: { integration: state.integration, account: state.account, reason },
      requestId: null,
    });
  });
}

/** A refusal that a new consent would not mend, such as `invalid_client`: the connection stays. */
function toSkillettError(slug: string, error: unknown): unknown {
  if (!(error instanceof OAuthRefusal)) {
    // In its own words it speaks of the request that was sent, which the client would take for the call.
    if (!(error instanceof OutboundError) || (error.kind !== 'timeout' && error.kind !== 'network')) return error;
    const what = error.kind === 'timeout' ? 'did not answer in time' : 'cannot be reached';
    return new SkillettError('upstream_unreachable', `The sign-in service of ${slug} ${what}. The call was not made; try it again later.`, {
      cause: error,
    });
  }
  return new SkillettError(
    'upstream_unexpected',
    `The sign-in service of ${slug} refused to renew the token with ${quoted(error.error)}. The connection is kept; check the OAuth client's settings.`,
    { cause: error },
  );
}
