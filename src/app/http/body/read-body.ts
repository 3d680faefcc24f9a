/** Bodies of requests: how much of one is read depends on who sends it, and is decided before it is read. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from '../../../core/context.ts';
import { badRequest, SkillettError, unavailable } from '../../../core/errors.ts';
import { shareOfMemory } from '../../../core/memory.ts';

/** As much as is read of anybody, and of a key before a look-up has said that it is good. */
export const strangerBytesMax = 16 * 1024;
/** Of what may hold an execution, by any door: attachments travel in `params`. */
export const executionBytesMax = 40 * 1024 * 1024;
/** How much of a refused body is still read and thrown away, so that the client gets to see the answer instead of a reset. */
const drainBytesMax = 64 * 1024 * 1024;
const mebibyte = 1024 * 1024;
/** Whatever the memory, one body of the longest kind is taken, with room for a few of the others. */
const longestBytes = 48 * mebibyte;
/** Longer bodies count against what all of them may hold at once in this process, from arriving to being answered: */
const largeBytes = 1024 * 1024;
/**
 * without a bound, uploads that stall could fill the memory, and one takes several times its length while it is sent on; and without
 * a share, those of one user all of that bound.
 */
const heldBytesMax = shareOfMemory(1 / 10, longestBytes, 256 * mebibyte);
const shareOfUser = Math.max(longestBytes, heldBytesMax / 4);
const shareOfAddress = Math.max(longestBytes, heldBytesMax / 2);
/** By `all`, users and addresses. */
const heldBytes = new Map<string, number>();

/**
 * Reads a request's body whole, at once where it is short and there already, as most are. Throws payload_too_large as soon as it is known to be longer, 401 when it is longer than a stranger's may
 * be and whoever sends it is nobody, and unavailable when large bodies fill the room for them. Without `context` everybody is a stranger.
 */
export function readBodyBytes(
  request: IncomingMessage,
  response: ServerResponse,
  bytesMax: number,
  context?: Context,
): Buffer | Promise<Buffer> {
  return takeArrived(request, response, bytesMax) ?? readArriving(request, response, bytesMax, context);
}

/** Nothing of it is left to be waited for, refused or held: it is no longer than a stranger's may be. */
function takeArrived(request: IncomingMessage, response: ServerResponse, bytesMax: number): Buffer | undefined {
  const { complete, readable, readableLength, headers } = request;
  if (!complete || !readable || readableLength > Math.min(bytesMax, strangerBytesMax) || headers.expect !== undefined) return undefined;
  keepAlive(request, response);
  return request.read() ?? noBytes;
}

const noBytes = Buffer.alloc(0);

async function readArriving(
  request: IncomingMessage,
  response: ServerResponse,
  bytesMax: number,
  context: Context | undefined,
): Promise<Buffer> {
  const stranger = !context || (await context.caller()).kind === 'none';
  const body = new Body(request, response, stranger ? Math.min(bytesMax, strangerBytesMax) : bytesMax);
  if (stranger) return body.readToEnd();
  const whole = isLong(request) ? undefined : await body.read(strangerBytesMax);
  if (whole) return whole;
  const { userId } = await context.holder();
  keepAlive(request, response);
  body.holdFor([
    ['all', heldBytesMax],
    [userId, shareOfUser],
    [context.address, shareOfAddress],
  ]);
  return body.readToEnd();
}

/** Said to be long; one that does not say is read as far as a stranger's. */
function isLong({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? 0) > strangerBytesMax;
}

