/** How consents end: with a connection, or with what a person is told of why there is none. */
import type { Gateway } from '../../../core/context.ts';
import { type ErrorCode, SkillettError } from '../../../core/errors.ts';
import { OutboundError } from '../../../core/outbound/outbound.ts';
import { recordAudit } from '../../audit/audit.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import { keepConnection, type ProvenCredential } from '../accounts.ts';
import { findProvider, type Provider } from '../oauth2/oauth2.ts';
import { OAuthRefusal } from '../oauth2/token-endpoint.ts';
import { readGiven } from '../variables/account-variables.ts';
import { type Consent, type ConsentFailure, endConsent, setConsentVariables } from './consent-store.ts';

/** Why a consent came to nothing; the message is for the person at the browser. */
export class ConsentFault extends Error {
  readonly reason: ConsentFailure;
  readonly #words: string | undefined;
  /** `words`: what the provider said of it, which is shown as a quotation and never as ours. */
  constructor(reason: ConsentFailure, message: string, options: ErrorOptions & { words?: string | undefined } = {}) {
    super(message, options);
    this.name = 'ConsentFault';
    this.reason = reason;
    this.#words = options.words;
  }

  /** They may repeat what was sent: out of reach of a log's serializer. */
  get words(): string | undefined {
    return this.#words;
  }
}

/** A provider's code and description (RFC 6749, sections 4.1.2.1 and 5.2) on one line, without what could hide or reorder text. */
export function quoteProvider(code: string, description: string | undefined): string {
  const clean = (text: string, lengthMax: number) =>
    text
      .slice(0, lengthMax)
      .replace(/[\p{C}\s]+/gu, ' ')
      .trim();
  return [clean(code, 100), clean(description ?? '', 500)].filter((part) => part !== '').join(': ');
}

export const sealContext = (consentId: string): string => `consent/${consentId}`;

/** Throws ConsentFault where the integration is not there any more, or has no OAuth now. */
export function requireProvider(gateway: Gateway, consent: Consent): Provider {
  const integration = gateway.catalogue.find(consent.integration);
  const provider = integration && findProvider(gateway, integration, consent.variables);
  if (!provider) throw new ConsentFault('failed', 'This installation does not offer that service any more.');
  return provider;
}

/** What the person gave on our page of the account's variables. Throws bad_request. */
export async function giveVariables(
  gateway: Gateway,
  consent: Consent,
  integration: CatalogueIntegration,
  given: Readonly<Record<string, string>>,
): Promise<Consent> {
  const variables = readGiven(integration, 'oauth2', given, consent.variables);
  await setConsentVariables(gateway.db, consent.id, variables);
  return { ...consent, variables };
}

/** What came of a consent, for the person at the browser. */
export interface CompletedConsent {
  /** As calls name it. */
  account: string;
  /** The account was connected before, and has a new credential now. */
  renewed: boolean;
}

/** Failures that a person can be told about; anything else is a bug and stays one. */
export function toFault(error: unknown): ConsentFault | unknown {
  if (error instanceof OAuthRefusal)
    return new ConsentFault('failed', 'The service refused to complete this, so nothing was connected.', {
      words: quoteProvider(error.error, error.description),
      cause: error,
    });
  // In its own words it speaks to a client that might send the request again.
  if (error instanceof OutboundError && (error.kind === 'timeout' || error.kind === 'network')) {
    const what = error.kind === 'timeout' ? 'did not answer in time' : 'cannot be reached';
    return new ConsentFault('failed', `The service ${what}, so nothing was connected.`, { cause: error });
  }
  if (!(error instanceof SkillettError)) return error;
  return new ConsentFault('failed', starterFaults[error.code] ?? error.message, { cause: error });
}

/** What `admitStarter` refuses, for the person at the browser. */
const starterFaults: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'The user who started this is not there any more. Nothing was connected.',
  api_key_revoked: 'The API key that started this was revoked. Nothing was connected.',
  api_key_expired: 'The API key that started this has expired. Nothing was connected.',
};

/** Stores what was proven for a pending consent, which ends with it. Throws ConsentFault when the consent has ended meanwhile. */
export async function keepProven(
  gateway: Gateway,
  consent: Consent,
  proven: Pick<ProvenCredential, 'integration' | 'credential' | 'provider' | 'providerScopes' | 'expiresInSeconds' | 'variables'>,
  by: { actor: string; requestId: string },
): Promise<CompletedConsent> {
  const { id, userId, integration } = consent;
  return gateway.db.transaction().execute(async (trx) => {
    const { connections: connectionsMax } = await gateway.admitStarter(trx, consent);
    const whole = { ...proven, userId, label: consent.account ?? undefined, mayRename: !consent.needsConfirmation };
    const kept = await keepConnection(gateway, trx, whole, id, connectionsMax);
    if (!(await endConsent(trx, id, { status: 'connected', connectionId: kept.id }))) throw cancelled();
    await recordAudit(trx, {
      userId,
      ...by,
      action: kept.renewed ? 'connection.renewed' : 'connection.created',
      target: kept.id,
      details: { integration, account: kept.account, authType: proven.credential.type, consent: id },
    });
    return { account: kept.account, renewed: kept.renewed };
  });
}

function cancelled(): ConsentFault {
  return new ConsentFault('failed', 'This connection was cancelled before it was complete.');
}
