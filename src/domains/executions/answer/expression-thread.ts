/** A thread that evaluates JMESPath on long or untrusted answers, so that this process only waits: one expression at a time, in memory of its own. */
import { Worker } from 'node:worker_threads';

/** What the thread is asked, and what it answers. */
export interface ExpressionJob {
  expression: string;
  json: Uint8Array<ArrayBuffer>;
}
export type ExpressionResult = { json: Uint8Array<ArrayBuffer> } | { failure: string };

interface WaitingJob extends ExpressionJob {
  resolve(json: Buffer): void;
  reject(error: Error): void;
}

interface Limits {
  /** How long one expression may take. */
  timeoutMs: number;
  /** How many may wait; more are refused. */
  waitingMax: number;
}

/** Starting the thread takes a while on a busy machine, which is no fault of the expression that waits for it. */
const startTimeoutMs = 30_000;
const memoryMbMax = 512;

/** The expression failed on the answer; its message can end a sentence. Any other Error says that it could not be evaluated. */
export class ExpressionFailed extends Error {}

export class ExpressionThread {
  readonly #limits: Limits;
  readonly #waiting: WaitingJob[] = [];
  #running: WaitingJob | undefined;
  #thread: Worker | undefined;
  #started = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The expression's result as JSON, null where there is nothing. Throws an Error that says why there is none. */
  evaluate(json: Buffer, expression: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= this.#limits.waitingMax) return reject(new Error('too many expressions wait to be evaluated'));
      this.#waiting.push({ expression, json: new Uint8Array(json), resolve, reject });
      this.#runNext();
    });
  }

  #runNext(): void {
    if (this.#running) return;
    const job = this.#waiting.shift();
    if (!job) return;
    this.#running = job;
    this.#thread ??= this.#start();
    const worker = this.#thread;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError);
      this.#running = undefined;
      settle();
      this.#runNext();
    };
    const stop = (failure: string): void => {
      this.#thread = undefined;
      void worker.terminate();
      end(() => job.reject(new Error(failure)));
    };
    const onMessage = (result: ExpressionResult | 'started'): void => {
      if (result !== 'started')
        return end(() =>
          'json' in result ? job.resolve(Buffer.from(result.json.buffer)) : job.reject(new ExpressionFailed(result.failure)),
        );
      this.#started = true;
      limitTime(this.#limits.timeoutMs);
    };
    const onError = (): void => stop('the expression needs more memory than it may have');
    let timer: NodeJS.Timeout | undefined;
    const limitTime = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => stop(`the expression took longer than ${ms / 1000} s`), ms);
    };
    limitTime(this.#started ? this.#limits.timeoutMs : startTimeoutMs);
    worker.on('message', onMessage).on('error', onError);
    worker.postMessage({ expression: job.expression, json: job.json } satisfies ExpressionJob, [job.json.buffer]);
  }

  #start(): Worker {
    this.#started = false;
    // The published package holds JavaScript.
    const file = import.meta.url.endsWith('.ts') ? './expression-worker.ts' : './expression-worker.js';
    const worker = new Worker(new URL(file, import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: memoryMbMax } });
    worker.on('error', () => {});
    worker.unref();
    return worker;
  }
}
