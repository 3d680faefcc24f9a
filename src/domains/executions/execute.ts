/** The path of one execution: endpoint, admission, parameters, connection, credential, request, answer, completion. Nothing here knows HTTP doors or recipes by name. */
import type { Gateway } from '../../core/context.ts';
import { badRequest, SkillettError } from '../../core/errors.ts';
import { newTimeOrderedId } from '../../core/ids.ts';
import type { RawJson } from '../../core/json/raw-json.ts';
import { executionSeconds, executionsTotal } from '../../core/metrics.ts';
import { noAddressCredential } from '../../core/outbound/address-credential.ts';
import { requireProviderScopes } from '../connections/connections.ts';
import { requireVariables } from '../connections/variables/account-variables.ts';
import { type CatalogueEndpoint, type CatalogueIntegration, requireEndpoint, requireIntegration } from '../recipes/catalogue.ts';
import { findSelectWarning } from '../recipes/shapes/select-warning.ts';
import { noVariables, variablesOf } from '../recipes/variables.ts';
import type { Admission, AdmittedIdempotency } from './admission/admit.ts';
import { limitHeaders } from './admission/verdict.ts';
import { answerExecution } from './answer/answer-execution.ts';
import { isSuccess, type JudgedAnswer } from './answer/judge-answer.ts';
import { openAnswer } from './answer/kept-answer.ts';
import { findViewFault, type LeanView } from './answer/lean/plan.ts';
import type { LeanTable } from './answer/lean/table.ts';
import { requireSelect } from './answer/select.ts';
import { leaveRoom } from './answer/whole-answers.ts';
import { callUpstream, type UpstreamCall } from './call-upstream.ts';
import { type Execution, type ExecutionRequest, envelopeStatus, pagedCallOf, type Run } from './execution.ts';
import { proxiedPath } from './proxy/proxied-path.ts';
import { prepareProxied } from './proxy/proxied-request.ts';
import { canonicalJson, isTooDeep, nestingMax } from './request/canonical-json.ts';
import type { Parameters } from './request/check-parameters.ts';
import { nextPlaceOf, openNext } from './request/next-page.ts';
import { type PreparedRequest, prepareRequest } from './request/prepare-request.ts';
import { askedWait, quotaLeft } from './retry.ts';
import { settleFailure } from './settle-failure.ts';

/** Throws SkillettError; an upstream failure is an Execution with `ok: false`. */
export async function executeEndpoint(gateway: Gateway, request: ExecutionRequest): Promise<Execution> {
  const seen = await seenAt(gateway, request, gateway.catalogue.findEndpoint(request.integration, request.endpoint));
  const endpoint = requireEndpoint(seen.catalogue, request.integration, request.endpoint);
  return executeAt(seen, request, requireIntegration(seen.catalogue, request.integration), endpoint);
}

/** Where the installation knows it, that is all; else what the caller sees. 401 comes before 404 (docs/api.md, "Order of refusals"). */
export async function seenAt(gateway: Gateway, { principal }: Pick<ExecutionRequest, 'principal'>, known: unknown): Promise<Gateway> {
  return known === undefined ? gateway.seenBy((await principal()).userId) : gateway;
}

/** For what was looked up, or stands in for an endpoint. */
export async function executeAt(
  gateway: Gateway,
  request: ExecutionRequest,
  integration: CatalogueIntegration,
  endpoint: CatalogueEndpoint,
): Promise<Execution> {
  const startedMs = performance.now();
  let run: Run | undefined;
  try {
    const callId = newTimeOrderedId('call', gateway.clock.nowMs());
    const fault = findFault(request, integration, endpoint);
    const admission = await admit(gateway, request, integration, endpoint, callId, fault === undefined);
    announceLimit(request, limitHeaders(admission.minute));
    if (request.facts) request.facts.callId = admission.replay?.callId ?? callId;
    let execution: Execution;
    if (admission.replay) execution = await replay(gateway, request, admission.replay, startedMs);
    else {
      run = { gateway, request, integration, endpoint, callId, startedMs, admission, call: undefined };
      if (fault) throw fault;
      execution = await callAndAnswer(run);
    }
    if (request.select !== undefined && execution.ok) execution.selectWarning = findSelectWarning(integration, endpoint, request.select);
    count(integration, execution.replayed ? 'replayed' : execution.ok ? 'succeeded' : 'upstream_failed', startedMs);
    return execution;
  } catch (error) {
    const told = run ? await settleFailure(run, error) : error;
    if (told instanceof SkillettError) announceRefusal(request, told);
    count(integration, told instanceof SkillettError && told.status < 500 ? 'refused' : 'failed', startedMs);
    throw told;
  }
}

function count({ slug, imported }: CatalogueIntegration, outcome: string, startedMs: number): void {
  const integration = imported ? 'imported' : slug;
  executionsTotal.inc({ integration, outcome });
  executionSeconds.observe({ integration }, (performance.now() - startedMs) / 1000);
}

