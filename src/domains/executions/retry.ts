/** When a call that failed may be made again, and after how long. */

import { parseHttpDate } from '../../core/text/http-date.ts';
import type { LeavingListener, LeavingSignal } from '../../core/turns/leaving.ts';
import type { Integration } from '../recipes/format/format.ts';
import type { JudgedAnswer } from './answer/judge-answer.ts';
import type { QuotaLeft } from './execution.ts';

export const attemptsMax = 3;

const firstPauseMs = 250;
/** No service means more than a month; what says so is no sane number. */
const waitMsMax = 31 * 24 * 3_600_000;
const limitStatusesDefault = [429];
const failureStatusesDefault = [500, 502, 503, 504];

type Judged = Pick<JudgedAnswer, 'answer' | 'status' | 'limited'>;

/** What a pause takes into account besides the answer. */
interface RetryMoment {
  /** Attempts made so far. */
  attempt: number;
  nowMs: number;
}

/** How long to wait before the next attempt; undefined when the answer is final. */
export function pauseAfterAnswer(recipe: Integration, judged: Judged, moment: RetryMoment): number | undefined {
  const limited = isLimited(recipe, judged);
  const failed = (recipe.retry?.statuses ?? failureStatusesDefault).includes(judged.status);
  if (!limited && !failed) return undefined;
  // Never sooner than without being asked: a service in trouble may well say 0.
  return Math.max(askedPause(recipe, judged, moment.nowMs) ?? 0, pauseAfterFailure(moment.attempt));
}

/** How long the service asks callers to stay away, in milliseconds; undefined when it does not. */
export function askedWait(recipe: Integration, judged: Judged, nowMs: number): number | undefined {
  const asks = judged.status === 429 || judged.status === 503 || isLimited(recipe, judged);
  return asks ? askedPause(recipe, judged, nowMs) : undefined;
}

/** Doubling, with a random part so that callers which failed together do not come back together. */
export function pauseAfterFailure(attempt: number): number {
  return firstPauseMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
}

/** False at once when whoever asked has gone. */
export function pause(ms: number, signal: LeavingSignal | undefined): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const listener: LeavingListener = { handleEvent: () => end(false) };
    const timer = setTimeout(() => end(true), ms);
    const end = (whole: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', listener);
      resolve(whole);
    };
    signal?.addEventListener('abort', listener);
  });
}

/** What the service's headers say is left; undefined where its recipe names none, or they say nothing that can be read. */
export function quotaLeft({ rate_limit: limit }: Integration, judged: Judged, nowMs: number): QuotaLeft | undefined {
  const left = limit?.remaining === undefined ? undefined : headerOf(judged, limit.remaining);
  if (left === undefined || !wholeOrFraction.test(left)) return undefined;
  const reset = limit?.reset === undefined ? undefined : headerOf(judged, limit.reset);
  const waitMs = reset === undefined ? undefined : readReset(reset, limit?.reset_unit ?? 'epoch_seconds', nowMs);
  return { remaining: Number(left), ...(waitMs === undefined ? {} : { resetsAt: new Date(nowMs + waitMs).toISOString() }) };
}

function isLimited(recipe: Integration, judged: Judged): boolean {
  if (judged.limited) return true;
  const limit = recipe.rate_limit;
  if (!(limit?.statuses ?? limitStatusesDefault).includes(judged.status)) return false;
  // A status with another usual meaning (GitHub's 403) is a limit only where the headers say so, or the body (`rate_limit.when`).
  return judged.status === 429 || isUsedUp(recipe, judged) || headerOf(judged, limit?.retry_after ?? 'retry-after') !== undefined;
}

function isUsedUp(recipe: Integration, judged: Judged): boolean {
  const name = recipe.rate_limit?.remaining;
  return name !== undefined && headerOf(judged, name) === '0';
}

/** What the service asks for in Retry-After (RFC 9110, section 10.2.3) or in its own headers, or what its recipe says where it names no time. */
function askedPause(recipe: Integration, judged: Judged, nowMs: number): number | undefined {
  const limit = recipe.rate_limit;
  const retryAfter = headerOf(judged, limit?.retry_after ?? 'retry-after');
  const asked = retryAfter === undefined ? undefined : readWait(retryAfter, nowMs);
  if (asked !== undefined) return asked;
  const reset = limit?.reset === undefined || !isUsedUp(recipe, judged) ? undefined : headerOf(judged, limit.reset);
  const untilReset = reset === undefined ? undefined : readReset(reset, limit?.reset_unit ?? 'epoch_seconds', nowMs);
  if (untilReset !== undefined) return untilReset;
  return limit?.wait_seconds !== undefined && isLimited(recipe, judged) ? limit.wait_seconds * 1000 : undefined;
}

const wholeOrFraction = /^\d{1,16}(\.\d{1,9})?$/;

function readWait(text: string, nowMs: number): number | undefined {
  if (wholeOrFraction.test(text)) return saneWait(Number(text) * 1000);
  const date = parseHttpDate(text, nowMs);
  return date === undefined ? undefined : saneWait(date - nowMs);
}

type ResetUnit = NonNullable<NonNullable<Integration['rate_limit']>['reset_unit']>;

function readReset(text: string, unit: ResetUnit, nowMs: number): number | undefined {
  if (unit === 'date') {
    const date = parseHttpDate(text, nowMs) ?? (isoDate.test(text) ? Date.parse(text) : Number.NaN);
    return saneWait(date - nowMs);
  }
  if (!wholeOrFraction.test(text)) return undefined;
  const value = Number(text) * (unit === 'seconds' || unit === 'epoch_seconds' ? 1000 : 1);
  return saneWait(unit.startsWith('epoch') ? value - nowMs : value);
}

/** RFC 3339, section 5.6. */
const isoDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Undefined for what lies in the past or is absurd: then it is as if the service had named no time. */
function saneWait(ms: number): number | undefined {
  return ms >= 0 && ms <= waitMsMax ? ms : undefined;
}

/** A header that came several times, alike, came once. */
function headerOf({ answer }: Judged, name: string): string | undefined {
  const value = answer.headers[name.toLowerCase()];
  if (value === undefined) return undefined;
  const [first, ...others] = [value].flat().map((one) => one.trim());
  return others.every((other) => other === first) ? first : undefined;
}
