/** Writes how calls ended: in the background, many at once, bounded in memory. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway } from '../../core/context.ts';
import { isDatabaseAway, isTransient } from '../../core/database/database.ts';
import { unavailable } from '../../core/errors.ts';
import { type CompletedCall, completeCalls, correctUnknownCalls } from './settle-store.ts';

const batchMax = 512;
/** Nobody waits for these rows, so they gather for a moment: a statement for many costs hardly more than one for a few. */
const gatherMs = 50;
/** From here on new calls wait for room, */
const crowdedAt = 2_048;
/** this long, and are then refused. */
const waitMaxMs = 2_000;
const retryMs = 500;
const closeMaxMs = 10_000;

export class CompletionBuffer {
  readonly #parts: Pick<Gateway, 'database' | 'clock' | 'log'>;
  #waiting: CompletedCall[] = [];
  #writing: Promise<void> | undefined;
  readonly #waiters = new Set<() => void>();
  #closeBy = Number.POSITIVE_INFINITY;
  #stopGathering: () => void = () => {};

  constructor(parts: Pick<Gateway, 'database' | 'clock' | 'log'>) {
    this.#parts = parts;
  }

  /** There is so much to write that new calls must wait. */
  get crowded(): boolean {
    return this.#waiting.length >= crowdedAt;
  }

  add(call: CompletedCall): void {
    this.#waiting.push(call);
    this.#writing ??= this.#gather().then(() => this.#writeAll());
    if (this.#waiting.length >= batchMax) this.#stopGathering();
  }

  /** Returns when there is room again. Throws 503 `unavailable` when there is none soon. */
  room(): Promise<void> {
    return new Promise((resolve, reject) => {
      const resume = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(resume);
        reject(unavailable('The call log cannot be written as fast as calls end. Try again shortly.', 2));
      }, waitMaxMs);
      this.#waiters.add(resume);
    });
  }

  /** Writes what is there. What cannot be written in `closeMaxMs` stays as started, which the sweep turns into unknown. */
  async close(): Promise<void> {
    this.#closeBy = performance.now() + closeMaxMs;
    this.#stopGathering();
    await this.#writing;
  }

  #gather(): Promise<void> {
    if (this.#closeBy !== Number.POSITIVE_INFINITY) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, gatherMs);
      this.#stopGathering = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, batchMax);
      const done = await this.#writeOrSplit(batch);
      if (done) {
        this.#waiting.splice(0, batch.length);
        if (!this.crowded) this.#resumeWaiters();
      } else if (performance.now() > this.#closeBy) {
        this.#parts.log.error({ calls: this.#waiting.length }, 'the database is away: the ends of these calls were not written');
        this.#waiting = [];
      } else {
        await delay(retryMs);
      }
    }
    this.#writing = undefined;
  }

  #resumeWaiters(): void {
    for (const resume of this.#waiters) resume();
    this.#waiters.clear();
  }

  /** False when the database is away, so that the rows have to be kept. A row that cannot be written is given up alone. */
  async #writeOrSplit(batch: readonly CompletedCall[]): Promise<boolean> {
    try {
      await this.#write(batch);
      return true;
    } catch (error) {
      if (isDatabaseAway(error) || isTransient(error)) return false;
      if (batch.length === 1) {
        this.#parts.log.error({ err: error, callId: batch[0]?.callId }, 'the end of a call could not be written');
        return true;
      }
      const half = batch.length >> 1;
      return (await this.#writeOrSplit(batch.slice(0, half))) && this.#writeOrSplit(batch.slice(half));
    }
  }

  async #write(batch: readonly CompletedCall[]): Promise<void> {
    const { database, clock } = this.#parts;
    const completed = await completeCalls(database, clock, batch);
    // Some were not started any more: the sweep was faster, for instance while the database was away.
    if (completed !== batch.length) await correctUnknownCalls(database.db, clock, batch);
  }
}