/** Infinity where only its end will tell. */
function announcedBytes({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(headers['content-length'] ?? 0);
}

/** Whether connections were to be kept whose body is still unread. */
const keptAlive = new WeakMap<IncomingMessage, boolean>();

/** How long a client that still sends may take to read its answer (RFC 9112, section 9.6). */
const lingerMs = 1_000;

/**
 * Ends the connection with the answer if a long body is not read until then. Node would read it to its end to keep the
 * connection, and a close at once would reset it under the answer.
 */
export function closeUnlessRead(request: IncomingMessage, response: ServerResponse): void {
  if (announcedBytes(request) <= strangerBytesMax) return;
  keptAlive.set(request, response.shouldKeepAlive);
  response.shouldKeepAlive = false;
  // Taken to be in use, it is not read beyond what a stream keeps.
  request.read(0);
  const { socket } = request;
  socket.destroySoon = () => {
    socket.end();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };
}

/** The body is read. */
function keepAlive(request: IncomingMessage, response: ServerResponse): void {
  const before = keptAlive.get(request);
  if (before === undefined) return;
  response.shouldKeepAlive = before;
  // From here on it is the prototype's again.
  delete (request.socket as Partial<typeof request.socket>).destroySoon;
}

class Body {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #bytesMax: number;
  #chunks: Buffer[] | undefined = [];
  #length = 0;
  #shares: readonly (readonly [string, number])[] = [];
  #held = 0;
  #pauseAt = Number.POSITIVE_INFINITY;
  #settle: { resolve(whole: Buffer | undefined): void; reject(error: Error): void } | undefined;
  #fault: SkillettError | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, bytesMax: number) {
    this.#request = request;
    this.#response = response;
    this.#bytesMax = bytesMax;
  }

  /** Undefined, and paused, once there are more than `bytes`. */
  read(bytes: number): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      const first = this.#settle === undefined;
      this.#settle = { resolve, reject };
      if (this.#fault) return reject(this.#fault);
      this.#pauseAt = bytes;
      if (first) this.#start();
      else if (this.#request.readableEnded || this.#request.destroyed) this.#finish();
      else this.#request.resume();
    });
  }

  async readToEnd(): Promise<Buffer> {
    return (await this.read(Number.POSITIVE_INFINITY)) as Buffer;
  }

  holdFor(shares: readonly (readonly [string, number])[]): void {
    this.#shares = shares;
  }

  #start(): void {
    const request = this.#request;
    if (announcedBytes(request) > this.#bytesMax && request.headers['transfer-encoding'] === undefined)
      this.#refuse(tooLarge(this.#bytesMax));
    // RFC 9110, section 10.1.1: only now is it known that the body is wanted.
    else if (/^100-continue$/i.test(request.headers.expect ?? '')) this.#response.writeContinue();
    request.on('data', (chunk: Buffer) => this.#take(chunk));
    request.on('end', () => this.#finish());
    request.on('close', () => this.#finish());
    request.on('error', () => this.#finish());
  }

  #take(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#bytesMax + drainBytesMax) this.#request.destroy();
    if (!this.#chunks) return;
    if (this.#length > this.#bytesMax) return this.#refuse(tooLarge(this.#bytesMax));
    this.#chunks.push(chunk);
    if (this.#length > largeBytes) this.#hold(chunk.length);
    if (this.#length > this.#pauseAt) {
      this.#request.pause();
      this.#settle?.resolve(undefined);
    }
  }

  #hold(bytes: number): void {
    if (this.#held === 0) this.#response.once('close', () => this.#release());
    this.#held += bytes;
    for (const [name] of this.#shares) heldBytes.set(name, (heldBytes.get(name) ?? 0) + bytes);
    if (this.#shares.some(([name, bytesMax]) => (heldBytes.get(name) as number) > bytesMax))
      this.#refuse(unavailable('Too many large bodies are on their way. Try again shortly.', 2));
  }

  #release(): void {
    for (const [name] of this.#shares) {
      const left = (heldBytes.get(name) ?? 0) - this.#held;
      if (left > 0) heldBytes.set(name, left);
      else heldBytes.delete(name);
    }
    this.#held = 0;
  }

  #refuse(fault: SkillettError): void {
    this.#chunks = undefined;
    this.#release();
    this.#fault = fault;
    // A stranger's is not read any further.
    if (this.#bytesMax <= strangerBytesMax) this.#request.pause();
    this.#settle?.reject(fault);
  }

  #finish(): void {
    if (!this.#request.complete) return this.#settle?.reject(badRequest('The body broke off before its end.'));
    if (!this.#request.readableEnded) return;
    keepAlive(this.#request, this.#response);
    const chunks = this.#chunks ?? [];
    // The request, and this with it, lives until it is answered.
    this.#chunks = [];
    this.#settle?.resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  }
}

function tooLarge(bytesMax: number): SkillettError {
  return new SkillettError('payload_too_large', `The body is larger than ${describeBytes(bytesMax)}, which is the limit here.`);
}

function describeBytes(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / (1024 * 1024)} MiB` : `${bytes / 1024} KiB`;
}
