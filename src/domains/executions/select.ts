/**
 * `select`: a JMESPath expression over an answer. A short expression can ask for endless work (`[@,@]|[@,@]|…` doubles with
 * every step), so it runs in a thread of its own that has a time limit and its own memory; this process only waits.
 */
import { Worker } from 'node:worker_threads';
import { compile, isRegistered } from '@jmespath-community/jmespath';
import { badRequest } from '../../core/errors.ts';

const expressionLengthMax = 4_096;
const timeoutMs = 2_000;
/** Starting the thread takes a while on a busy machine, which is no fault of the expression that waits for it. */
const startTimeoutMs = 30_000;
const memoryMbMax = 512;
const waitingMax = 100;

/** Throws bad_request when the expression could never run. */
export function requireSelect(expression: string): void {
  if (expression.length > expressionLengthMax) throw badRequest(`\`select\` must have at most ${expressionLengthMax} characters.`);
  let unknown: string | undefined;
  try {
    unknown = findUnknownFunction(compile(expression));
  } catch (error) {
    throw badRequest(`\`select\` is not a JMESPath expression: ${(error as Error).message} (https://jmespath.org/specification.html).`);
  }
  if (unknown !== undefined) throw badRequest(`\`select\` calls ${unknown}(), which is no function of JMESPath.`);
}

function findUnknownFunction(node: unknown): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const { type, name } = node as { type?: unknown; name?: unknown };
  if (type === 'Function' && typeof name === 'string' && !isRegistered(name)) return name;
  // A literal is data, whatever its members are called.
  if (type === 'Literal') return undefined;
  for (const inner of Object.values(node)) {
    const unknown = findUnknownFunction(inner);
    if (unknown !== undefined) return unknown;
  }
  return undefined;
}

/** What the thread is asked, and what it answers. */
export interface SelectJob {
  expression: string;
  json: Uint8Array<ArrayBuffer>;
}
export type SelectResult = { json: Uint8Array<ArrayBuffer> } | { failure: string };

interface WaitingJob extends SelectJob {
  resolve(json: Buffer): void;
  reject(error: Error): void;
}

const waiting: WaitingJob[] = [];
let running: WaitingJob | undefined;
let thread: Worker | undefined;
let threadStarted = false;

/** The expression's result as JSON. Throws an Error that says why there is none. */
export function applySelect(json: Buffer, expression: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (waiting.length >= waitingMax) return reject(new Error('too many expressions wait to be evaluated'));
    waiting.push({ expression, json: new Uint8Array(json), resolve, reject });
    runNext();
  });
}

function runNext(): void {
  if (running) return;
  const job = waiting.shift();
  if (!job) return;
  running = job;
  thread ??= startThread();
  const worker = thread;
  const end = (settle: () => void): void => {
    clearTimeout(timer);
    worker.off('message', onMessage).off('error', onError);
    running = undefined;
    settle();
    runNext();
  };
  const stop = (failure: string): void => {
    thread = undefined;
    void worker.terminate();
    end(() => job.reject(new Error(failure)));
  };
  const onMessage = (result: SelectResult | 'started'): void => {
    if (result !== 'started')
      return end(() => ('json' in result ? job.resolve(Buffer.from(result.json.buffer)) : job.reject(new Error(result.failure))));
    threadStarted = true;
    limitTime(timeoutMs);
  };
  const onError = (): void => stop('the expression needs more memory than it may have');
  let timer: NodeJS.Timeout | undefined;
  const limitTime = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stop(`the expression took longer than ${ms / 1000} s`), ms);
  };
  limitTime(threadStarted ? timeoutMs : startTimeoutMs);
  worker.on('message', onMessage).on('error', onError);
  worker.postMessage({ expression: job.expression, json: job.json } satisfies SelectJob, [job.json.buffer]);
}

function startThread(): Worker {
  threadStarted = false;
  // The published package holds JavaScript.
  const file = import.meta.url.endsWith('.ts') ? './select-thread.ts' : './select-thread.js';
  const worker = new Worker(new URL(file, import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: memoryMbMax } });
  worker.on('error', () => {});
  worker.unref();
  return worker;
}
