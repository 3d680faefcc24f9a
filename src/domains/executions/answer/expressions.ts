/**
 * Threads that evaluate JMESPath on long or untrusted answers, so that this process only waits. Small answers have threads of
 * their own, so that they are not behind large ones; in both, users take turns.
 */
import { shareOfMemory } from '../../../core/memory.ts';
import { type Task, Turns } from '../../../core/turns.ts';
import { ExpressionThread } from './expression-thread.ts';

interface Limits {
  /** How long one expression may take. */
  timeoutMs: number;
  /** How long it may wait for its turn. */
  patienceMs: number;
  /** For small answers, and as many for large ones. Of two, one user takes one. */
  threads: number;
}

/** Whose turn it takes, and until when there is anybody who waits for it. */
export interface Asker {
  userId: string;
  signal: AbortSignal | undefined;
}

const mebibyte = 1024 * 1024;
const smallBytesMax = mebibyte;
/** One user's may fill half of it: two of the longest answers. */
const waitingBytesMax = shareOfMemory(1 / 8, 64 * mebibyte, 160 * mebibyte);
const waitingMax = 400;
/** What one thread may take, whatever the expression builds. */
const memoryMb = { small: 96, large: shareOfMemory(1 / 4, 96 * mebibyte, 512 * mebibyte) / mebibyte };

/** The expression was not evaluated, since too much is asked at once; its message can end a sentence. */
export class ExpressionCrowded extends Error {}

export class Expressions {
  readonly #small: Lane;
  readonly #large: Lane;

  constructor(limits: Limits) {
    this.#small = new Lane(limits, memoryMb.small);
    this.#large = new Lane(limits, memoryMb.large);
  }

  /** The expression's result as JSON, null where there is nothing. Throws an Error that says why there is none. */
  evaluate(json: Buffer, expression: string, asker: Asker): Promise<Buffer> {
    return new Evaluation(json.length > smallBytesMax ? this.#large : this.#small, json, expression, asker).start();
  }
}

/** The threads for answers of one size. */
class Lane {
  readonly limits: Limits;
  readonly turns: Turns;
  readonly #memoryMbMax: number;
  readonly #idle: ExpressionThread[] = [];

  constructor(limits: Limits, memoryMbMax: number) {
    this.limits = limits;
    this.turns = new Turns({ runningMax: limits.threads, waitingMax, waitingBytesMax });
    this.#memoryMbMax = memoryMbMax;
  }

  /** Whoever has a turn has a thread. */
  async run(json: Buffer, expression: string): Promise<Buffer> {
    const thread = this.#idle.pop() ?? new ExpressionThread(this.limits.timeoutMs, this.#memoryMbMax);
    try {
      return await thread.evaluate(json, expression);
    } finally {
      this.#idle.push(thread);
    }
  }
}

/** One expression, from its asking to its end. */
class Evaluation implements Task {
  readonly turnOf: string;
  readonly waitingBytes: number;
  readonly #lane: Lane;
  readonly #json: Buffer;
  readonly #expression: string;
  readonly #signal: AbortSignal | undefined;
  #begun = false;
  #timer: NodeJS.Timeout | undefined;
  #resolve: (json: Promise<Buffer>) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(lane: Lane, json: Buffer, expression: string, { userId, signal }: Asker) {
    this.turnOf = userId;
    this.waitingBytes = json.length;
    this.#lane = lane;
    this.#json = json;
    this.#expression = expression;
    this.#signal = signal;
  }

  start(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (!this.#lane.turns.enter(this))
        return reject(new ExpressionCrowded('too many of your answers wait to be evaluated. Make fewer such calls at once'));
      if (this.#begun) return;
      const { patienceMs } = this.#lane.limits;
      const crowded = `other answers held the evaluation for ${patienceMs / 1000} s. Make fewer such calls at once`;
      this.#timer = setTimeout(() => this.#giveUp(new ExpressionCrowded(crowded)), patienceMs);
      this.#signal?.addEventListener('abort', this);
      if (this.#signal?.aborted) this.handleEvent();
    });
  }

  /** Its turn has come. */
  begin(): void {
    this.#begun = true;
    this.#stopWaiting();
    const running = this.#lane.run(this.#json, this.#expression).finally(() => this.#lane.turns.leave(this));
    this.#resolve(running);
  }

  /** The caller has gone. */
  handleEvent(): void {
    this.#giveUp(new ExpressionCrowded('the call was given up'));
  }

  #giveUp(error: Error): void {
    if (this.#begun) return;
    this.#stopWaiting();
    this.#lane.turns.leave(this);
    this.#reject(error);
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
  }
}
