import { type Duplex, pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { type OutboundAnswer, streamOf } from './answer.ts';
import { OutboundError } from './error.ts';

/** By the names of the registry that RFC 9110, section 16.6, sets up. What stands here without a decoder cannot be read. */
const decoders: Record<string, ((first: Buffer) => Duplex) | undefined> = {
  gzip: () => createGunzip(),
  deflate: (first) => (hasZlibHeader(first) ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
  compress: undefined,
  aes128gcm: undefined,
  dcb: undefined,
  dcz: undefined,
  exi: undefined,
  'pack200-gzip': undefined,
};

/** More on top of each other are nobody's to make smaller. */
const codingsMax = 3;
const trailerMsMax = 1_000;

/** RFC 1950, section 2.2. Many services leave it out, and every browser reads that. */
function hasZlibHeader(first: Buffer): boolean {
  const [method = 0, flags] = first;
  return (method & 0x0f) === 8 && method >> 4 <= 7 && (flags === undefined || (method * 256 + flags) % 31 === 0);
}

/**
 * The codings of an answer's body in the order in which they were applied. A word that is no coding says nothing about the body
 * (services write a charset there); an answer without a body may name one all the same (RFC 9110, sections 6.4.1 and 8.4).
 */
export function codingsOf(status: number, headers: OutboundAnswer['headers']): string[] {
  const named = headers['content-encoding'];
  if (named === undefined || status === 204 || status === 205 || status === 304 || headers['content-length'] === '0') return [];
  const words = [named].flat().join(',').split(',');
  return words.map((word) => word.trim().toLowerCase().replace(/^x-/, '')).filter((word) => Object.hasOwn(decoders, word));
}

/** For services that compress although identity was asked for. Limits count what comes out. */
export class DecodedAnswer implements OutboundAnswer {
  readonly integration: string;
  readonly status: number;
  readonly headers: OutboundAnswer['headers'];
  readonly #encoded: OutboundAnswer;
  readonly #codings: readonly string[];
  readonly #decoders: Duplex[] = [];
  readonly #chunks: Buffer[] = [];
  #queued = 0;
  #ended = false;
  #failure: OutboundError | undefined;
  #overListener: ((bytes: number, failure: Error | undefined) => void) | undefined;
  readonly #iterator: AsyncIterator<Buffer>;
  #stream: Readable | undefined;

  constructor(answer: OutboundAnswer, codings: readonly string[]) {
    const { 'content-encoding': _encoding, 'content-length': _length, ...headers } = answer.headers;
    this.integration = answer.integration;
    this.status = answer.status;
    this.headers = headers;
    this.#encoded = answer;
    this.#codings = codings;
    this.#iterator = this.#decode();
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

  /** What has arrived is not over before it is unpacked. */
  whenOver(listener: (bytes: number, failure: Error | undefined) => void): void {
    if (this.#ended || this.#failure) this.#tell(listener);
    else this.#overListener = listener;
  }

  discard(): void {
    this.#fail(OutboundError.givenUp(this.integration, true));
  }

  #decode(): AsyncIterator<Buffer> {
    let source: AsyncIterable<Buffer> = this.#encoded.body;
    for (const coding of this.#codings.toReversed()) source = unpack(source, coding, this.#decoders);
    return source[Symbol.asyncIterator]();
  }

  async #readMore(): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      if (this.#codings.length > codingsMax) throw new Error('too many codings');
      const { value, done } = await this.#iterator.next();
      if (done) this.#end();
      else {
        this.#chunks.push(value);
        this.#queued += value.length;
      }
    } catch (error) {
      this.#fail(error instanceof OutboundError ? error : this.#notUnpacked());
      throw this.#failure;
    }
  }

  #notUnpacked(): OutboundError {
    const named = this.#codings.length > codingsMax ? `${this.#codings.length} times` : this.#codings.join(', ');
    const what = `answered with status ${this.status}, but its body, which is compressed (${named}), cannot be unpacked`;
    return OutboundError.malformed(this.integration, what);
  }

  /** What still comes behind a packed body that is whole is nobody's, and must not keep the connection. */
  #end(): void {
    this.#ended = true;
    setTimeout(() => this.#encoded.discard(), trailerMsMax).unref();
    if (this.#overListener) this.#tell(this.#overListener);
  }

  #fail(failure: OutboundError): void {
    if (this.#failure || this.#ended) return;
    this.#failure = failure;
    this.#encoded.discard();
    for (const decoder of this.#decoders) decoder.destroy();
    if (this.#overListener) this.#tell(this.#overListener);
  }

  #tell(listener: (bytes: number, failure: Error | undefined) => void): void {
    this.#encoded.whenOver((bytes, broken) => listener(bytes, this.#failure ?? (this.#ended ? undefined : broken)));
  }
}

/** Nothing to unpack is nothing. What a decoder is told of an error of its source, its reader is told too. */
async function* unpack(source: AsyncIterable<Buffer>, coding: string, made: Duplex[]): AsyncGenerator<Buffer> {
  const packed = source[Symbol.asyncIterator]();
  const first = await packed.next();
  if (first.done) return;
  const decoder = decoders[coding]?.(first.value);
  if (!decoder) throw new Error(`${coding} cannot be read`);
  made.push(decoder);
  pipeline(Readable.from(prepend(first.value, packed)), decoder, () => {});
  yield* decoder as AsyncIterable<Buffer>;
}

async function* prepend(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
