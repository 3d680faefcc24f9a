/** When a call that failed may be made again, and after how long. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Integration } from '../recipes/format.ts';
import type { JudgedAnswer } from './judge-answer.ts';

export const attemptsMax = 3;

const firstPauseMs = 250;
const limitStatusesDefault = [429];
const failureStatusesDefault = [500, 502, 503, 504];

type Judged = Pick<JudgedAnswer, 'answer' | 'status'>;

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
  return askedPause(recipe, judged, moment.nowMs) ?? pauseAfterFailure(moment.attempt);
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

export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {});
}

function isLimited(recipe: Integration, judged: Judged): boolean {
  const limit = recipe.rate_limit;
  if (!(limit?.statuses ?? limitStatusesDefault).includes(judged.status)) return false;
  // A status with another usual meaning (GitHub's 403) is a limit only where the headers say so.
  return judged.status === 429 || isUsedUp(recipe, judged) || headerOf(judged, limit?.retry_after ?? 'retry-after') !== undefined;
}

function isUsedUp(recipe: Integration, judged: Judged): boolean {
  const name = recipe.rate_limit?.remaining;
  return name !== undefined && headerOf(judged, name) === '0';
}

/** What the service asks for in Retry-After (RFC 9110, section 10.2.3) or in its own headers. */
function askedPause(recipe: Integration, judged: Judged, nowMs: number): number | undefined {
  const limit = recipe.rate_limit;
  const retryAfter = headerOf(judged, limit?.retry_after ?? 'retry-after');
  if (retryAfter !== undefined) {
    if (/^\d+(\.\d+)?$/.test(retryAfter)) return Number(retryAfter) * 1000;
    const date = Date.parse(retryAfter);
    if (!Number.isNaN(date)) return Math.max(0, date - nowMs);
  }
  const reset = limit?.reset === undefined || !isUsedUp(recipe, judged) ? undefined : headerOf(judged, limit.reset);
  if (reset === undefined) return undefined;
  const value = limit?.reset_unit === 'date' ? Date.parse(reset) : Number(reset);
  if (Number.isNaN(value)) return undefined;
  switch (limit?.reset_unit) {
    case 'seconds':
      return value * 1000;
    case 'milliseconds':
      return value;
    case 'epoch_milliseconds':
    case 'date':
      return Math.max(0, value - nowMs);
    default:
      return Math.max(0, value * 1000 - nowMs);
  }
}

function headerOf({ answer }: Judged, name: string): string | undefined {
  const value = answer.headers[name.toLowerCase()];
  return typeof value === 'string' ? value.trim() : undefined;
}
