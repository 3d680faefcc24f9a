/**
 * Threads that evaluate JMESPath on long or untrusted answers, so that this process only waits. Small answers have threads of
 * their own, so that they are not behind large ones; in both, users take turns.
 */
import { shareOfMemory } from '../../../core/memory.ts';
import { type Asker, Turn } from '../../../core/turns/turn.ts';
import { Turns } from '../../../core/turns/turns.ts';
import { type ExpressionJob, ExpressionThread } from './expression-thread.ts';

interface Limits {
  /** How long one expression may take. */
  timeoutMs: number;
  /** How long a call may wait, for its turn here and before. */
  patienceMs: number;
  /** For small answers, and as many for large ones. Of two, one user takes one. */
  threads: number;
}

const mebibyte = 1024 * 1024;
const smallBytesMax = mebibyte;
/** One user's may fill half of it: two of the longest answers. */
const waitingBytesMax = shareOfMemory(1 / 8, 64 * mebibyte, 160 * mebibyte);
const waitingMax = 400;
/** What one thread may take, whatever the expression builds. */
const memoryMb = { small: 96, large: shareOfMemory(1 / 4, 96 * mebibyte, 512 * mebibyte) / mebibyte };

export class Expressions {
  readonly #small: Lane;
  readonly #large: Lane;

  constructor(limits: Limits) {
    this.#small = new Lane(limits, memoryMb.small, true);
    this.#large = new Lane(limits, memoryMb.large, false);
  }

  /** The expression's result as JSON, null where there is nothing. Throws an Error that says why there is none. */
  evaluate(json: Buffer, expression: ExpressionJob['expression'], asker: Asker): Promise<Buffer> {
    return (json.length > smallBytesMax ? this.#large : this.#small).evaluate(json, expression, asker);
  }
}

/** The threads for answers of one size. */
class Lane {
  readonly turns: Turns;
  readonly words = { waitTo: 'evaluated', held: 'the evaluation' };
  readonly #limits: Limits;
  readonly #memoryMbMax: number;
  readonly #keepsThreads: boolean;
  readonly #idle: ExpressionThread[] = [];

  /** A thread holds what it took until it ends: where threads are not kept, that is before the next one starts. */
  constructor(limits: Limits, memoryMbMax: number, keepsThreads: boolean) {
    this.turns = new Turns({ runningMax: limits.threads, waitingMax, waitingBytesMax });
    this.#limits = limits;
    this.#memoryMbMax = memoryMbMax;
    this.#keepsThreads = keepsThreads;
  }

  /** Whoever has a turn has a thread. */
  async evaluate(json: Buffer, expression: ExpressionJob['expression'], asker: Asker): Promise<Buffer> {
    const turn = await Turn.take(this, asker, this.#limits.patienceMs, json.length);
    const thread = this.#idle.pop() ?? new ExpressionThread(this.#limits.timeoutMs, this.#memoryMbMax);
    try {
      return await thread.evaluate(json, expression);
    } finally {
      if (!this.#keepsThreads) await thread.end();
      this.#idle.push(thread);
      turn.leave();
    }
  }
}
