/** From the service's answer to the execution's: read, cut, kept for a repeated idempotency key, and written down. */
import { SkillettError } from '../../../core/errors.ts';
import { jsonBytesMax, wholeBytesMax } from '../../../core/json/json-body.ts';
import { RawJson } from '../../../core/json/raw-json.ts';
import { isRedirect, type OutboundAnswer, OutboundError } from '../../../core/outbound/outbound.ts';
import { Crowded } from '../../../core/turns/turn.ts';
import type { UpstreamCall } from '../call-upstream.ts';
import { type Execution, envelopeStatus, pagedCallOf, type Run } from '../execution.ts';
import { findNextQuery, findNextTarget, nextPlaceOf, sealNext } from '../request/next-page.ts';
import { nextNumber } from '../request/numbered-pages.ts';
import type { Wanted } from './fields/wanted.ts';
import type { JudgedAnswer } from './judge-answer.ts';
import { type KeptAnswer, keptBytesMax, sealAnswer } from './kept-answer.ts';
import { makeTable } from './lean/make-table.ts';
import { cursorPlanOf, type LeanView, planOf } from './lean/plan.ts';
import { namedHeaders } from './passed/answer-headers.ts';
import { streamOf } from './passed/streams.ts';
import { readAnswer } from './read-answer.ts';
import { applySelect, pruneAnswer, selectPatienceMs } from './select.ts';
import { keepRoom, makeRoom, requireRoom } from './whole-answers.ts';

/** Throws OutboundError when the body is too long or does not arrive. */
export function answerExecution(run: Run, call: UpstreamCall, judged: JudgedAnswer): Promise<Execution> {
  const live = call.live && judged.ok && streamOf(call.endpoint, judged.answer) !== undefined;
  const answerInForm = live ? answerLive : run.request.raw && !isRedirect(judged.answer.status) ? answerRaw : answerJson;
  if (!run.admission.claim) return answerInForm(run, call, judged, undefined);
  // An answer that is kept is there as a whole before its first byte goes out.
  return judged.answer.collect(keptBytesMax).then((body) => answerInForm(run, call, judged, body));
}

/** `over` tells when it is over in place of the answer itself. */
type WatchedAnswer = JudgedAnswer & { over?: OutboundAnswer['whenOver'] | undefined };

type Answered = Pick<Execution, 'data' | 'error' | 'selectError' | 'next' | 'meta' | 'raw' | 'table'>;

async function answerJson(run: Run, call: UpstreamCall, judged: JudgedAnswer, body: Buffer | undefined): Promise<Execution> {
  const { answer, ok } = judged;
  const passedOn = body ? keptBytesMax : wholeBytesMax;
  const expression = ok ? run.request.select : undefined;
  const wanted = ok ? run.request.wanted : undefined;
  const view = ok ? run.request.view : undefined;
  const looked = wanted !== undefined || view !== undefined;
  if (looked && expression === undefined && !judged.json) await requireRoom(call, answer);
  const cut: Cut =
    expression === undefined
      ? {
          json: judged.json ?? (await readAnswer(answer, { wholeBytesMax: looked ? jsonBytesMax : passedOn, reader: call })),
          selectError: undefined,
        }
      : await select(judged, expression, call, passedOn);
  const { selectError } = cut;
  const lean = view && (await tabulate(call, view, cut));
  const json = lean?.json ?? cut.json;
  const next = nextOf(run, call, judged);
  const meta = namedHeaders(call.endpoint, answer, call.addressCredential);
  if (run.admission.claim) {
    const kept = body || json.pieces ? await json.load() : undefined;
    await keep(run, judged, kept && { json: kept, selectError, next, meta });
  }
  // A table is passed on by value, so nobody would take what kept the room.
  const held = lean ? json : await hold(run, call, json, wanted);
  return finish(
    run,
    call,
    { ...judged, over: json.whenOver },
    {
      data: ok ? held : null,
      error: ok ? null : held,
      selectError: selectError ?? null,
      next: next ?? null,
      meta: meta ?? null,
      raw: undefined,
      table: lean?.table,
    },
  );
}

async function tabulate(call: UpstreamCall, view: LeanView, { json, whole }: Cut): ReturnType<typeof makeTable> {
  const { endpoint, integration } = call;
  const bytes = await json.load();
  const made = await makeTable(bytes, planOf(endpoint, view), call, integration.slug);
  const going = cursorPlanOf(endpoint, view);
  if (!going) return made;
  const { cursor } = (await makeTable(whole ?? bytes, going, call, integration.slug)).table;
  const table = { ...made.table, cursor };
  return { table, json: RawJson.fromValue(table) };
}

function hold({ request }: Run, call: UpstreamCall, json: RawJson, wanted: Wanted | undefined): RawJson | Promise<RawJson> {
  if (wanted !== undefined)
    return json.load().then(async (whole) => RawJson.fromBytes(await pruneAnswer(whole, wanted, call, call.integration.slug)));
  // Over GraphQL nothing goes out before all fields are done: one that kept its room would keep the next ones of its request out.
  return request.door === 'graphql' ? json : keepRoom(call, json);
}

