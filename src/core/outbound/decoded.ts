import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { type OutboundAnswer, streamOf } from './answer.ts';
import { OutboundError } from './error.ts';

const decoders = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const;

/** An answer without a body may name an encoding all the same (RFC 9110, sections 6.4.1 and 8.4). */
export function isEncoded(status: number, headers: OutboundAnswer['headers']): boolean {
  if (status === 204 || status === 205 || status === 304 || headers['content-length'] === '0') return false;
  const encoding = headers['content-encoding'];
  return encoding !== undefined && encoding !== '' && encoding !== 'identity';
}

/** For services that compress although identity was asked for (RFC 9110, section 8.4). Limits count what comes out. */
export class DecodedAnswer implements OutboundAnswer {
  readonly integration: string;
  readonly status: number;
  readonly headers: OutboundAnswer['headers'];
  readonly #encoded: OutboundAnswer;
  readonly #decoded: Readable;
  readonly #chunks: Buffer[] = [];
  #queued = 0;
  #ended = false;
  readonly #iterator: AsyncIterator<Buffer>;
  #stream: Readable | undefined;

  /** Throws OutboundError when the encoding is unknown. */
  constructor(answer: OutboundAnswer) {
    const { 'content-encoding': encoding, 'content-length': _length, ...headers } = answer.headers;
    const decoder = decoders[String(encoding).trim().toLowerCase() as keyof typeof decoders];
    if (!decoder)
      throw OutboundError.malformed(
        answer.integration,
        `answered in the encoding ${String(encoding).slice(0, 40)}, which was not asked for and cannot be read`,
      );
    this.integration = answer.integration;
    this.status = answer.status;
    this.headers = headers;
    this.#encoded = answer;
    this.#decoded = answer.body.pipe(decoder()).on('error', () => {});
    answer.body.on('error', (error) => this.#decoded.destroy(error));
    this.#decoded.on('close', () => answer.discard());
    this.#iterator = this.#decoded[Symbol.asyncIterator]();
  }

  async gather(bytesMax: number): Promise<readonly Buffer[] | undefined> {
    while (!this.#ended && this.#queued <= bytesMax) await this.#readMore();
    return this.#queued > bytesMax ? undefined : this.#chunks;
  }

  async collect(bytesMax: number): Promise<Buffer | undefined> {
    if (!(await this.gather(bytesMax))) return undefined;
    if (this.#chunks.length !== 1) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks, this.#queued));
    return this.#chunks[0];
  }

  head(): Buffer {
    return this.#chunks[0] as Buffer;
  }

  async read(): Promise<Buffer | undefined> {
    if (this.#chunks.length === 0 && !this.#ended) await this.#readMore();
    const chunk = this.#chunks.shift();
    this.#queued -= chunk?.length ?? 0;
    return chunk;
  }

  get body(): Readable {
    this.#stream ??= streamOf(this);
    return this.#stream;
  }

  whenOver(listener: (bytes: number, failure: Error | undefined) => void): void {
    this.#encoded.whenOver(listener);
  }

  discard(): void {
    this.#decoded.destroy();
  }

  async #readMore(): Promise<void> {
    try {
      const { value, done } = await this.#iterator.next();
      if (done) this.#ended = true;
      else {
        this.#chunks.push(value);
        this.#queued += value.length;
      }
    } catch (error) {
      this.discard();
      throw error instanceof OutboundError
        ? error
        : OutboundError.malformed(this.integration, 'sent a compressed answer that cannot be unpacked');
    }
  }
}
