/** A thread that evaluates JMESPath, or leaves out what is not wanted: one at a time, in memory of its own. Who may use it when, expressions.ts decides. */
import { Worker } from 'node:worker_threads';
import type { Wanted } from './fields/wanted.ts';
import type { LeanPlan } from './lean/table.ts';

/** What the thread is asked, and what it answers. */
export interface ExpressionJob {
  /** JMESPath, what is wanted of an answer, or what a lean one shows. */
  expression: string | Wanted | { plan: LeanPlan };
  json: Uint8Array<ArrayBuffer>;
}
export type ExpressionResult = { json: Uint8Array<ArrayBuffer> } | { failure: string };

/** A thread that has done nothing for so long ends, and with it the memory it took. */
const idleMs = 30_000;
/** Starting the thread takes a while on a busy machine, which is no fault of the expression that waits for it. */
const startTimeoutMs = 30_000;

/** The expression failed on the answer; its message can end a sentence. Any other Error says that it could not be evaluated. */
export class ExpressionFailed extends Error {}

/** V8 would take 48, which a long answer leaves as fast as it fills them. */
const youngMbMax = 8;

export class ExpressionThread {
  readonly #timeoutMs: number;
  readonly #memoryMbMax: number;
  #thread: Worker | undefined;
  #started = false;
  #ended: Promise<unknown> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, memoryMbMax: number) {
    this.#timeoutMs = timeoutMs;
    this.#memoryMbMax = memoryMbMax;
  }

  /** The expression's result as JSON, null where there is nothing. Throws an Error that says why there is none. To be called when the last call is over. */
  async evaluate(json: Buffer, expression: ExpressionJob['expression']): Promise<Buffer> {
    clearTimeout(this.#idle);
    try {
      return await this.#evaluate({ expression, json: new Uint8Array(json) });
    } finally {
      this.#idle = setTimeout(() => void this.end(), idleMs).unref();
    }
  }

  /** Resolves when its memory is given back; what is evaluated next starts it anew. */
  async end(): Promise<void> {
    clearTimeout(this.#idle);
    if (this.#thread) this.#ended = this.#thread.terminate();
    this.#thread = undefined;
    await this.#ended;
  }

  #evaluate(job: ExpressionJob): Promise<Buffer> {
    this.#thread ??= this.#start();
    const worker = this.#thread;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError);
      settle();
    };
    const stop = (failure: string): void => {
      void this.end();
      end(() => reject(new Error(failure)));
    };
    const onMessage = (result: ExpressionResult | 'started'): void => {
      if (result !== 'started')
        return end(() => ('json' in result ? resolve(Buffer.from(result.json.buffer)) : reject(new ExpressionFailed(result.failure))));
      this.#started = true;
      limitTime(this.#timeoutMs);
    };
    const onError = (): void => stop('the expression needs more memory than it may have');
    let timer: NodeJS.Timeout | undefined;
    const limitTime = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => stop(`the expression took longer than ${ms / 1000} s`), ms);
    };
    limitTime(this.#started ? this.#timeoutMs : startTimeoutMs);
    worker.on('message', onMessage).on('error', onError);
    worker.postMessage(job, [job.json.buffer]);
    return promise;
  }

  #start(): Worker {
    this.#started = false;
    // The published package holds JavaScript.
    const file = import.meta.url.endsWith('.ts') ? './expression-worker.ts' : './expression-worker.js';
    const worker = new Worker(new URL(file, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: this.#memoryMbMax, maxYoungGenerationSizeMb: youngMbMax },
    });
    worker.on('error', () => {});
    worker.unref();
    return worker;
  }
}
