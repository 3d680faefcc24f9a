/** One request and its answer on undici's dispatcher API: no stream is made for a body that is read whole, and whoever stops reading ends the exchange. */
import type { Readable } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';
import { type SkillettError, unavailable } from '../errors.ts';
import type { LeavingListener, LeavingSignal } from '../turns/leaving.ts';
import type { Task, Turns } from '../turns/turns.ts';
import { type OutboundAnswer, streamOf } from './answer.ts';
import { codingsOf, DecodedAnswer } from './decoded.ts';
import { describeFailure, OutboundError } from './error.ts';

interface ExchangeRequest {
  method: string;
  integration: string;
  turnOf: string;
  body?: Buffer | string | object | undefined;
  signal?: LeavingSignal | undefined;
  idleMs?: number | undefined;
}

/** Where its connection comes from. `release` is called once, when the exchange is over. */
interface Place {
  readonly pool: Pool;
  readonly turns: Turns;
  release(): void;
}

/** What waits here for its reader before the service is asked to wait. */
const queuedBytesMax = 256 * 1024;
/** A reader that takes nothing for this long is gone. */
const readerTimeoutMs = 60_000;

const retryAfterSeconds = 5;

/** Resolves once more than `bytesMax` bytes wait, or all there are. */
interface Waiter {
  bytesMax: number;
  resolve(): void;
  reject(error: Error): void;
}

export class Exchange implements Dispatcher.DispatchHandler, OutboundAnswer, Task, LeavingListener {
  readonly integration: string;
  status = 0;
  headers: Readonly<Record<string, string | string[] | undefined>> = {};
  readonly #method: string;
  readonly #signal: LeavingSignal | undefined;
  readonly turnOf: string;
  readonly waitingBytes: number;
  readonly #place: Place;
  readonly #options: Dispatcher.DispatchOptions;
  /** Whether it has a turn or waits for one. */
  #entered = false;
  readonly #enteredMs = performance.now();
  #begunMs = Number.POSITIVE_INFINITY;
  readonly #timeoutMs: number;
  #started: { resolve(answer: OutboundAnswer): void; reject(error: Error): void } | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #chunks: Buffer[] = [];
  /** Bytes in `#chunks`. */
  #queued = 0;
  /** Bytes that arrived. */
  #bytes = 0;
  #waiter: Waiter | undefined;
  #stream: Readable | undefined;
  #sent = false;
  #ended = false;
  #failure: Error | undefined;
  #overListener: ((bytes: number, failure: Error | undefined) => void) | undefined;
  #timer: NodeJS.Timeout;
  /** Moves on while the service waits for the reader, since the limit is the service's. */
  #deadlineMs: number;
  #pausedSinceMs: number | undefined;
  /** Without end where there is no such limit. */
  readonly #idleMs: number;
  #arrivedMs = Number.POSITIVE_INFINITY;

  /** The time counts from here, whether the exchange has to wait for its turn or not. */
  constructor(request: ExchangeRequest, timeoutMs: number, place: Place, options: Dispatcher.DispatchOptions) {
    this.integration = request.integration;
    this.#method = request.method;
    this.#signal = request.signal;
    this.turnOf = request.turnOf;
    this.waitingBytes = typeof request.body === 'string' || request.body instanceof Buffer ? request.body.length : 0;
    this.#place = place;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#idleMs = request.idleMs ?? Number.POSITIVE_INFINITY;
    this.#deadlineMs = this.#enteredMs + timeoutMs;
    this.#timer = setTimeout(checkTime, timeoutMs, this);
  }

  start(): Promise<OutboundAnswer> {
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      if (this.#signal?.aborted) return this.#fail(this.#aborted());
      this.#signal?.addEventListener('abort', this);
      this.#entered = true;
      if (this.#place.turns.enter(this)) return;
      this.#entered = false;
      this.#fail(this.#refused());
    });
  }

