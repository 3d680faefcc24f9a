/** Proves a credential at its service, by the recipe's own call, and learns whose account it is. */
import type { Gateway } from '../../../core/context.ts';
import { SkillettError } from '../../../core/errors.ts';
import { fillCredential } from '../../../core/outbound/address-credential.ts';
import { readBody } from '../../../core/outbound/outbound.ts';
import { type CatalogueIntegration, outboundTarget } from '../../recipes/catalogue.ts';
import type { Auth } from '../../recipes/format/auth.ts';
import type { Graphql } from '../../recipes/format/graphql.ts';
import { requireKnownHost } from '../../recipes/known-host.ts';
import { evaluateOn, findFailure, successRule } from '../../recipes/success.ts';
import { fillAddress, fillHeaders, fillText, isFilled, type Variables, variablesOf } from '../../recipes/variables.ts';
import { accountAt } from '../oauth2/token-endpoint.ts';
import { injectCredential, type StoredCredential } from './credential.ts';

const verifyTimeoutMs = 15_000;
const verifyBytesMax = 4 * 1024 * 1024;

/**
 * Account of the credential, as `verify` of the recipe names it, unless its name is known already. Throws credential_rejected when the
 * service refuses it, upstream_unreachable when the service is away, upstream_unexpected when its answer names no account.
 */
export async function verifyCredential(
  gateway: Gateway,
  userId: string,
  integration: CatalogueIntegration,
  auth: Auth,
  credential: StoredCredential,
  kept: Variables,
  known?: Account,
): Promise<Account> {
  const { verify } = integration.recipe;
  if (!verify) throw new Error(`The recipe of ${integration.slug} has no verification call.`);
  const variables = variablesOf(integration.recipe, kept);
  const { path } = injectCredential(auth, credential, { version: 1, variables });
  const baseUrl = integration.baseUrlOverridden ? integration.baseUrl : (verify.base_url ?? integration.baseUrl);
  const address = fillCredential(fillAddress(baseUrl + verify.path, variables), path);
  const url = requireKnownHost(integration, address, integration.baseUrlOverridden);
  for (const [name, value] of Object.entries(verify.query ?? {}))
    if (isFilled(integration.recipe, value, variables)) url.searchParams.set(name, fillText(value, variables));
  const { status, body } = await askWithCredential(gateway, userId, { integration, auth, credential, variables }, { ...verify, url });
  const rule = status < 300 ? successRule(integration.recipe, verify) : undefined;
  const failure = rule && (await findFailure(rule, evaluateOn(body ?? null)));
  // Where nothing is read in the answer, it may be XML as well.
  requireAccepted(integration, auth, failure?.status ?? status, known ? (body ?? null) : body);
  if (known) return known;
  const account = verify.account && accountAt(verify.graphql ? dataAt(body, verify.graphql) : body, verify.account);
  if (!account)
    throw new SkillettError(
      'upstream_unexpected',
      `${integration.slug} accepted the credential, but its answer does not name the account.`,
    );
  return account;
}

type Account = NonNullable<ReturnType<typeof accountAt>>;

/** A credential that is no connection yet, with what is known of its account. */
export interface NewCredential {
  integration: CatalogueIntegration;
  auth: Auth;
  credential: StoredCredential;
  variables: Variables;
}

/** The address has been found to be of a known host. The body is undefined where it is no JSON. */
export async function askWithCredential(
  gateway: Gateway,
  userId: string,
  { integration, auth, credential, variables }: NewCredential,
  { method, url, graphql }: { method: string; url: URL; graphql?: Graphql | undefined },
): Promise<{ status: number; body: unknown }> {
  const injected = injectCredential(auth, credential, { version: 1, variables });
  for (const [name, value] of Object.entries(injected.query)) url.searchParams.set(name, value);
  const unsigned = {
    method,
    url,
    headers: {
      accept: 'application/json',
      ...(graphql && jsonHeaders),
      'user-agent': 'skillett',
      ...fillHeaders(integration.recipe, integration.recipe.headers, variables),
      ...injected.headers,
    },
    body: graphql && JSON.stringify({ query: graphql.document }),
  };
  const answer = await gateway.outbound.send({
    ...unsigned,
    ...(await injected.sign?.({ ...unsigned, nowMs: gateway.clock.nowMs() })),
    timeoutMs: verifyTimeoutMs,
    ...outboundTarget(integration),
    turnOf: userId,
  });
  return { status: answer.status, body: parseJson((await readBody(answer, verifyBytesMax)).toString('utf8')) };
}

const jsonHeaders = { 'content-type': 'application/json' };

function dataAt(answer: unknown, { data }: Graphql): unknown {
  return evaluateOn(answer)(data === undefined ? 'data' : `data.${data}`);
}

export function requireAccepted(integration: CatalogueIntegration, auth: Auth, status: number, body: unknown): void {
  if (status >= 500 || status === 408 || status === 429) {
    throw new SkillettError(
      'upstream_unreachable',
      `${integration.slug} answered ${status} when asked about the credential. Nothing was stored; try again later.`,
    );
  }
  if (status >= 400) throw credentialRejected(integration, auth, status);
  if (status >= 300 || body === undefined)
    throw new SkillettError('upstream_unexpected', `${integration.slug} answered ${status} without JSON when asked about the credential.`);
}

function credentialRejected(integration: CatalogueIntegration, auth: Auth, status: number): SkillettError {
  const how = 'how' in auth ? ` ${auth.how}` : '';
  return new SkillettError('credential_rejected', `${integration.recipe.name} refused the credential (it answered ${status}).${how}`, {
    action: 'create_url' in auth && auth.create_url ? auth.create_url : integration.recipe.documentation_url,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
