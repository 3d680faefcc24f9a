/** The first step of every connection: a credential that is proven at once, or a link where a person connects the account. */
import type { Gateway } from '../../core/context.ts';
import { badRequest, SkillettError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { coversScope, maySee, type Principal } from '../../core/principal.ts';
import { recordAudit } from '../audit/audit.ts';
import { type CatalogueIntegration, requireIntegration } from '../recipes/catalogue.ts';
import { lookupsOf } from '../recipes/variables.ts';
import { requireRoomForConnection } from './accounts.ts';
import { consentSeconds } from './consent/consent-browser.ts';
import { insertConsent } from './consent/consent-store.ts';
import { connectByCredential } from './credential/connect-by-credential.ts';
import { requireTexts, takesCredentials } from './credential/credential-forms.ts';
import { findOAuthClient, requireOAuthClient } from './oauth2/oauth-clients.ts';
import { findProvider } from './oauth2/oauth2.ts';
import { scopesToRequest } from './oauth2/provider-scopes.ts';
import { listSiblings } from './store.ts';
import { askedVariables, findKeptVariables, readGiven } from './variables/account-variables.ts';

export interface NewConnection {
  integration: string;
  /** What to call the account; default: the provider's name for it. */
  account: string | undefined;
  /** Scopes at the provider; default: what the endpoints that the principal may call need. */
  scopes: readonly string[] | undefined;
  /** `{token}`, `{api_key}` or `{username, password}` with what the recipe names; undefined gives a link for a person. */
  credentials: unknown;
}

export interface StartedConnection {
  id: string;
  status: 'pending' | 'connected';
  /** Our own page for it; undefined when nothing is left to do. */
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
  const integration = requireIntegration(gateway.catalogue, request.integration);
  if (!maySee(principal.scopes, integration.slug))
    throw new SkillettError('scope_not_allowed', `API key does not have access to the ${integration.slug} integration.`);
  if (integration.recipe.auth.every((auth) => auth.type === 'none'))
    throw badRequest(`${integration.recipe.name} needs no connection: call its endpoints as they are.`);
  if (request.credentials !== undefined && request.credentials !== null) {
    if (!coversScope(principal.scopes, integration.slug)) throw mayOnlyAsk(integration);
    if (!goesWithConsent(integration, request.credentials)) return connectByCredential(gateway, principal, integration, request, requestId);
  }
  const id = await startConsent(gateway, principal, integration, request, requestId);
  return { id, status: 'pending', oauthUrl: `${gateway.config.publicUrl}/connect/${id}` };
}

/** What a person gives beside a consent at the service, such as the site that is asked. */
function goesWithConsent(integration: CatalogueIntegration, credentials: unknown): boolean {
  if (typeof credentials !== 'object' || !integration.recipe.auth.some((auth) => auth.type === 'oauth2')) return false;
  const asked = [...askedVariables(integration, 'oauth2'), ...lookupsOf(integration.recipe, 'oauth2')].map(([name]) => name);
  const given = Object.keys(credentials ?? {});
  return given.length > 0 && given.every((name) => asked.includes(name));
}

/** A key for reads or single endpoints cannot decide whose account the user's other keys use. */
function mayOnlyAsk({ slug, recipe }: CatalogueIntegration): SkillettError {
  return new SkillettError(
    'forbidden',
    `Giving a credential of ${recipe.name} needs a key with the scope \`${slug}\` or \`*\`. This key may only ask: leave \`credentials\` out, and give the link that comes back to the person, who connects the account there.`,
  );
}

/** Throws bad_request where neither a consent nor a credential can be given here, plan_limit_reached, forbidden. Returns the id. */
async function startConsent(
  gateway: Gateway,
  principal: Principal,
  integration: CatalogueIntegration,
  asked: Omit<NewConnection, 'integration'>,
  requestId: string,
): Promise<string> {
  const { db, clock } = gateway;
  const given = requireTexts(integration, asked.credentials ?? {});
  const kept = await findKeptVariables(gateway, principal.userId, integration, asked.account);
  // What is missing is asked for on the page.
  const variables = readGiven(integration, 'oauth2', given, kept, { partly: true });
  const siblings = await listSiblings(db, principal.userId, integration.slug);
  const scopes = await chooseScopes(gateway, principal, integration, asked, siblings);
  // With an account of this integration connected, the consent may renew that one, which the plan always allows.
  if (siblings.length === 0) await requireRoomForConnection(db, principal.userId, principal.limits.connections);
  const id = newId('conn');
  const needsConfirmation = !coversScope(principal.scopes, integration.slug);
  await db.transaction().execute(async (trx) => {
    await insertConsent(trx, clock, {
      id,
      userId: principal.userId,
      startedBy: principal.holderId,
      integration: integration.slug,
      account: asked.account ?? null,
      status: 'pending',
      connectionId: null,
      needsConfirmation,
      requestedScopes: scopes,
      variables,
      lastsSeconds: consentSeconds,
    });
    await recordAudit(trx, {
      userId: principal.userId,
      actor: principal.holderId,
      action: 'consent.started',
      target: id,
      details: { integration: integration.slug, scopes, needsConfirmation },
      requestId,
    });
  });
  return id;
}

/** What a consent asks the service for; nothing where the person enters a credential on our page. */
async function chooseScopes(
  gateway: Gateway,
  principal: Principal,
  integration: CatalogueIntegration,
  asked: { account: string | undefined; scopes: readonly string[] | undefined },
  siblings: Awaited<ReturnType<typeof listSiblings>>,
): Promise<string[]> {
  const provider = findProvider(gateway, integration);
  if (!provider) {
    if (asked.scopes) throw badRequest(`${integration.recipe.name} knows no scopes: a person gives it a credential. Leave \`scopes\` out.`);
    return [];
  }
  const client =
    (await findOAuthClient(gateway, provider)) ??
    // The person can enter a credential as long as nobody asked for what only a consent gives.
    (takesCredentials(integration) && !asked.scopes ? undefined : await requireOAuthClient(gateway, provider));
  const renewed =
    asked.account === undefined ? siblings.find((row) => row.isDefault) : siblings.find((row) => row.account === asked.account);
  return scopesToRequest(integration, provider.auth, principal, {
    named: asked.scopes,
    extra: client?.extraScopes ?? [],
    granted: renewed?.providerScopes ?? [],
  });
}
