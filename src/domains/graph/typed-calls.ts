/** What typed fields call: each is one execution as by `read` and `execute`, and equal reads of one request are one. */
import type { Context } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { mergeWanted, type Wanted } from '../executions/answer/fields/wanted.ts';
import { notKept } from '../executions/answer/kept-answer.ts';
import { pruneAnswer } from '../executions/answer/select.ts';
import { executeEndpoint } from '../executions/execute.ts';
import { type CallFacts, type Execution, type ExecutionInput, requestOf } from '../executions/execution.ts';
import { readSlots } from '../executions/graphql.ts';
import { canonicalJson } from '../executions/request/canonical-json.ts';
import { parseAnswer } from './answer-value.ts';
import { reportOf } from './report.ts';

export interface TypedCall {
  integration: string;
  endpoint: string;
  params: Record<string, unknown>;
  account: string | undefined;
  idempotencyKey?: string | undefined;
  /** Which fields of the answer are selected; undefined where it is JSON, which passes as it came. */
  wanted: Wanted | undefined;
}

/** What one field's answer may still be when it is read here, where everybody waits for it; whoever needs more takes pages. */
const fieldsBytesMax = 1024 * 1024;
/** Of all answers of a request together. */
const requestBytesMax = 8 * fieldsBytesMax;

/** Once more in the same request it is the same call. Throws SkillettError, `upstream_failed` for what the service refused. */
export function readTyped(context: Context, call: TypedCall): Promise<unknown> {
  const reads = context.once('typed reads', () => new Map<string, SharedRead>());
  const key =
    JSON.stringify([call.integration, call.endpoint, call.account ?? null, call.wanted === undefined]) + canonicalJson(call.params);
  const shared = reads.get(key);
  if (shared?.take(call.wanted)) {
    reportOf(context).shared += 1;
    return shared.answer;
  }
  const read = new SharedRead(call, (whole) => readSlots(context).run(() => callTyped(context, whole, true)));
  reads.set(key, read);
  return read.answer;
}

export function writeTyped(context: Context, call: TypedCall): Promise<unknown> {
  return callTyped(context, call, false);
}

/** Begun when all fields that the request asks for at this moment have said what they want of it. */
class SharedRead {
  readonly answer: Promise<unknown>;
  #call: TypedCall;
  #begun = false;

  constructor(call: TypedCall, begin: (call: TypedCall) => Promise<unknown>) {
    this.#call = call;
    this.answer = new Promise((resolve) => setImmediate(resolve)).then(() => {
      this.#begun = true;
      return begin(this.#call);
    });
    // Whoever asked hears of it.
    this.answer.catch(() => {});
  }

  /** Whether its answer will hold this too. */
  take(wanted: Wanted | undefined): boolean {
    const { wanted: before } = this.#call;
    if (before === undefined || wanted === undefined || before === true) return true;
    if (this.#begun) return false;
    this.#call = { ...this.#call, wanted: mergeWanted(before, wanted) };
    return true;
  }
}

async function callTyped(context: Context, call: TypedCall, readOnly: boolean): Promise<unknown> {
  const report = reportOf(context);
  const facts: CallFacts = {};
  report.calls += 1;
  try {
    const input: ExecutionInput = { ...call, readOnly, facts };
    const execution = await executeEndpoint(context.gateway, requestOf(context, input));
    if (!execution.ok) throw upstreamFailed(call, execution);
    return await readFields(context, call, execution, readOnly);
  } catch (error) {
    if (!(error instanceof SkillettError) || error.call) throw error;
    const { code, message, action, details, headers, originalError: cause, status } = error;
    throw new SkillettError(code, message, { action, details, headers, cause, call: { status, callId: facts.callId } });
  } finally {
    if (facts.quota) report.quota[call.integration] = facts.quota;
  }
}

async function readFields(context: Context, call: TypedCall, { data, replayed }: Execution, readOnly: boolean): Promise<unknown> {
  const { integration, endpoint, wanted } = call;
  if (!data || wanted === undefined) return data;
  const whole = await data.load();
  const asker = { userId: replayed ? (await context.holder()).userId : '', signal: context.signal, waitedMs: 0 };
  const json = replayed ? await pruneAnswer(whole, wanted, asker, integration) : whole;
  const read = context.once('typed bytes', () => ({ bytes: 0 }));
  if (json.length > fieldsBytesMax)
    throw tooLarge(
      call,
      readOnly,
      `The fields that are asked of \`${endpoint}\` of ${integration} are more than ${fieldsBytesMax / 1024 / 1024} MiB together.`,
      'Ask for fewer fields or fewer rows, or take the answer as it is by `read`.',
    );
  read.bytes += json.length;
  if (read.bytes > requestBytesMax)
    throw tooLarge(
      call,
      readOnly,
      `The fields that are asked of all calls of this request are more than ${requestBytesMax / 1024 / 1024} MiB together.`,
      'Ask for fewer in one document.',
    );
  const answer = parseAnswer(json);
  if (replayed && answer === notKept) throw tooLarge(call, readOnly, notKept, '');
  return answer;
}

/** Nobody must do a write again to get what it answered. */
function tooLarge({ integration, endpoint }: TypedCall, readOnly: boolean, why: string, remedy: string): SkillettError {
  const done = `The write \`${endpoint}\` of ${integration} was done all the same: do not send it again, and read what it made.`;
  return new SkillettError('payload_too_large', `${why} ${readOnly ? remedy : done}`);
}

function upstreamFailed({ integration, endpoint }: TypedCall, { status, error, callId }: Execution): SkillettError {
  return new SkillettError(
    'upstream_failed',
    `${integration} answered \`${endpoint}\` with status ${status}. \`extensions.error\` holds what it said.`,
    { call: { status, error, callId } },
  );
}
