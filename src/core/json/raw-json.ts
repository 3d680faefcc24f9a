/**
 * JSON that is passed on as the bytes it came in, inside answers that are otherwise printed by JSON.stringify: while one
 * is printed, each RawJson leaves a marker, and the writer puts its bytes in the marker's place.
 */
import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';

/** Bytes that are read while they are written. */
export interface ByteSource {
  /** The next bytes; undefined at the end. */
  read(): Promise<Buffer | undefined>;
  /** Ends it without reading further; may be called at any time, more than once. */
  discard(): void;
  /** Calls back once, with the bytes that were read, when all was read and found good, or with why it was not. */
  whenOver?(listener: (bytes: number, failure: Error | undefined) => void): void;
}

/** Unguessable, so that no text of a client or a service can stand for it. */
const marker = `raw:${randomBytes(16).toString('hex')}`;
const printedMarker = JSON.stringify(marker);

/** What the JSON.stringify that runs at the moment has met; it runs to its end without a pause, so one is enough. */
let met: RawJson[] | undefined;

export class RawJson {
  #pieces: readonly Buffer[] | undefined;
  readonly #source: ByteSource | undefined;
  #taken = false;

  private constructor(pieces: readonly Buffer[] | undefined, source: ByteSource | undefined) {
    this.#pieces = pieces;
    this.#source = source;
  }

  /** `json` must be one valid JSON text in UTF-8. */
  static fromBytes(json: Buffer): RawJson {
    return new RawJson([json], undefined);
  }

  /** As fromBytes, in several pieces. */
  static fromPieces(pieces: readonly Buffer[]): RawJson {
    return new RawJson(pieces, undefined);
  }

  static fromValue(value: unknown): RawJson {
    return RawJson.fromBytes(Buffer.from(JSON.stringify(value ?? null)));
  }

  /** Read once, when it is written. */
  static fromSource(source: ByteSource): RawJson {
    return new RawJson(undefined, source);
  }

  /** Undefined while part of it is still to come. */
  get pieces(): readonly Buffer[] | undefined {
    return this.#pieces;
  }

  /** All of it, read to its end first where needed. Throws what its source throws. */
  async load(): Promise<Buffer> {
    const pieces = this.#pieces ? [...this.#pieces] : [];
    if (!this.#pieces) {
      const source = this.takeSource();
      for (let chunk = await source.read(); chunk; chunk = await source.read()) pieces.push(chunk);
    }
    const whole = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    this.#pieces = [whole];
    return whole;
  }

  /** Of what is still to be read: tells when it has been, or why it never will. Undefined where it is there. */
  get whenOver(): ByteSource['whenOver'] {
    const source = this.#source;
    return source?.whenOver && ((listener) => source.whenOver?.(listener));
  }

  /** What is still to be read; only one may read it. */
  takeSource(): ByteSource {
    if (!this.#source || this.#taken) throw new Error('This JSON is already being read.');
    this.#taken = true;
    return this.#source;
  }

  /** Ends what is still being read. */
  discard(): void {
    this.#source?.discard();
  }

  toJSON(): string {
    met?.push(this);
    return met ? marker : '[raw JSON]';
  }
}

/** The value as JSON text with each RawJson in its place. */
export function spliceJson(value: unknown): (string | RawJson)[] {
  return spliceFlat(value) ?? spliceMarked(value);
}

/** An object of scalars and RawJson, as the answer of an execution is, needs no marker; undefined for any other value. */
function spliceFlat(value: unknown): (string | RawJson)[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || 'toJSON' in value) return undefined;
  const parts: (string | RawJson)[] = [];
  let text = '{';
  let comma = '';
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name];
    const raw = member instanceof RawJson;
    if (!raw && typeof member === 'object' && member !== null) return undefined;
    const printed = raw ? '' : JSON.stringify(member);
    if (printed === undefined) continue;
    text += `${comma}${JSON.stringify(name)}:${printed}`;
    comma = ',';
    if (raw) {
      parts.push(text, member);
      text = '';
    }
  }
  return [...parts, `${text}}`];
}

