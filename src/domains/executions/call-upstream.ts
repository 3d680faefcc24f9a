/** The request to the service: credential, one renewal of it, and the attempts that are allowed. */
import { isDeepStrictEqual } from 'node:util';
import type { Gateway } from '../../core/context.ts';
import { type AddressCredential, fillCredential } from '../../core/outbound/address-credential.ts';
import { drain, type OutboundAnswer, OutboundError, type StreamedBody } from '../../core/outbound/outbound.ts';
import type { LeavingSignal } from '../../core/turns/leaving.ts';
import { type AdmittedConnection, credentialFor, endRefused, renewCredential } from '../connections/connections.ts';
import type { InjectedCredential } from '../connections/credential/credential.ts';
import type { SignedRequest } from '../connections/signatures/sign-request.ts';
import { type CatalogueEndpoint, type CatalogueIntegration, outboundTarget } from '../recipes/catalogue.ts';
import { requireKnownHost } from '../recipes/known-host.ts';
import type { Variables } from '../recipes/variables.ts';
import { type JudgedAnswer, judgeAnswer } from './answer/judge-answer.ts';
import { leaveRoom, type Reader } from './answer/whole-answers.ts';
import { fetchUpload, type Upload } from './request/body/fetch-upload.ts';
import { sendInSession } from './request/body/upload-session.ts';
import type { Parameters } from './request/check-parameters.ts';
import type { PreparedRequest } from './request/prepare-request.ts';
import { attemptsMax, pause, pauseAfterAnswer, pauseAfterFailure } from './retry.ts';

const timeoutMsDefault = 30_000;
/** The default for streams, and the most where one is collected. */
const collectedMsMax = 120_000;

export interface UpstreamCall extends Reader {
  integration: CatalogueIntegration;
  endpoint: CatalogueEndpoint;
  /** What `request` was made of: the caller's, and the number of the page that they asked for. */
  params: Parameters;
  request: PreparedRequest;
  /** Those that `request` was made with. */
  variables: Variables;
  /** The same request with others, which a renewed credential may bring. */
  prepare: (variables: Variables) => Promise<PreparedRequest>;
  userId: string;
  /** Undefined for what can be called without. */
  connection: AdmittedConnection | undefined;
  idempotencyKey: string | undefined;
  /** The body passes as it comes, and is not looked into. */
  raw: boolean;
  /** Whether a stream passes on live. */
  live: boolean;
  /** Gives its place among the live streams back; undefined where it has none, or whoever watches the stream does so. */
  leavePlace: (() => void) | undefined;
  signal: LeavingSignal | undefined;
  /** Set when the first attempt begins. */
  startedMs: number | undefined;
  /** Whether the service may have received any part of an attempt that it did not refuse for its credential. */
  sent: boolean;
  /** The status of the last attempt's answer: with it, the outcome of a write is known, whatever becomes of its body. */
  answeredStatus: number | undefined;
  /** Where the credential that was used stands in the address. */
  addressCredential: AddressCredential;
}

