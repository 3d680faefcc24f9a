/** Accounts that are connected by a credential of theirs, proven at the service: given with the request, or on the page of a consent. */
import type { Gateway } from '../../../core/context.ts';
import { badRequest } from '../../../core/errors.ts';
import { newId } from '../../../core/ids.ts';
import type { Principal } from '../../../core/principal.ts';
import { recordAudit } from '../../audit/audit.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { Variables } from '../../recipes/variables.ts';
import { keepConnection } from '../accounts.ts';
import { type Consent, insertConsent } from '../consent/consent-store.ts';
import { type CompletedConsent, keepProven } from '../consent/consents.ts';
import { issueCredential, nameAccount } from '../grants/issue-credential.ts';
import type { NewConnection, StartedConnection } from '../start-connection.ts';
import { findKeptVariables, readGiven } from '../variables/account-variables.ts';
import { choiceRequired, chooseOne, findChoices, nameOfChoice } from '../variables/choices.ts';
import { withCredentialVariables } from '../variables/derived-variables.ts';
import { parseCredential, requireTexts } from './credential-forms.ts';
import { verifyCredential } from './verify.ts';

/** A credential as it was given, with the account that the service says it belongs to. Throws bad_request, credential_rejected, upstream_…. */
async function proveCredential(
  gateway: Gateway,
  userId: string,
  integration: CatalogueIntegration,
  given: unknown,
  kept: Variables,
  label: string | undefined,
) {
  const values = requireTexts(integration, given);
  const { auth, credential: parsed, about } = parseCredential(integration, values);
  const variablesGiven = withCredentialVariables(integration, parsed, readGiven(integration, auth.type, values, kept), about);
  const issued = await issueCredential(gateway, userId, { integration, auth, variables: variablesGiven }, parsed);
  const { credential, variables: known } = issued;
  const found = { integration, auth, credential, variables: known };
  const choices = await findChoices(gateway, userId, found);
  const chosen = choices && chooseOne(choices, known);
  if (choices && !chosen) throw choiceRequired(found, choices);
  const variables = { ...known, ...chosen?.values };
  // Of an import no call is known that would prove it: the account is what the person calls it.
  const unproven = integration.recipe.verify ? undefined : { id: label ?? integration.slug, label: label ?? integration.slug };
  const named = nameAccount({ integration, auth, variables }, parsed) ?? issued.account ?? unproven;
  const account =
    (issued.isProven || unproven) && named
      ? named
      : await verifyCredential(gateway, userId, integration, auth, credential, variables, named);
  const provider = nameOfChoice(account, chosen, (choices?.length ?? 0) > 1);
  return { integration, credential, provider, providerScopes: null, expiresInSeconds: issued.expiresInSeconds, variables };
}

export async function connectByCredential(
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
  const kept = await findKeptVariables(gateway, userId, integration, request.account);
  const proven = await proveCredential(gateway, userId, integration, request.credentials, kept, request.account);
  const id = newId('conn');
  await db.transaction().execute(async (trx) => {
    const { connections: connectionsMax } = await gateway.admitStarter(trx, { userId, startedBy: holderId });
    const kept = await keepConnection(gateway, trx, { ...proven, userId, label: request.account, mayRename: true }, id, connectionsMax);
    await insertConsent(trx, clock, {
      id,
      userId,
      startedBy: holderId,
      integration: integration.slug,
      account: request.account ?? null,
      status: 'connected',
      connectionId: kept.id,
      needsConfirmation: false,
      requestedScopes: [],
      variables: proven.variables,
      lastsSeconds: 0,
    });
    await recordAudit(trx, {
      userId,
      actor: holderId,
      action: kept.renewed ? 'connection.renewed' : 'connection.created',
      target: kept.id,
      details: { integration: integration.slug, account: kept.account, authType: proven.credential.type },
      requestId,
    });
  });
  return { id, status: 'connected', oauthUrl: undefined };
}

/**
 * Ends a pending consent with a credential that its starter entered on our page. Throws bad_request, credential_rejected,
 * plan_limit_reached, conflict, upstream_…, after which the person may try again; 401 where the key that asked has ended;
 * ConsentFault where the consent has.
 */
export async function completeByCredential(
  gateway: Gateway,
  consent: Consent,
  integration: CatalogueIntegration,
  given: unknown,
  by: { actor: string; requestId: string },
): Promise<CompletedConsent> {
  return keepProven(
    gateway,
    consent,
    await proveCredential(gateway, consent.userId, integration, given, consent.variables, consent.account ?? undefined),
    by,
  );
}