function nextOf(run: Run, call: UpstreamCall, { answer, ok, next }: JudgedAnswer): string | undefined {
  const place = ok ? nextPlaceOf(call.integration, call.endpoint) : undefined;
  if (place?.kind === 'number') {
    const number = next && 'rows' in next ? nextNumber(place.paging, call.params, next.rows) : undefined;
    return number === undefined ? undefined : sealNext(run.gateway, pagedCallOf(run), 'next number', String(number));
  }
  const target = place?.kind === 'header' ? findNextTarget(answer, place.name) : next && 'link' in next ? next.link : undefined;
  const query = place && target !== undefined ? findNextQuery(target, { ...call, url: call.request.url }) : undefined;
  return query === undefined ? undefined : sealNext(run.gateway, pagedCallOf(run), 'next page', query);
}

interface Cut {
  json: RawJson;
  selectError: string | undefined;
  /** The answer that `select` made `json` of. */
  whole?: Buffer;
}

/** An answer that finds no room goes on as without the expression, since the service has done its work. */
async function select({ answer, json: read }: JudgedAnswer, expression: string, call: UpstreamCall, passedOn: number): Promise<Cut> {
  if (!read) {
    const crowded = await makeRoom(call, answer, selectPatienceMs).catch(crowdedOnly);
    if (crowded) return { json: await readAnswer(answer, { wholeBytesMax: passedOn, reader: call }), selectError: notApplied(crowded) };
  }
  const json = read ?? (await readAnswer(answer, { wholeBytesMax: jsonBytesMax, reader: call }));
  const whole = await json.load();
  try {
    return { json: RawJson.fromBytes(await applySelect(whole, expression, call)), selectError: undefined, whole };
  } catch (error) {
    return { json, selectError: notApplied(error as Error) };
  }
}

function crowdedOnly(error: unknown): Crowded {
  if (error instanceof Crowded) return error;
  throw error;
}

function notApplied({ message }: Error): string {
  return `\`select\` was not applied, so \`data\` is whole: ${message}.`;
}

/** From here on the stream ends with its key and its connection; its row then says so. */
function watch({ gateway, admission }: Run, call: UpstreamCall, judged: JudgedAnswer): WatchedAnswer {
  const { answer } = judged;
  let ended: SkillettError | undefined;
  const { leavePlace } = call;
  call.leavePlace = undefined;
  const stop = gateway.liveStreams.watch({
    keyId: admission.principal.holderId,
    connectionId: call.connection?.id,
    end: (why) => {
      ended = why;
      answer.discard();
    },
  });
  const over: OutboundAnswer['whenOver'] = (listener) =>
    answer.whenOver((bytes, failure) => {
      stop();
      leavePlace?.();
      listener(bytes, ended ?? failure);
    });
  return { ...judged, over };
}

/** What is there as a whole already is not watched. */
function answerLive(run: Run, call: UpstreamCall, judged: JudgedAnswer, body: Buffer | undefined): Promise<Execution> {
  return body ? answerRaw(run, call, judged, body) : answerRaw(run, call, watch(run, call, judged), undefined, true);
}

async function answerRaw(run: Run, call: UpstreamCall, judged: WatchedAnswer, body: Buffer | undefined, live = false): Promise<Execution> {
  const { answer } = judged;
  const headers: Record<string, string> = { ...namedHeaders(call.endpoint, answer, call.addressCredential) };
  for (const name of ['content-type', 'content-length', 'content-disposition']) {
    const value = answer.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  if (!judged.ok) headers['x-skillett-error-source'] = 'upstream';
  const next = nextOf(run, call, judged);
  if (next !== undefined) headers['x-skillett-next'] = next;
  if (run.admission.claim) await keep(run, judged, body && { raw: { headers, body } });
  const raw = { status: envelopeStatus(judged.status), headers, body: answer, live };
  return finish(run, call, judged, { data: null, error: null, selectError: null, next: next ?? null, meta: null, raw });
}

/** Commits the first answer of an idempotency key. When that fails the client still gets it; a repetition is then refused, not sent. */
async function keep(run: Run, { status }: JudgedAnswer, kept: KeptAnswer | undefined): Promise<void> {
  const { gateway, callId } = run;
  const { claim } = run.admission;
  if (!claim) return;
  try {
    await gateway.admission.completeIdempotent(claim, { status, answer: sealAnswer(gateway, callId, kept) });
  } catch (error) {
    gateway.log.warn({ requestId: run.request.requestId, callId, err: error }, 'an answer could not be kept for its idempotency key');
  }
}

/** The call is written down when the last byte of its answer has passed. */
function finish(run: Run, call: UpstreamCall, { answer, status, ok, over }: WatchedAnswer, answered: Answered): Execution {
  const { gateway, callId } = run;
  (over ?? answer.whenOver.bind(answer))((bytes, failure) => {
    const nowMs = performance.now();
    // A client that leaves, or a note for people beside a redirect that nobody reads, is no failure of the call.
    const broken = failure && !(failure instanceof OutboundError && failure.kind === 'aborted');
    gateway.admission.complete({
      callId,
      outcome: broken ? 'failed' : ok ? 'succeeded' : 'upstream_failed',
      errorCode: broken ? (failure instanceof SkillettError ? failure.code : 'internal') : undefined,
      upstreamStatus: answer.status,
      responseBytes: bytes,
      upstreamMs: nowMs - (call.startedMs as number),
      totalMs: nowMs - run.startedMs,
    });
  });
  const durationMs = Math.round(performance.now() - run.startedMs);
  return { callId, connectionId: call.connection?.id, status, ok, durationMs, replayed: false, ...answered };
}