/** Throws token_expired, connection_frozen, unavailable, and OutboundError. */
export async function callUpstream(gateway: Gateway, call: UpstreamCall): Promise<JudgedAnswer> {
  let credential = call.connection && (await credentialFor(gateway, call.integration, call.connection));
  if (credential && !isDeepStrictEqual(credential.variables, call.variables)) await follow(call, credential);
  call.startedMs = performance.now();
  const deadlineMs = call.startedMs + timeoutOf(call);
  const repeatable = call.endpoint.readOnly || providerIdempotency(call) !== undefined;
  for (let attempt = 1, renewed = false; ; attempt += 1) {
    const sentBefore = call.sent;
    call.answeredStatus = undefined;
    let answer: OutboundAnswer;
    try {
      answer = await send(gateway, call, credential, Math.max(1, deadlineMs - performance.now()));
    } catch (error) {
      await pauseAfterError(call, error, { deadlineMs, attempt, repeatable });
      continue;
    }
    call.sent = true;
    call.answeredStatus = answer.status;
    const judging = judgeAnswer(call, answer);
    const judged = judging instanceof Promise ? await judging : judging;
    if (judged.status === 401 && call.connection && credential) {
      // A refused credential means that nothing was done, so even a write may be sent again with a newer one, and one that
      // finds no newer one is known to have done nothing.
      if (!renewed || judged.code !== undefined) call.sent = sentBefore;
      const newer = renewed ? undefined : await renewKeeping(gateway, call, answer, credential);
      renewed = true;
      if (!newer) return await endOrPass(gateway, call, judged, credential);
      leaveRoom(call);
      credential = newer;
      if (!isDeepStrictEqual(newer.variables, call.variables)) await follow(call, newer);
      attempt -= 1;
      continue;
    }
    const pauseMs =
      repeatable && attempt < attemptsMax
        ? pauseAfterAnswer(call.integration.recipe, judged, { attempt, nowMs: gateway.clock.nowMs() })
        : undefined;
    if (pauseMs === undefined || performance.now() + pauseMs >= deadlineMs) return judged;
    await drain(answer);
    leaveRoom(call);
    await pauseFor(pauseMs, call);
  }
}

function timeoutOf({ endpoint: { spec }, live }: UpstreamCall): number {
  if (spec.answer_stream === undefined) return spec.timeout_ms ?? timeoutMsDefault;
  const timeoutMs = spec.timeout_ms ?? collectedMsMax;
  return live ? timeoutMs : Math.min(timeoutMs, collectedMsMax);
}

/** Goes where the account is now: a renewed credential may belong to another place than the request was made for. */
async function follow(call: UpstreamCall, { variables }: InjectedCredential): Promise<void> {
  call.request = await call.prepare(variables);
  call.variables = variables;
}

/** A status of 401 may be about the call; a code that the recipe knows as a refusal of the credential ends the connection. */
async function endOrPass(gateway: Gateway, call: UpstreamCall, judged: JudgedAnswer, used: InjectedCredential): Promise<JudgedAnswer> {
  if (judged.code === undefined) return judged;
  throw await endRefused(gateway, call.integration, call.connection as AdmittedConnection, used, judged.code);
}

/** Throws the error where no other attempt may follow; otherwise the pause before it has passed. */
async function pauseAfterError(
  call: UpstreamCall,
  error: unknown,
  { deadlineMs, attempt, repeatable }: { deadlineMs: number; attempt: number; repeatable: boolean },
): Promise<void> {
  if (!(error instanceof OutboundError)) throw error;
  call.sent ||= error.sent;
  const pauseMs = pauseAfterFailure(attempt);
  const again = error.kind === 'network' && (repeatable || !error.sent) && attempt < attemptsMax;
  if (!again || performance.now() + pauseMs >= deadlineMs) throw error;
  await pauseFor(pauseMs, call);
}

function send(
  gateway: Gateway,
  call: UpstreamCall,
  credential: InjectedCredential | undefined,
  timeoutMs: number,
): Promise<OutboundAnswer> {
  const { method, body, headers } = call.request;
  const idempotency = providerIdempotency(call);
  const url = addressOf(call, credential);
  const whole = idempotency || credential ? { ...headers, ...idempotency, ...credential?.headers } : headers;
  if (!credential?.sign) return sendRequest(gateway, call, { url, headers: whole }, timeoutMs);
  // Of every attempt anew, since a signature is good for a while alone.
  const signing = credential.sign({ method, url, headers: whole, body, nowMs: gateway.clock.nowMs() });
  return signing.then((signed) => sendRequest(gateway, call, signed, timeoutMs));
}

function sendRequest(gateway: Gateway, call: UpstreamCall, request: SignedRequest, timeoutMs: number): Promise<OutboundAnswer> {
  const { upload, body } = call.request;
  return upload ? sendUpload(gateway, call, request, upload, timeoutMs) : sendBody(gateway, call, request, body, timeoutMs);
}