/** What is wrong with the request besides its parameters; thrown once the call is admitted, since 401, 403 and 429 come first. */
function findFault(request: ExecutionRequest, integration: CatalogueIntegration, endpoint: CatalogueEndpoint): SkillettError | undefined {
  const { account, idempotencyKey, select } = request;
  if (request.fault) return request.fault;
  if (isTooDeep(request.params))
    return badRequest(`\`${endpoint.proxied ? 'body' : 'params'}\` is nested deeper than ${nestingMax} levels. Send it flatter.`);
  if (request.readOnly && !endpoint.readOnly)
    return badRequest(
      endpoint.proxied
        ? '`proxyRead` takes GET and HEAD only. Use `proxy`.'
        : `\`${endpoint.name}\` of ${endpoint.integration} changes things, so \`read\` does not call it. Use \`execute\`.`,
    );
  if (request.next !== undefined && nextPlaceOf(integration, endpoint) === undefined)
    return badRequest(`\`${endpoint.name}\` gives no \`next\`, so it takes none. Leave it out.`);
  if (account !== undefined && account.length > 200)
    return badRequest('`account` must be the name of an account or the id of a connection, at most 200 characters.');
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,255}$/.test(idempotencyKey))
    return badRequest('The idempotency key must be 1 to 255 printable ASCII characters without spaces, such as a UUID.');
  if (isLive(request, endpoint) && !request.raw && select !== undefined)
    return badRequest('`select` cuts `data`, and a stream that is passed on has none. Leave `select` out, or accept `application/json`.');
  if (request.raw && select !== undefined)
    return badRequest('`select` cuts `data`, and with `Accept: application/octet-stream` the body comes as it is. Leave one of them out.');
  try {
    if (select !== undefined) requireSelect(select);
  } catch (error) {
    return error as SkillettError;
  }
  return request.view && findFaultOfView(request, request.view, endpoint);
}

function findFaultOfView({ select, raw }: ExecutionRequest, view: LeanView, endpoint: CatalogueEndpoint): SkillettError | undefined {
  if (raw)
    return badRequest(
      'A lean answer is JSON, and here the body was asked for as it comes. Leave `view` out, or accept `application/json`.',
    );
  if (select !== undefined && !view.whole)
    return badRequest('`select` cuts the whole answer, and a lean one shows columns of it. Leave out one of `select` and `view`.');
  return findViewFault(endpoint, view);
}

/** Whether a stream goes out as it comes in, should the answer be one. */
function isLive({ raw, streams, view }: ExecutionRequest, { spec: { answer_stream: kind } }: CatalogueEndpoint): boolean {
  return kind !== undefined && (raw || (view === undefined && streams.includes(kind)));
}

async function admit(
  gateway: Gateway,
  request: ExecutionRequest,
  integration: CatalogueIntegration,
  endpoint: CatalogueEndpoint,
  callId: string,
  sound: boolean,
): Promise<Admission> {
  const params = request.params ?? {};
  const given = typeof params === 'object' ? Object.keys(params) : [];
  const caller = request.caller();
  return gateway.admission.admit({
    caller: caller instanceof Promise ? await caller : caller,
    callId,
    requestId: request.requestId,
    door: request.door,
    endpoint,
    needsConnection: !integration.open,
    account: sound ? request.account : undefined,
    // Names that the endpoint does not know could be anything, a pasted secret too.
    parameterNames: given.filter((name) => Object.hasOwn(endpoint.spec.parameters, name)),
    path: endpoint.proxied ? proxiedPath(params, integration) : undefined,
    parameterHash: () => gateway.vault.hmac('call parameters', canonicalJson(params)),
    idempotency: sound ? idempotencyOf(gateway, request, endpoint, params) : undefined,
  });
}

/** How long the answer to a message is kept for the same message; that of an idempotency key is for a day. */
const messageSeconds = 600;

function idempotencyOf(
  gateway: Gateway,
  request: ExecutionRequest,
  endpoint: CatalogueEndpoint,
  params: unknown,
): AdmittedIdempotency | undefined {
  const { idempotencyKey, messageKey } = request;
  const key = idempotencyKey ?? messageKey;
  if (key === undefined) return undefined;
  const fingerprint = fingerprintOf(gateway, request, canonicalJson(params), isLive(request, endpoint));
  return { key, fingerprint, messageSeconds: idempotencyKey === undefined ? messageSeconds : undefined };
}

/** Everything that shapes the answer. */
function fingerprintOf(gateway: Gateway, request: ExecutionRequest, canonical: string, live: boolean): string {
  const { integration, endpoint, account, select, raw, next, view } = request;
  return gateway.vault.hmac(
    'idempotency',
    `${JSON.stringify([integration, endpoint, account ?? null, select ?? null, raw, ...(next === undefined ? [] : [next]), ...(live ? ['live'] : []), ...(view ? [{ view }] : [])])}${canonical}`,
  );
}

