/** The first step of every connection: a credential that is proven at once, or a link where a person consents. */
import { randomBytes } from 'node:crypto';
import type { Gateway } from '../../core/context.ts';
import { sha256 } from '../../core/crypto.ts';
import { badRequest, notFound, SkillettError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { coversScope, maySee, type Principal } from '../../core/principal.ts';
import { recordAudit } from '../audit/audit.ts';
import type { CatalogueIntegration } from '../recipes/catalogue.ts';
import { keepConnection, requireRoomForConnection } from './accounts.ts';
import { insertConsent } from './consent-store.ts';
import { sealContext } from './consents.ts';
import { formNeeded, parseCredential } from './credential-forms.ts';
import { requireOAuthClient } from './oauth-clients.ts';
import { authorizeUrl, findProvider, type Provider, redirectUri } from './oauth2.ts';
import { scopesToRequest } from './provider-scopes.ts';
import { listSiblings } from './store.ts';
import { verifyCredential } from './verify.ts';

const consentSeconds = 600;

export interface NewConnection {
  integration: string;
  /** What to call the account; default: the provider's name for it. */
  account: string | undefined;
  /** Scopes at the provider; default: what the endpoints that the principal may call need. */
  scopes: readonly string[] | undefined;
  /** `{token}`, `{api_key}` or `{username, password}` with what the recipe names; undefined asks for a consent. */
  credentials: unknown;
}

export interface StartedConnection {
  id: string;
  status: 'pending' | 'connected';
  oauthUrl: string | undefined;
}

/**
 * Throws not_found, scope_not_allowed, forbidden (credentials from a narrower key), bad_request (wrong form, no client settings), credential_rejected,
 * plan_limit_reached, conflict, upstream_unreachable; 401 when the key or the user ended while the service was asked.
 */
export async function startConnection(
  gateway: Gateway,
  principal: Principal,
  request: NewConnection,
  requestId: string,
): Promise<StartedConnection> {
  const integration = gateway.catalogue.find(request.integration);
  if (!integration) throw notFound('Integration');
  if (!maySee(principal.scopes, integration.slug))
    throw new SkillettError('scope_not_allowed', `API key does not have access to the ${integration.slug} integration.`);
  if (integration.recipe.auth.every((auth) => auth.type === 'none'))
    throw badRequest(`${integration.recipe.name} needs no connection: call its endpoints as they are.`);
  if (request.credentials !== undefined && request.credentials !== null) {
    if (!coversScope(principal.scopes, integration.slug)) throw mayOnlyAsk(integration);
    return connectByCredential(gateway, principal, integration, request, requestId);
  }
  const provider = findProvider(gateway, integration);
  if (!provider) throw formNeeded(integration);
  const { id, oauthUrl } = await startConsent(gateway, principal, provider, request, requestId);
  return { id, status: 'pending', oauthUrl };
}

/** A key for reads or single endpoints cannot decide whose account the user's other keys use. */
function mayOnlyAsk({ slug, recipe }: CatalogueIntegration): SkillettError {
  return new SkillettError(
    'forbidden',
    `Giving a credential of ${recipe.name} needs a key with the scope \`${slug}\` or \`*\`. This key may only ask: leave \`credentials\` out, and give the link that comes back to the person, who connects the account there.`,
  );
}

async function connectByCredential(
  gateway: Gateway,
  principal: Principal,
  integration: CatalogueIntegration,
  request: NewConnection,
  requestId: string,
): Promise<StartedConnection> {
  if (request.scopes)
    throw badRequest('`scopes` goes with a consent. What a credential may do was decided where it was made; leave `scopes` out.');
  const { db, clock } = gateway;
  const { userId, holderId } = principal;
  const { auth, credential } = parseCredential(integration, request.credentials);
  const provider = await verifyCredential(gateway, integration, auth, credential);
  const id = newId('conn');
  await db.transaction().execute(async (trx) => {
    const proven = { userId, integration, credential, provider, label: request.account, providerScopes: null, expiresInSeconds: undefined };
    const connectionsMax = await gateway.admitConnection(trx, { userId, startedBy: holderId });
    const kept = await keepConnection(gateway, trx, proven, id, connectionsMax);
    await insertConsent(trx, clock, {
      id,
      userId,
      startedBy: holderId,
      integration: integration.slug,
      account: request.account ?? null,
      status: 'connected',
      connectionId: kept.id,
      stateHash: null,
      sealed: null,
      requestedScopes: [],
      lastsSeconds: 0,
    });
    await recordAudit(trx, {
      userId,
      actor: holderId,
      action: kept.renewed ? 'connection.renewed' : 'connection.created',
      target: kept.id,
      details: { integration: integration.slug, account: kept.account, authType: auth.type },
      requestId,
    });
  });
  return { id, status: 'connected', oauthUrl: undefined };
}

/** Starts a consent and returns the provider's page for it. Throws bad_request without client settings, plan_limit_reached, forbidden. */
async function startConsent(
  gateway: Gateway,
  principal: Principal,
  provider: Provider,
  asked: { account: string | undefined; scopes: readonly string[] | undefined },
  requestId: string,
): Promise<{ id: string; oauthUrl: string }> {
  const { db, clock, vault } = gateway;
  const { integration } = provider;
  const client = await requireOAuthClient(gateway, provider);
  const siblings = await listSiblings(db, principal.userId, integration.slug);
  // With an account of this integration connected, the consent may renew that one, which the plan always allows.
  if (siblings.length === 0) await requireRoomForConnection(db, principal.userId, principal.limits.connections);
  const renewed =
    asked.account === undefined ? siblings.find((row) => row.isDefault) : siblings.find((row) => row.account === asked.account);
  const scopes = scopesToRequest(integration, provider.auth, principal, {
    named: asked.scopes,
    extra: client.extraScopes,
    granted: renewed?.providerScopes ?? [],
  });
  const id = newId('conn');
  const [state, verifier] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  await db.transaction().execute(async (trx) => {
    await insertConsent(trx, clock, {
      id,
      userId: principal.userId,
      startedBy: principal.holderId,
      integration: integration.slug,
      account: asked.account ?? null,
      status: 'pending',
      connectionId: null,
      stateHash: sha256(state),
      sealed: vault.seal(verifier, sealContext(id)),
      requestedScopes: scopes,
      lastsSeconds: consentSeconds,
    });
    await recordAudit(trx, {
      userId: principal.userId,
      actor: principal.holderId,
      action: 'consent.started',
      target: id,
      details: { integration: integration.slug, scopes },
      requestId,
    });
  });
  return { id, oauthUrl: authorizeUrl(provider, client, { redirectUri: redirectUri(gateway), state, scopes, verifier }) };
}
