/** One request and its answer on undici's dispatcher API: no stream is made for a body that is read whole, and whoever stops reading ends the exchange. */
import { Readable } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';
import { DecodedAnswer, isEncoded } from './outbound-decoded.ts';
import { describeFailure, OutboundError } from './outbound-error.ts';

/** An answer whose headers are there. Its body must be read or discarded, or its connection stays taken until the time limit. */
export interface OutboundAnswer {
  /** Name of the integration that was asked. */
  readonly integration: string;
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The whole body when it is at most `bytesMax` long; undefined when it is longer, and `body` then still holds all of it. */
  collect(bytesMax: number): Promise<Buffer | undefined>;
  /** Some bytes of the beginning, once `collect` found the body too long. */
  head(): Buffer;
  /** Calls once when the last byte has arrived, or when it is clear that it will not; `bytes` counts what did. */
  whenOver(listener: (bytes: number, failure: Error | undefined) => void): void;
  /** The body as a stream, from its first byte. */
  readonly body: Readable;
  /** Ends the exchange without reading further. */
  discard(): void;
}

interface ExchangeRequest {
  method: string;
  integration: string;
  signal?: AbortSignal | undefined;
}

/** While nobody collects the body yet, this much of it is kept before the socket is paused. */
const headBytesMax = 64 * 1024;
/** A reader that takes nothing for this long is gone. */
const readerTimeoutMs = 60_000;
const streamBytesMax = 64 * 1024;
const headPeekBytes = 1024;

interface Waiter {
  bytesMax: number;
  resolve(body: Buffer | undefined): void;
  reject(error: Error): void;
}

export class Exchange implements Dispatcher.DispatchHandler, OutboundAnswer {
  readonly integration: string;
  status = 0;
  headers: Readonly<Record<string, string | string[] | undefined>> = {};
  readonly #method: string;
  readonly #signal: AbortSignal | undefined;
  readonly #pool: { release(): void };
  readonly #timeoutMs: number;
  #started: { resolve(answer: OutboundAnswer): void; reject(error: Error): void } | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #waiter: Waiter | undefined;
  #stream: Readable | undefined;
  #sent = false;
  #ended = false;
  #failure: Error | undefined;
  #overListener: ((bytes: number, failure: Error | undefined) => void) | undefined;
  #timer: NodeJS.Timeout;
  /** Of the time limit, counted while the reader is not who is waited for. */
  #leftMs: number;
  #timedSinceMs = performance.now();

  /** `pool.release` is called once, when the exchange is over. */
  constructor(request: ExchangeRequest, timeoutMs: number, pool: { release(): void }) {
    this.integration = request.integration;
    this.#method = request.method;
    this.#signal = request.signal;
    this.#pool = pool;
    this.#timeoutMs = timeoutMs;
    this.#leftMs = timeoutMs;
    this.#timer = setTimeout(onTimeout, timeoutMs, this);
  }

  start(pool: Pool, options: Dispatcher.DispatchOptions): Promise<OutboundAnswer> {
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      if (this.#signal?.aborted) return this.#fail(this.#aborted());
      this.#signal?.addEventListener('abort', this);
      try {
        pool.dispatch(options, this);
      } catch (error) {
        this.#fail(error as Error);
      }
    });
  }

  /** The signal's listener: an object needs no closure per call. */
  handleEvent(): void {
    this.#fail(this.#aborted());
  }

  timeOut(): void {
    const seconds = Math.round(this.#timeoutMs / 100) / 10;
    const message = `${this.integration} did not answer completely within ${seconds} s.${this.#effectNote()}`;
    this.#fail(new OutboundError('upstream_timeout', message, 'timeout', this.#sent));
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
    this.headers = headers;
    const started = this.#started;
    this.#started = undefined;
    try {
      started?.resolve(isEncoded(headers) ? new DecodedAnswer(this) : this);
    } catch (error) {
      this.#fail(error as Error);
      started?.reject(error as Error);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#failure) return;
    this.#bytes += chunk.length;
    if (this.#stream) {
      if (!this.#stream.push(chunk)) this.#pause(controller);
      return;
    }
    this.#chunks.push(chunk);
    if (!this.#waiter) {
      if (this.#bytes > headBytesMax) this.#pause(controller);
    } else if (this.#bytes > this.#waiter.bytesMax) {
      this.#pause(controller);
      this.#waiter.resolve(undefined);
      this.#waiter = undefined;
    }
  }

  onResponseEnd(): void {
    if (this.#failure) return;
    this.#ended = true;
    this.#finish();
    this.#waiter?.resolve(this.#wholeBody());
    this.#waiter = undefined;
    this.#stream?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(error);
  }

  collect(bytesMax: number): Promise<Buffer | undefined> {
    if (this.#bytes > bytesMax) return Promise.resolve(undefined);
    if (this.#ended) return Promise.resolve(this.#wholeBody());
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiter = { bytesMax, resolve, reject };
      this.#resume();
    });
  }

  head(): Buffer {
    return (this.#chunks[0]?.length as number) < headPeekBytes ? Buffer.concat(this.#chunks) : (this.#chunks[0] as Buffer);
  }

  whenOver(listener: (bytes: number, failure: Error | undefined) => void): void {
    if (this.#ended || this.#failure) listener(this.#bytes, this.#failure);
    else this.#overListener = listener;
  }

  get body(): Readable {
    this.#stream ??= this.#openStream();
    return this.#stream;
  }

  discard(): void {
    if (!this.#ended) this.#fail(this.#aborted());
  }

  #openStream(): Readable {
    const stream = new Readable({
      highWaterMark: streamBytesMax,
      read: () => this.#resume(),
      destroy: (error, done) => {
        this.discard();
        done(error);
      },
    });
    // It may fail before anyone reads it; readers see the failure all the same.
    stream.on('error', ignore);
    for (const chunk of this.#chunks) stream.push(chunk);
    this.#chunks = [];
    if (this.#ended) stream.push(null);
    if (this.#failure) stream.destroy(this.#failure);
    return stream;
  }

  #wholeBody(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)];
    return this.#chunks[0] as Buffer;
  }

  /** The time limit is the service's: it stands still while the reader is the slow one. */
  #pause(controller: Dispatcher.DispatchController): void {
    controller.pause();
    clearTimeout(this.#timer);
    this.#leftMs -= performance.now() - this.#timedSinceMs;
    this.#timer = setTimeout(onReaderGone, readerTimeoutMs, this);
  }

  #resume(): void {
    if (!this.#controller?.paused || this.#failure || this.#ended) return;
    clearTimeout(this.#timer);
    this.#timedSinceMs = performance.now();
    this.#timer = setTimeout(onTimeout, Math.max(1, this.#leftMs), this);
    this.#controller.resume();
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
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
    this.#pool.release();
    this.#overListener?.(this.#bytes, this.#failure);
  }

  #aborted(): OutboundError {
    return new OutboundError('upstream_unreachable', `The call to ${this.integration} was given up.`, 'aborted', this.#sent);
  }

  #effectNote(): string {
    return this.#sent && this.#method !== 'GET' ? ' The request had been sent, so look whether it took effect before repeating it.' : '';
  }
}

function ignore(): void {}

function onTimeout(exchange: Exchange): void {
  exchange.timeOut();
}

function onReaderGone(exchange: Exchange): void {
  exchange.discard();
}