/** Of every attempt anew: what was fetched is kept nowhere. */
async function sendUpload(
  gateway: Gateway,
  call: UpstreamCall,
  request: SignedRequest,
  upload: Upload,
  timeoutMs: number,
): Promise<OutboundAnswer> {
  const untilMs = performance.now() + timeoutMs;
  const body = await fetchUpload(gateway, upload, { timeoutMs, turnOf: call.userId, signal: call.signal });
  const left = () => Math.max(1, untilMs - performance.now());
  try {
    const { session: plan } = upload;
    if (!plan) return await sendBody(gateway, call, request, body, left());
    const { slug, baseUrl, baseUrlOverridden } = call.integration;
    return await sendInSession({
      integration: slug,
      name: upload.name,
      plan,
      file: body,
      ownOrigin: baseUrlOverridden ? new URL(baseUrl).origin : undefined,
      begin: () => sendBody(gateway, call, request, call.request.body, left()),
      send: (part) =>
        gateway.outbound.send({
          ...part,
          timeoutMs: left(),
          ...outboundTarget(call.integration),
          turnOf: call.userId,
          signal: call.signal,
        }),
    });
  } catch (error) {
    body.stream.destroy();
    throw error;
  }
}

function sendBody(
  gateway: Gateway,
  call: UpstreamCall,
  { url, headers }: SignedRequest,
  body: Buffer | string | StreamedBody | undefined,
  timeoutMs: number,
): Promise<OutboundAnswer> {
  const { method, upload } = call.request;
  return gateway.outbound.send({
    method,
    url,
    headers,
    body,
    timeoutMs,
    idleMs: call.live ? gateway.liveStreams.idleMs : undefined,
    ...outboundTarget(call.integration),
    turnOf: call.userId,
    signal: call.signal,
    // What was streamed is gone, so it cannot be sent to another place.
    followRedirects: upload ? undefined : call.endpoint.readOnly ? (call.endpoint.spec.follow_redirects ? 'read' : undefined) : 'write',
    addressCredential: call.addressCredential,
  });
}

function addressOf(call: UpstreamCall, credential: InjectedCredential | undefined): URL {
  const names = credential ? Object.keys(credential.query) : [];
  const path = credential?.path ?? {};
  call.addressCredential = { query: credential?.query ?? {}, path };
  let address = fillCredential(call.request.url, path);
  for (const name of names)
    address += `${address.includes('?') ? '&' : '?'}${encodeURIComponent(name)}=${encodeURIComponent(credential?.query[name] as string)}`;
  return requireKnownHost(call.integration, address, call.integration.baseUrlOverridden);
}

/** The caller's key in the provider's own header, where there is one and the call is no read. */
function providerIdempotency(call: UpstreamCall): Record<string, string> | undefined {
  const header = call.integration.recipe.idempotency_header;
  if (header === undefined || call.idempotencyKey === undefined || call.endpoint.readOnly) return undefined;
  return { [header.toLowerCase()]: call.idempotencyKey };
}

/** The 401 stays readable, since it is the answer when there is nothing newer. */
async function renewKeeping(
  gateway: Gateway,
  call: UpstreamCall,
  answer: OutboundAnswer,
  used: InjectedCredential,
): Promise<InjectedCredential | undefined> {
  try {
    // Without its body the status still says enough.
    await answer.collect(bodyKeptBytesMax).catch(() => undefined);
    const newer = await renewCredential(gateway, call.integration, call.connection as AdmittedConnection, used);
    if (newer) answer.discard();
    return newer;
  } catch (error) {
    answer.discard();
    throw error;
  }
}

const bodyKeptBytesMax = 64 * 1024;

async function pauseFor(ms: number, call: UpstreamCall): Promise<void> {
  if (!(await pause(ms, call.signal))) throw OutboundError.givenUp(call.integration.slug, call.sent);
}
