import { Readable } from 'node:stream';

/** An answer whose headers are there. Its body must be read or discarded, or its connection stays taken until the time limit. */
export interface OutboundAnswer {
  /** Name of the integration that was asked. */
  readonly integration: string;
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The whole body when it is at most `bytesMax` long; undefined when it is longer, and all of it can then still be read. */
  collect(bytesMax: number): Promise<Buffer | undefined>;
  /** As `collect`, in the pieces in which it arrived: putting them together costs more than passing them on. */
  gather(bytesMax: number): Promise<readonly Buffer[] | undefined>;
  /** The next bytes; undefined at the end. */
  read(): Promise<Buffer | undefined>;
  /** The same as a stream, which discards the answer when it is destroyed. */
  readonly body: Readable;
  /** Calls once when the last byte has arrived, or when it is clear that it will not; `bytes` counts what did. */
  whenOver(listener: (bytes: number, failure: Error | undefined) => void): void;
  /** Ends the exchange without reading further. */
  discard(): void;
}

/** An answer's body as a stream. */
export function streamOf(answer: Pick<OutboundAnswer, 'read' | 'discard'>): Readable {
  const stream = new Readable({
    read() {
      answer.read().then(
        (chunk) => this.push(chunk ?? null),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      answer.discard();
      done(error);
    },
  });
  // It may fail before anyone reads it; readers see the failure all the same.
  return stream.on('error', () => {});
}