/** For the minute (docs/api.md, "Answers"); several executions of one request leave the lowest. */
function announceLimit({ answerHeaders }: ExecutionRequest, headers: Record<string, string>): void {
  const remaining = headers['ratelimit-remaining'];
  const before = answerHeaders.get('ratelimit-remaining');
  if (remaining === undefined || (before !== undefined && Number(before) <= Number(remaining))) return;
  for (const name of ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']) answerHeaders.set(name, headers[name] as string);
}

/** In GraphQL an error stands beside what else was asked for, and its own headers are not the answer's. */
function announceRefusal(request: ExecutionRequest, { headers }: SkillettError): void {
  announceLimit(request, headers);
  if (headers['retry-after'] !== undefined) request.answerHeaders.set('retry-after', headers['retry-after']);
}

async function replay(
  gateway: Gateway,
  request: ExecutionRequest,
  first: NonNullable<Admission['replay']>,
  startedMs: number,
): Promise<Execution> {
  const kept = await openAnswer(gateway, first.callId, first.answer);
  request.answerHeaders.set('idempotent-replayed', 'true');
  if (kept.failure) throw new SkillettError(kept.failure.code, kept.failure.message);
  const ok = isSuccess(first.status);
  return {
    callId: first.callId,
    status: first.status,
    ok,
    data: ok ? kept.json : null,
    error: ok ? null : kept.json,
    durationMs: Math.round(performance.now() - startedMs),
    replayed: true,
    selectError: kept.selectError ?? null,
    next: kept.next ?? null,
    meta: kept.meta ?? null,
    raw: kept.raw && { status: envelopeStatus(first.status), ...kept.raw },
    table: ok && request.view ? await readTable(kept.json) : undefined,
  };
}

/** What was too long to be kept is a sentence that says so. */
async function readTable(json: RawJson): Promise<LeanTable> {
  const kept = JSON.parse((await json.load()).toString('utf8')) as LeanTable | string;
  if (typeof kept !== 'string') return kept;
  return { columns: [], rows: [], keys: [], total: null, fields: null, adds: [], cut: [kept.replace(/\.$/, '')], cursor: null };
}

async function callAndAnswer(run: Run): Promise<Execution> {
  const { gateway, request, integration, endpoint, admission } = run;
  const variables = variablesOf(integration.recipe, admission.connection?.variables ?? noVariables);
  const prepare = endpoint.proxied ? prepareProxied : prepareRequest;
  const params = admission.connectionFault ? request.params : turnNumber(run);
  let prepared = prepare(integration, endpoint, params, variables);
  if (prepared instanceof Promise) prepared = await prepared;
  if (admission.connectionFault) throw admission.connectionFault;
  if (admission.connection) {
    requireVariables(integration, admission.connection);
    requireProviderScopes(gateway, endpoint, admission.connection);
  }
  const call: UpstreamCall = {
    integration,
    endpoint,
    params: (params ?? {}) as Parameters,
    request: turnPage(run, prepared),
    variables,
    prepare: async (newer) => turnPage(run, await prepare(integration, endpoint, params, newer)),
    userId: admission.principal.userId,
    connection: admission.connection,
    idempotencyKey: request.idempotencyKey,
    raw: request.raw,
    live: isLive(request, endpoint),
    leavePlace: undefined,
    // A call with an idempotency key runs to its end, so that the client who comes back finds its answer.
    signal: admission.claim ? undefined : request.signal,
    startedMs: undefined,
    sent: false,
    answeredStatus: undefined,
    addressCredential: noAddressCredential,
    waitedMs: 0,
    room: undefined,
  };
  run.call = call;
  try {
    if (call.live) call.leavePlace = gateway.liveStreams.takePlace(call.userId);
    const judged = await callUpstream(gateway, call);
    passOnRetryAfter(run, judged);
    if (request.facts) request.facts.quota = quotaLeft(integration.recipe, judged, gateway.clock.nowMs());
    return await answerExecution(run, call, judged);
  } finally {
    leaveRoom(call);
    call.leavePlace?.();
  }
}

/** The caller's parameters, with the number of the page that `next` asks for. */
function turnNumber(run: Run): unknown {
  const { next, params } = run.request;
  const place = next === undefined ? undefined : nextPlaceOf(run.integration, run.endpoint);
  if (next === undefined || place?.kind !== 'number') return params;
  return { ...(params as object), [place.paging.parameter]: Number(openNext(run.gateway, pagedCallOf(run), 'next number', next)) };
}

function turnPage(run: Run, prepared: PreparedRequest): PreparedRequest {
  const { next } = run.request;
  if (next === undefined || nextPlaceOf(run.integration, run.endpoint)?.kind === 'number') return prepared;
  const [place] = prepared.url.split('?');
  return { ...prepared, url: `${place}?${openNext(run.gateway, pagedCallOf(run), 'next page', next)}` };
}

/** A service that asks callers to come back later says so to ours too, also where it has headers of its own for that. */
function passOnRetryAfter({ gateway, request, integration }: Run, judged: JudgedAnswer): void {
  const waitMs = askedWait(integration.recipe, judged, gateway.clock.nowMs());
  if (waitMs !== undefined) request.answerHeaders.set('retry-after', String(Math.ceil(waitMs / 1000)));
}
