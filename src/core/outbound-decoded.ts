import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { OutboundError } from './outbound-error.ts';
import type { OutboundAnswer } from './outbound-exchange.ts';

const decoders = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const;

export function isEncoded(headers: OutboundAnswer['headers']): boolean {
  const encoding = headers['content-encoding'];
  return encoding !== undefined && encoding !== '' && encoding !== 'identity';
}

/** For services that compress although identity was asked for (RFC 9110, section 8.4). Limits count what comes out. */
export class DecodedAnswer implements OutboundAnswer {
  readonly integration: string;
  readonly status: number;
  readonly headers: OutboundAnswer['headers'];
  readonly body: Readable;
  readonly #encoded: OutboundAnswer;
  #whole: Buffer | undefined;
  #head: Buffer | undefined;

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
    // It may fail before anyone reads it; readers see the failure all the same.
    this.body = answer.body.pipe(decoder()).on('error', () => {});
    answer.body.on('error', (error) => this.body.destroy(error));
    this.body.on('close', () => answer.discard());
  }

  async collect(bytesMax: number): Promise<Buffer | undefined> {
    if (this.#whole) return this.#whole.length > bytesMax ? undefined : this.#whole;
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of this.body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes <= bytesMax) continue;
        this.#head = chunks[0];
        for (const kept of chunks.reverse()) this.body.unshift(kept);
        return undefined;
      }
    } catch (error) {
      this.discard();
      throw error instanceof OutboundError
        ? error
        : OutboundError.malformed(this.integration, 'sent a compressed answer that cannot be unpacked');
    }
    this.#whole = Buffer.concat(chunks, bytes);
    return this.#whole;
  }

  head(): Buffer {
    return this.#head as Buffer;
  }

  whenOver(listener: (bytes: number, failure: Error | undefined) => void): void {
    this.#encoded.whenOver(listener);
  }

  discard(): void {
    this.body.destroy();
  }
}
