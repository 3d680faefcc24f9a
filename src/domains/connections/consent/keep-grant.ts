/** From a grant to a connection: what the account is, which of several it is, and what becomes of a grant that is not kept. */
import type { Gateway } from '../../../core/context.ts';
import { type Variables, variablesOf } from '../../recipes/variables.ts';
import type { StoredCredential } from '../credential/credential.ts';
import { revokeAtProvider } from '../credential/revocation.ts';
import { verifyCredential } from '../credential/verify.ts';
import { findProvider, type Provider } from '../oauth2/oauth2.ts';
import type { Grant } from '../oauth2/token-endpoint.ts';
import { listSiblings } from '../store.ts';
import { isAccountOf } from '../variables/account-variables.ts';
import { chooseOne, findChoices, nameOfChoice } from '../variables/choices.ts';
import { withAnswerVariables } from '../variables/derived-variables.ts';
import { consentSeconds } from './consent-browser.ts';
import { type Choice, type Consent, holdForChoice, takeHeld } from './consent-store.ts';
import { type CompletedConsent, ConsentFault, keepProven, requireProvider, sealContext, toFault } from './consents.ts';

/** A grant that is no connection yet. */
interface HeldGrant {
  grant: Grant;
  obtainedAtMs: number;
  variables: Variables;
}

/** What cannot be kept is revoked. `choosing`: the grant waits until the person has chosen. Throws ConsentFault. */
export async function keepGrant(
  gateway: Gateway,
  consent: Consent,
  provider: Provider,
  held: Omit<HeldGrant, 'variables'>,
  requestId: string,
): Promise<CompletedConsent | 'choosing'> {
  const { integration, auth } = provider;
  let { variables } = consent;
  try {
    variables = withAnswerVariables(integration, held.grant.found, variables);
    const choices = await findChoices(gateway, consent.userId, { integration, auth, credential: toCredential(held.grant), variables });
    const chosen = choices && chooseOne(choices, variables);
    if (choices && !chosen) return await holdGrant(gateway, consent, { ...held, variables }, choices);
    const whole = { ...held, variables: { ...variables, ...chosen?.values } };
    return await proveGrant(gateway, consent, provider, whole, { chosen, isOneOfSeveral: (choices?.length ?? 0) > 1 }, requestId);
  } catch (error) {
    await revokeUnkept(gateway, consent, { ...held, variables });
    throw toFault(error);
  }
}

/** The person has chosen, once; undefined where nothing waits any more. Throws ConsentFault. */
export async function keepChosen(
  gateway: Gateway,
  consent: Consent,
  chosen: Choice,
  requestId: string,
): Promise<CompletedConsent | undefined> {
  if (!(await takeHeld(gateway.db, gateway.clock, consent.id))) return undefined;
  const held = await openHeld(gateway, consent);
  try {
    const whole = { ...held, variables: { ...held.variables, ...chosen.values } };
    return await proveGrant(gateway, consent, requireProvider(gateway, consent), whole, { chosen, isOneOfSeveral: true }, requestId);
  } catch (error) {
    await revokeUnkept(gateway, consent, held);
    throw toFault(error);
  }
}

async function proveGrant(
  gateway: Gateway,
  consent: Consent,
  provider: Provider,
  { grant, obtainedAtMs, variables }: HeldGrant,
  { chosen, isOneOfSeveral }: { chosen: Choice | undefined; isOneOfSeveral: boolean },
  requestId: string,
): Promise<CompletedConsent> {
  const { integration, auth } = provider;
  const credential = toCredential(grant);
  // Kept with the grant, since it also decides whether one that is not kept may be ended.
  grant.account ??= await verifyCredential(gateway, consent.userId, integration, auth, credential, variables);
  const elapsed = Math.max(0, Math.floor((gateway.clock.nowMs() - obtainedAtMs) / 1000));
  const proven = {
    integration,
    credential,
    provider: nameOfChoice(grant.account, chosen, isOneOfSeveral),
    providerScopes: grantedScopes(grant, consent.requestedScopes),
    variables,
    expiresInSeconds: grant.expiresInSeconds === undefined ? undefined : Math.max(1, grant.expiresInSeconds - elapsed),
  };
  return keepProven(gateway, consent, proven, { actor: consent.startedBy, requestId });
}

async function holdGrant(gateway: Gateway, consent: Consent, held: HeldGrant, choices: readonly Choice[]): Promise<'choosing'> {
  const sealed = gateway.vault.seal(JSON.stringify(held), sealContext(consent.id));
  if (await holdForChoice(gateway.db, gateway.clock, consent.id, { sealed, choices, seconds: consentSeconds })) return 'choosing';
  throw new ConsentFault('failed', 'This connection was cancelled before it was complete.');
}

async function openHeld(gateway: Gateway, { id, sealed }: Consent): Promise<HeldGrant> {
  return JSON.parse(await gateway.vault.open(sealed as string, sealContext(id))) as HeldGrant;
}

/** Whether a grant waits for the person to choose. A browser that opened the link again is asked for a consent again. */
export function isChoosing(consent: Pick<Consent, 'choices' | 'stateHash' | 'status'>): boolean {
  return consent.choices !== null && consent.stateHash === null && consent.status === 'pending';
}

/** Ends the grant of a consent that ended without a choice; `consent` is the row as it was before. */
export async function dropHeld(gateway: Gateway, consent: Consent): Promise<void> {
  if (!isChoosing(consent)) return;
  try {
    await revokeUnkept(gateway, consent, await openHeld(gateway, consent));
  } catch (error) {
    gateway.log.error({ err: error, consent: consent.id }, 'a grant that nobody chose for could not be ended');
  }
}

/** Some providers end every grant of an account with one, and with it the connection that the account already has. */
async function revokeUnkept(gateway: Gateway, consent: Consent, { grant, variables }: HeldGrant): Promise<void> {
  const integration = gateway.catalogue.find(consent.integration);
  if (!integration) return;
  const { account } = grant;
  const siblings = await listSiblings(gateway.db, consent.userId, consent.integration);
  const endsAnother = account ? siblings.some((row) => isAccountOf(row.providerAccountId, account.id)) : siblings.length > 0;
  if (endsAnother) return;
  const provider = findProvider(gateway, integration, variablesOf(integration.recipe, variables));
  await revokeAtProvider(gateway, consent.userId, provider, toCredential(grant));
}

function toCredential(grant: Grant): StoredCredential {
  return {
    type: 'oauth2',
    accessToken: grant.accessToken,
    refreshToken: grant.refreshToken,
    expiresInSeconds: grant.expiresInSeconds ?? null,
  };
}

/** RFC 6749, section 5.1: a grant that names no scopes has those asked for. A service without scopes was asked for none. */
function grantedScopes(grant: Grant, requested: readonly string[]): string[] | null {
  if (grant.scopes !== undefined) return grant.scopes;
  return requested.length === 0 ? null : [...requested];
}
