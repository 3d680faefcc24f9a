/** How a call ends that gives no answer: what is written down, what becomes of its idempotency key, and what the client is told. */
import { SkillettError } from '../../core/errors.ts';
import { OutboundError } from '../../core/outbound/outbound.ts';
import type { RecordedCode } from '../../core/schema/error-code.ts';
import { sealAnswer } from './answer/kept-answer.ts';
import type { Run } from './execution.ts';
import type { IdempotencyClaim } from './store.ts';

/** Writes down why no answer can be given, and returns what the client is told. */
export async function settleFailure(run: Run, error: unknown): Promise<unknown> {
  const { gateway, endpoint, callId, call } = run;
  const { claim } = run.admission;
  const sent = call?.sent === true;
  const answered = sent ? call.answeredStatus : undefined;
  // Nobody knows whether a write took effect whose answer was lost. A status tells, even where its body does not arrive.
  const lost = sent && !endpoint.readOnly && answered === undefined;
  const refused = !sent && error instanceof SkillettError && error.status < 500;
  const nowMs = performance.now();
  gateway.admission.complete({
    callId,
    outcome: lost ? 'unknown' : refused ? 'refused' : 'failed',
    errorCode: recordedCode(run, error),
    upstreamStatus: answered,
    upstreamMs: call?.startedMs === undefined ? undefined : nowMs - call.startedMs,
    totalMs: nowMs - run.startedMs,
  });
  const told = answered === undefined || endpoint.readOnly ? error : withStatus(error, answered);
  if (!claim) return told;
  try {
    if (lost) await gateway.admission.loseIdempotent(claim);
    else if (told instanceof AnsweredFailure) await keepFailure(run, claim, told);
    else await gateway.admission.releaseIdempotent(claim);
  } catch (failure) {
    // The claim stays as running, and what repeats the call is refused until it lapses: late, but never sent twice.
    gateway.log.warn({ requestId: run.request.requestId, callId, err: failure }, 'an idempotency key could not be freed');
  }
  // Who gave no key of their own reads what every door says of such a call, and this sentence when they send it again.
  return lost && run.request.idempotencyKey !== undefined ? outcomeUnknown(run) : told;
}

/** A write that the service answered, although the answer cannot be given. */
class AnsweredFailure extends SkillettError {
  readonly upstreamStatus: number;

  constructor(error: SkillettError, upstreamStatus: number) {
    const { action, details, originalError: cause } = error;
    const done = upstreamStatus < 400;
    const known = done
      ? 'so it has most likely done what it was asked. Look there before you repeat it.'
      : 'so it has most likely not done what it was asked.';
    // Whoever repeats by itself what is temporary must not repeat what is done.
    const code = done && error.code === 'unavailable' ? 'upstream_unexpected' : error.code;
    super(code, `${error.message} The service had answered with status ${upstreamStatus}, ${known}`, {
      ...{ action, headers: done ? {} : error.headers, cause },
      ...(details ? { details } : {}),
    });
    this.upstreamStatus = upstreamStatus;
  }
}

function withStatus(error: unknown, upstreamStatus: number): AnsweredFailure {
  const known =
    error instanceof SkillettError ? error : new SkillettError('internal', 'Something went wrong inside Skillett.', { cause: error });
  return new AnsweredFailure(known, upstreamStatus);
}

/** A repetition would do again what is done already, so it is told the same. */
async function keepFailure({ gateway, callId }: Run, claim: IdempotencyClaim, failure: AnsweredFailure): Promise<void> {
  const { code, message, upstreamStatus: status } = failure;
  await gateway.admission.completeIdempotent(claim, { status, answer: sealAnswer(gateway, callId, { failure: { code, message } }) });
}

/** Who hung up is not to be read as a fault of the service. */
function recordedCode({ request }: Run, error: unknown): RecordedCode {
  if (error instanceof OutboundError && error.kind === 'aborted' && request.signal.aborted) return 'client_gone';
  return error instanceof SkillettError ? error.code : 'internal';
}

function outcomeUnknown({ endpoint, integration, callId }: Run): SkillettError {
  return new SkillettError(
    'outcome_unknown',
    `${integration.recipe.name} was sent this call of \`${endpoint.name}\` (${callId}), but its answer was lost, so it may or may not have taken effect. Look in ${integration.recipe.name} for what it should have done; only when that is not there, call again with a new idempotency key.`,
  );
}
