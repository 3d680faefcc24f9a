/**
 * Every request that leaves this process goes through here: which addresses may be called, how long it may take, which
 * redirects are followed, and what never travels along.
 */
import { isUtf8 } from 'node:buffer';
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import { SkillettError } from '../errors.ts';
import type { LeavingSignal } from '../turns/leaving.ts';
import { Turns } from '../turns/turns.ts';
import { type AddressCredential, holdsCredential, moveCredential, noAddressCredential } from './address-credential.ts';
import { Exemptions, isPublicAddress, isPublicHost } from './addresses.ts';
import type { OutboundAnswer } from './answer.ts';
import { OutboundError, RefusedAddress } from './error.ts';
import { Exchange } from './exchange.ts';
import { neverSent } from './never-sent.ts';

export type { OutboundAnswer } from './answer.ts';
export { OutboundError } from './error.ts';

/** A body that is sent while it arrives; with `bytes`, which must then be right, otherwise in chunks. */
export interface StreamedBody {
  stream: Readable;
  bytes: number | undefined;
}

export interface OutboundRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: Buffer | string | StreamedBody | undefined;
  /** Refuse what is not https. */
  httpsOnly?: boolean | undefined;
  /** The address is a caller's own choice, so nothing is exempt that the operator opened for integrations. */
  chosenByCaller?: boolean | undefined;
  /** Until the whole answer must be there. */
  timeoutMs: number;
  /** A body of which nothing comes for so long is given up. */
  idleMs?: number | undefined;
  /** Slug of the integration: for its exemptions, and for error messages. */
  integration: string;
  /** Whose call it is: the id of a user, who may not keep others from the origin's connections. */
  turnOf: string;
  /** Aborts the exchange, also while the answer's body is read. */
  signal?: LeavingSignal | undefined;
  /**
   * Follow up to three redirects. `read`: of a GET, to another origin with nothing but `accept` and `user-agent`. `write`: where
   * method and body stay (307, 308) and the origin too.
   */
  followRedirects?: 'read' | 'write' | undefined;
  /**
   * The credential in the address. Query names are added where a redirect stays at the origin and taken out of one to another; one
   * to another whose address holds what stands in the path is not followed.
   */
  addressCredential?: AddressCredential | undefined;
}

export interface OutboundOptions {
  /** `host` or `host:port`, exempt from the refusals. */
  allow: readonly string[];
  /** `host` or `host:port` that stand for public ones of https where callers choose addresses. No setting leads here; tests do. */
  allowCallers?: readonly string[] | undefined;
  /** Resolves host names; default: the system's resolver. */
  lookup?: LookupFunction | undefined;
}

const connectTimeoutMs = 10_000;
/** One user may take half of each of these, and less beside others (turns.ts). */
const turnsPerOrigin = { runningMax: 256, waitingMax: 2_000, waitingBytesMax: 128 * 1024 * 1024 };
const idlePoolMs = 60_000;
const redirectsMax = 3;

/** One origin's connections and how many exchanges use them. */
class OriginPool {
  readonly pool: Pool;
  readonly turns = new Turns(turnsPerOrigin);
  exchanges = 0;
  idleSinceMs = performance.now();
  #whenIdle: (() => void) | undefined;