function spliceMarked(value: unknown): (string | RawJson)[] {
  const found: RawJson[] = [];
  met = found;
  let text: string;
  try {
    text = JSON.stringify(value);
  } finally {
    met = undefined;
  }
  if (found.length === 0) return [text];
  const texts = text.split(printedMarker);
  if (texts.length !== found.length + 1) throw new Error('A marker of raw JSON stands where no raw JSON was.');
  return texts.flatMap((part, at) => (at === 0 ? [part] : [found[at - 1] as RawJson, part]));
}

/**
 * Prints a value as JSON and ends the target. `begin` is called before the first byte, with how many there will be where that is
 * known, and nothing is left to wait for then. When a part that is still being read breaks off, the target is destroyed, so that nobody
 * takes what arrived for the whole.
 */
export function writeSpliced(target: Writable, value: unknown, begin?: (bytes: number | undefined) => void): void | Promise<void> {
  const parts = spliceJson(value);
  if (parts.every(isWhole)) return writeWhole(target, parts, begin);
  begin?.(undefined);
  return writeStreamed(target, parts);
}

type WholePart = string | (RawJson & { pieces: readonly Buffer[] });

export function isWhole(part: string | RawJson): part is WholePart {
  return typeof part === 'string' || part.pieces !== undefined;
}

/** In bytes of UTF-8. */
export function lengthOf(part: WholePart): number {
  return typeof part === 'string' ? Buffer.byteLength(part) : part.pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** Up to here one copy costs less than several chunks on their way through the streams. */
const copiedBytesMax = 32 * 1024;

function writeWhole(target: Writable, parts: readonly WholePart[], begin: ((bytes: number) => void) | undefined): void {
  const bytes = parts.reduce((sum, part) => sum + lengthOf(part), 0);
  begin?.(bytes);
  if (bytes <= copiedBytesMax) {
    let text = '';
    for (const part of parts)
      if (typeof part === 'string') text += toByteString(part);
      else for (const piece of part.pieces) text += piece.toString('latin1');
    // Node sends a string together with the headers, and bytes apart from them.
    target.end(text, 'latin1');
    return;
  }
  target.cork();
  for (const part of parts)
    if (typeof part === 'string') target.write(Buffer.from(part));
    else for (const piece of part.pieces) target.write(piece);
  target.end();
  target.uncork();
}

/** The UTF-8 of a text with a character for each byte. */
function toByteString(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
}

/** As `writeSpliced`, of bytes that need not be JSON. */
export async function writeBytes(target: Writable, source: ByteSource): Promise<void> {
  target.once('close', () => source.discard());
  try {
    await writeSource(target, source);
    target.end();
  } catch {
    source.discard();
    target.destroy();
  }
}

async function writeStreamed(target: Writable, parts: (string | RawJson)[]): Promise<void> {
  const sources = parts.filter((part) => part instanceof RawJson);
  const stop = (): void => {
    for (const source of sources) source.discard();
  };
  // A client that leaves must not keep the service's connections.
  target.once('close', stop);
  try {
    for (const part of parts) {
      if (typeof part === 'string') await write(target, Buffer.from(part));
      else if (part.pieces || sources.indexOf(part) !== sources.lastIndexOf(part)) await write(target, await part.load());
      else await writeSource(target, part.takeSource());
    }
    target.end();
  } catch {
    stop();
    target.destroy();
  }
}

async function writeSource(target: Writable, source: ByteSource): Promise<void> {
  for (let chunk = await source.read(); chunk; chunk = await source.read()) {
    const full = write(target, chunk);
    if (full) await full;
  }
}

function write(target: Writable, chunk: Buffer): Promise<void> | undefined {
  if (target.destroyed) throw new Error('The client has left.');
  if (target.write(chunk)) return undefined;
  return new Promise((resolve) => {
    const goOn = (): void => {
      target.off('drain', goOn);
      target.off('close', goOn);
      resolve();
    };
    target.on('drain', goOn);
    target.on('close', goOn);
  });
}