  /** Its turn has come. */
  begin(): void {
    this.#begunMs = performance.now();
    try {
      this.#place.pool.dispatch(this.#options, this);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Whoever asked has gone. */
  handleEvent(): void {
    this.#fail(this.#aborted());
  }

  /** The timer's end: the time is up, unless the service was made to wait meanwhile. */
  checkTime(): void {
    const nowMs = performance.now();
    const untilMs = this.#untilMs();
    if (nowMs < untilMs - 1) this.#timer = setTimeout(checkTime, untilMs - nowMs, this);
    else if (this.#pausedSinceMs === undefined) this.#fail(this.#timedOut());
    else this.discard();
  }

  #untilMs(): number {
    if (this.#pausedSinceMs !== undefined) return this.#pausedSinceMs + readerTimeoutMs;
    return Math.min(this.#deadlineMs, this.#arrivedMs + this.#idleMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure) controller.abort(this.#failure);
    else this.#sent = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx answers are announcements (RFC 9110, section 15.2).
    if (status < 200 || this.#failure) return;
    this.status = status;
    this.headers = this.#method === 'HEAD' ? withoutBody(headers) : headers;
    if (this.#idleMs < Number.POSITIVE_INFINITY) {
      this.#arrivedMs = performance.now();
      clearTimeout(this.#timer);
      this.checkTime();
    }
    const started = this.#started;
    this.#started = undefined;
    const codings = this.headers['content-encoding'] === undefined ? [] : codingsOf(status, this.headers);
    started?.resolve(codings.length > 0 ? new DecodedAnswer(this, codings) : this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#failure) return;
    this.#arrivedMs = performance.now();
    this.#bytes += chunk.length;
    this.#queued += chunk.length;
    this.#chunks.push(chunk);
    if (this.#waiter && this.#queued > this.#waiter.bytesMax) this.#wake();
    if (!this.#waiter && this.#queued > queuedBytesMax) {
      controller.pause();
      this.#pausedSinceMs = performance.now();
    }
  }

  onResponseEnd(): void {
    if (this.#failure) return;
    this.#ended = true;
    this.#finish();
    this.#wake();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(error);
  }

  gather(bytesMax: number): Promise<readonly Buffer[] | undefined> {
    const gathered = () => (this.#queued > bytesMax ? undefined : this.#chunks);
    return this.#ended || this.#queued > bytesMax ? Promise.resolve(gathered()) : this.#wait(bytesMax).then(gathered);
  }

  async collect(bytesMax: number): Promise<Buffer | undefined> {
    if (!(await this.gather(bytesMax))) return undefined;
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks, this.#queued)];
    return this.#chunks[0];
  }

  async read(): Promise<Buffer | undefined> {
    if (this.#chunks.length === 0 && !this.#ended) await this.#wait(0);
    const chunk = this.#chunks.shift();
    this.#queued -= chunk?.length ?? 0;
    if (this.#queued < queuedBytesMax / 2) this.#resume();
    return chunk;
  }

  get body(): Readable {
    this.#stream ??= streamOf(this);
    return this.#stream;
  }

  whenOver(listener: (bytes: number, failure: Error | undefined) => void): void {
    if (this.#ended || this.#failure) listener(this.#bytes, this.#failure);
    else this.#overListener = listener;
  }

  discard(): void {
    if (!this.#ended) this.#fail(this.#aborted());
  }

  #wait(bytesMax: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiter = { bytesMax, resolve, reject };
      this.#resume();
    });
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve();
  }

  #resume(): void {
    if (this.#pausedSinceMs === undefined || this.#failure) return;
    const nowMs = performance.now();
    this.#deadlineMs += nowMs - this.#pausedSinceMs;
    this.#arrivedMs = nowMs;
    this.#pausedSinceMs = undefined;
    this.#controller?.resume();
  }

  #fail(thrown: Error): void {
    if (this.#failure || this.#ended) return;
    const error = describeFailure(thrown, this.integration, this.#sent, this.#effectNote());
    this.#failure = error;
    this.#finish();
    this.#controller?.abort(error);
    this.#started?.reject(error);
    this.#started = undefined;
    this.#waiter?.reject(error);
    this.#waiter = undefined;
    this.#stream?.destroy(error);
    this.#chunks = [];
    this.#queued = 0;
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
    if (this.#entered) this.#place.turns.leave(this);
    this.#place.release();
    this.#overListener?.(this.#bytes, this.#failure);
  }

  #aborted(): OutboundError {
    return OutboundError.givenUp(this.integration, this.#sent);
  }

  #refused(): SkillettError {
    return unavailable(
      `Too many of your calls to ${this.integration} wait for a connection already, so this one was not sent. Make fewer at once, and try again shortly.`,
      retryAfterSeconds,
    );
  }

  #timedOut(): SkillettError {
    const seconds = Math.round(this.#timeoutMs / 100) / 10;
    // One that gets its turn as its time ends has waited as well.
    if (!this.#sent && this.#begunMs - this.#enteredMs > this.#timeoutMs / 2)
      return unavailable(
        `The ${seconds} s that this call to ${this.integration} may take passed while other calls held your share of its connections, so it was not sent. Make fewer at once, and try again shortly.`,
        retryAfterSeconds,
      );
    if (performance.now() < this.#deadlineMs - 1)
      return new OutboundError(
        'upstream_timeout',
        `Nothing of ${this.integration}'s answer came for ${Math.round(this.#idleMs / 100) / 10} s.`,
        'timeout',
        true,
      );
    const message = `${this.integration} did not answer completely within ${seconds} s.${this.#effectNote()}`;
    return new OutboundError('upstream_timeout', message, 'timeout', this.#sent);
  }

  #effectNote(): string {
    // With a status, whoever asked knows more than this.
    if (!this.#sent || this.#method === 'GET' || this.status !== 0) return '';
    return ' The request had been sent, so look whether it took effect before repeating it.';
  }
}

function checkTime(exchange: Exchange): void {
  exchange.checkTime();
}

/** To HEAD a service says what a body would be like that does not come (RFC 9110, section 9.3.2). */
function withoutBody({
  'content-length': _length,
  'content-encoding': _encoding,
  ...headers
}: Record<string, string | string[] | undefined>): Record<string, string | string[] | undefined> {
  return headers;
}
