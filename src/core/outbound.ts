/** Every request that leaves this process goes through here: which addresses may be called, how long, and how redirects are followed. */
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';

export interface OutboundRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: Buffer | string | undefined;
  /** Until the whole answer must be there. */
  timeoutMs: number;
  /** Name of the integration, for error messages. */
  integration: string;
  /** Aborts the exchange, also while the answer's body is read. */
  signal?: AbortSignal | undefined;
  /** Follow up to three redirects of a GET; to another origin without anything but `accept` and `user-agent`. */
  followRedirects?: boolean | undefined;
  /** Query names that carry the credential: taken out of a redirect to another origin. */
  credentialQuery?: readonly string[] | undefined;
}

/** An answer whose headers are there. Its body must be read or discarded, or its connection stays taken until the time limit. */
export interface OutboundAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The whole body when it is at most `bytesMax` long; undefined when it is longer, and `body` then still holds all of it. */
  collect(bytesMax: number): Promise<Buffer | undefined>;
  /** The body as a stream, from its first byte. */
  readonly body: Readable;
  /** Ends the exchange without reading further. */
  discard(): void;
}

export interface OutboundOptions {
  /** `host` or `host:port`, exempt from the refusals. */
  allow: readonly string[];
  /** Resolves host names; default: the system's resolver. */
  lookup?: LookupFunction | undefined;
}

export declare class Outbound {
  constructor(options: OutboundOptions);
  /** Lifts the refusals for an origin that the operator set by name. */
  exempt(origin: string): void;
  /** Throws `upstream_unreachable` or `upstream_timeout` as OutboundError. */
  send(request: OutboundRequest): Promise<OutboundAnswer>;
  close(): Promise<void>;
}

/** The whole body. Throws `upstream_unexpected` above `bytesMax`. */
export declare function readBody(answer: OutboundAnswer, bytesMax: number): Promise<Buffer>;
