/** What goes into an execution, what comes out, and what it carries along its path. */
import type { Caller, Context, Door, Gateway } from '../../core/context.ts';
import type { SkillettError } from '../../core/errors.ts';
import type { ByteSource, RawJson } from '../../core/json/raw-json.ts';
import { isRedirect } from '../../core/outbound/outbound.ts';
import type { Principal } from '../../core/principal.ts';
import type { LeavingSignal } from '../../core/turns/leaving.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../recipes/catalogue.ts';
import type { AnswerStream } from '../recipes/format/answer/streams.ts';
import type { Admission } from './admission/admit.ts';
import type { Wanted } from './answer/fields/wanted.ts';
import type { LeanView } from './answer/lean/plan.ts';
import type { LeanTable } from './answer/lean/table.ts';
import type { AnswerHeaders } from './answer/passed/answer-headers.ts';
import type { UpstreamCall } from './call-upstream.ts';
import type { PagedCall } from './request/next-page.ts';

/** What a caller asks for, through whichever door. */
export interface ExecutionInput {
  integration: string;
  endpoint: string;
  params?: unknown;
  account?: string | null | undefined;
  select?: string | null | undefined;
  /** Rows and columns in place of the answer. */
  view?: LeanView | undefined;
  next?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
  messageKey?: string | undefined;
  readOnly: boolean;
  raw?: boolean | undefined;
  streams?: readonly AnswerStream[] | undefined;
  fault?: SkillettError | undefined;
  wanted?: Wanted | undefined;
  facts?: CallFacts | undefined;
}

/** What the service says of its own limit: how many calls are left, and when the count begins anew. */
export interface QuotaLeft {
  remaining: number;
  /** ISO 8601. */
  resetsAt?: string;
}

/** What becomes known on the way, also when the execution then fails. */
export interface CallFacts {
  callId?: string;
  quota?: QuotaLeft | undefined;
}

/** The engine's request, from what a door knows of whoever asks and what they ask for. */
export function requestOf(context: Context, input: ExecutionInput): ExecutionRequest {
  return {
    caller: context.caller,
    principal: context.principal,
    integration: input.integration,
    endpoint: input.endpoint,
    params: input.params ?? undefined,
    fault: input.fault,
    account: input.account ?? undefined,
    select: input.select ?? undefined,
    view: input.view,
    next: input.next ?? undefined,
    idempotencyKey: input.idempotencyKey ?? undefined,
    messageKey: input.messageKey,
    door: context.door,
    requestId: context.requestId,
    signal: context.signal,
    readOnly: input.readOnly,
    raw: input.raw === true,
    streams: input.streams ?? [],
    answerHeaders: context.answerHeaders,
    wanted: input.wanted,
    facts: input.facts,
  };
}

export interface ExecutionRequest {
  caller(): Caller | Promise<Caller>;
  /** Looked up only where there is nothing to admit. */
  principal(): Promise<Principal>;
  integration: string;
  endpoint: string;
  /** As the caller sent them; undefined for none. */
  params: unknown;
  /** What the door found wrong with the request, which leaves it without parameters. */
  fault?: SkillettError | undefined;
  account: string | undefined;
  /** A JMESPath expression over `data`. */
  select: string | undefined;
  /** Rows and columns in place of the answer. */
  view?: LeanView | undefined;
  /** Of the answer with the page before. */
  next: string | undefined;
  idempotencyKey: string | undefined;
  /**
   * Names the message that asks, where a door's clients send one again that broke off: within ten minutes it is then the same execution.
   * An idempotency key goes before it, and no service gets to see it.
   */
  messageKey: string | undefined;
  door: Door;
  requestId: string;
  /** Aborted when the client leaves. */
  signal: LeavingSignal;
  /** Refuse what is not read-only. */
  readOnly: boolean;
  /** Answer the service's body as it comes, in `raw`. */
  raw: boolean;
  /** Kinds of streams that the client takes as they come. */
  streams: readonly AnswerStream[];
  /** Takes headers for the door's answer, also when the execution then fails. */
  answerHeaders: Map<string, string>;
  /** What is left out of `data`, beside the loop where the answer is long; a kept answer is whole. */
  wanted?: Wanted | undefined;
  facts?: CallFacts | undefined;
}

export interface Execution {
  callId: string;
  /** Of the account that it was called with; undefined without one, and for an answer that is given again. */
  connectionId?: string | undefined;
  /** The service's own, or the one that its recipe gives to a failure which came as a success (judge-answer.ts). */
  status: number;
  /** Whether the service did what it was asked. */
  ok: boolean;
  /** The body on success, cut by `select`. */
  data: RawJson | null;
  /** The body of an upstream failure. */
  error: RawJson | null;
  durationMs: number;
  /** The first answer to this idempotency key, not a new call. */
  replayed: boolean;
  /** Why `data` is whole although `select` was given. */
  selectError: string | null;
  /** What `select` asks for that no shape of the answer knows. */
  selectWarning?: string | undefined;
  /** Leads to the next page, where the service says that there is one. */
  next: string | null;
  /** Headers of the answer that the recipe names; in the raw form they stand among its own. */
  meta: AnswerHeaders | null;
  /** On success with a `view`, which `data` then holds too. */
  table?: LeanTable | undefined;
  /** In the raw form, instead of `data` and `error`. */
  raw: RawAnswer | undefined;
}

/** A body to pass on as it comes. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: ByteSource;
  /** What has come goes out at once, the headers alone too. */
  live?: boolean | undefined;
}

/** One admitted call on its way. */
export interface Run {
  gateway: Gateway;
  request: ExecutionRequest;
  integration: CatalogueIntegration;
  endpoint: CatalogueEndpoint;
  callId: string;
  startedMs: number;
  admission: Admission;
  /** Undefined until everything that can refuse the call has been asked. */
  call: UpstreamCall | undefined;
}

/** What its pages belong to. */
export function pagedCallOf({ admission, endpoint, request }: Run): PagedCall {
  return { userId: admission.principal.userId, connectionId: admission.connection?.id, endpoint, params: request.params };
}

/** 204, 205 and 3xx cannot carry an envelope, so they become 200 (docs/api.md, "Answers"). */
export function envelopeStatus(upstream: number): number {
  return upstream === 204 || upstream === 205 || isRedirect(upstream) ? 200 : upstream;
}