  constructor(origin: string, lookup: LookupFunction) {
    this.pool = new Pool(origin, {
      connections: turnsPerOrigin.runningMax,
      allowH2: false,
      connect: { lookup, timeout: connectTimeoutMs },
      // Exchange keeps one time limit for the whole answer.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  release(): void {
    this.exchanges -= 1;
    if (this.exchanges > 0) return;
    this.idleSinceMs = performance.now();
    this.#whenIdle?.();
  }

  /** Lets what runs and what waits for its turn finish. */
  async close(): Promise<void> {
    if (this.exchanges > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    await this.pool.close();
  }
}

export class Outbound {
  readonly #exemptions: Exemptions;
  readonly #callersExemptions: Exemptions;
  readonly #lookup: LookupFunction;
  readonly #guardedLookup: LookupFunction;
  readonly #pools = new Map<string, OriginPool>();
  readonly #sweep: NodeJS.Timeout;

  constructor(options: OutboundOptions) {
    this.#exemptions = new Exemptions(options.allow);
    this.#callersExemptions = new Exemptions(options.allowCallers ?? []);
    this.#lookup = options.lookup ?? (systemLookup as LookupFunction);
    this.#guardedLookup = guardLookup(this.#lookup);
    this.#sweep = setInterval(() => this.#closeIdlePools(), idlePoolMs / 2).unref();
  }

  /** Lifts the refusals for the origin of an address that the operator set for an integration, and for that one alone. */
  exempt(integration: string, address: string): void {
    this.#exemptions.addOrigin(integration, address);
  }

  /**
   * Resolves once the headers of the answer are there.
   * Throws OutboundError (`upstream_unreachable`, `upstream_timeout`, `upstream_unexpected`) and `unavailable`.
   */
  send(request: OutboundRequest): Promise<OutboundAnswer> {
    const deadlineMs = performance.now() + request.timeoutMs;
    const exchange = this.#exchange(request, request.url, sendableHeaders(request.headers), request.timeoutMs);
    if (!request.followRedirects) return exchange;
    return exchange.then((answer) => (isRedirect(answer.status) ? this.#followRedirects(request, answer, deadlineMs) : answer));
  }

  /** Lets what runs finish. */
  async close(): Promise<void> {
    clearInterval(this.#sweep);
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.close()));
  }

  async #followRedirects(request: OutboundRequest, first: OutboundAnswer, deadlineMs: number): Promise<OutboundAnswer> {
    let answer = first;
    let url = request.url;
    let headers = sendableHeaders(request.headers);
    const { addressCredential = noAddressCredential } = request;
    for (let hop = 0; hop < redirectsMax; hop += 1) {
      const next = redirectTarget(answer, url);
      if (next === undefined || !mayFollow(request, answer, next, url)) return answer;
      if (next.origin !== url.origin) {
        if (holdsCredential(next.href, addressCredential)) return answer;
        headers = headersForOtherOrigin(headers);
      }
      moveCredential(addressCredential, url, next);
      url = next;
      await drain(answer);
      answer = await this.#exchange(request, url, headers, Math.max(1, deadlineMs - performance.now()));
    }
    return answer;
  }

  #exchange(request: OutboundRequest, url: URL, headers: Record<string, string>, timeoutMs: number): Promise<OutboundAnswer> {
    const exempt = (request.chosenByCaller ? this.#callersExemptions : this.#exemptions).cover(request.integration, url);
    if (!exempt && !(isHttp(url, request.httpsOnly) && isPublicHost(url.hostname)))
      return Promise.reject(OutboundError.refused(request.integration));
    const pool = this.#poolOf(url.origin, exempt);
    const { body = null } = request;
    const isStreamed = body !== null && typeof body === 'object' && 'stream' in body;
    const options: Dispatcher.DispatchOptions = {
      path: url.pathname + url.search,
      method: request.method as Dispatcher.HttpMethod,
      headers: isStreamed && body.bytes !== undefined ? { ...headers, 'content-length': String(body.bytes) } : headers,
      body: isStreamed ? body.stream : body,
    };
    pool.exchanges += 1;
    return new Exchange(request, timeoutMs, pool, options).start();
  }

  /** Whoever is not exempt shares no connection with those who are: theirs were made to addresses that nobody checked. */
  #poolOf(origin: string, exempt: boolean): OriginPool {
    const name = exempt ? `exempt ${origin}` : origin;
    let pool = this.#pools.get(name);
    if (!pool) {
      pool = new OriginPool(origin, exempt ? this.#lookup : this.#guardedLookup);
      this.#pools.set(name, pool);
    }
    return pool;
  }

  #closeIdlePools(): void {
    const beforeMs = performance.now() - idlePoolMs;
    for (const [name, { exchanges, idleSinceMs, pool }] of this.#pools) {
      if (exchanges > 0 || idleSinceMs >= beforeMs) continue;
      this.#pools.delete(name);
      pool.close().catch(() => {});
    }
  }
}

/** The whole body. Throws `upstream_unexpected` above `bytesMax`. */
export async function readBody(answer: OutboundAnswer, bytesMax: number): Promise<Buffer> {
  const body = await answer.collect(bytesMax);
  if (body !== undefined) return body;
  answer.discard();
  throw new SkillettError(
    'upstream_unexpected',
    `${answer.integration} answered with more than ${bytesMax} bytes, which is more than fits here.`,
  );
}

const drainBytesMax = 64 * 1024;

/** Reads a body nobody wants to its end when it is short, so that its connection can be used again, and breaks it off when it is long. */
export async function drain(answer: OutboundAnswer): Promise<void> {
  const body = await answer.collect(drainBytesMax).catch(() => undefined);
  if (!body) answer.discard();
}

function isHttp(url: URL, httpsOnly = false): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && !httpsOnly);
}

/** A resolver whose every answer is checked; the socket connects to exactly what it returned, so a second look-up cannot differ. */
function guardLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error) return callback(error, found, family);
      const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address);
      // Node takes the first without looking, and a throw there would end the process.
      if (addresses.length === 0) return callback(Object.assign(new Error(`no address of ${hostname}`), { code: 'ENOTFOUND' }), []);
      if (addresses.every(isPublicAddress)) return callback(null, found, family);
      return callback(new RefusedAddress(), []);
    });
  };
}

function sendableHeaders(headers: Record<string, string>): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const lowerCase = name.toLowerCase();
    if (!neverSent.has(lowerCase)) sent[lowerCase] = headers[name] as string;
  }
  // Bodies are passed on as bytes; a compressed one could be neither spliced nor measured.
  sent['accept-encoding'] = 'identity';
  return sent;
}

/** Whatever else a request carries was meant for the first origin: its credential, and values a recipe puts into headers. */
function headersForOtherOrigin(headers: Record<string, string>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['accept', 'accept-encoding', 'user-agent']) if (headers[name] !== undefined) kept[name] = headers[name];
  return kept;
}

export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** RFC 9110, section 15.4: only 307 and 308 keep the method, and with it the body. */
function mayFollow({ method, followRedirects }: OutboundRequest, { status }: OutboundAnswer, next: URL, from: URL): boolean {
  if (followRedirects === 'read') return method === 'GET';
  return (status === 307 || status === 308) && next.origin === from.origin;
}

/** RFC 9110, section 15.4. Undefined when the answer is no redirect that can be followed. */
function redirectTarget(answer: OutboundAnswer, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.status)) return undefined;
  const { location } = answer.headers;
  return typeof location === 'string' ? (URL.parse(readHeader(location), from) ?? undefined) : undefined;
}

/** A header's value arrives with a character for each byte; where those are UTF-8 beyond ASCII, they were meant so. */
export function readHeader(value: string): string {
  if (!/[\x80-\xff]/.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}
