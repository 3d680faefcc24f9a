/** A service's body as JSON that can stand inside another JSON text, and as text. Nothing is parsed unless it must be. */
import { isUtf8 } from 'node:buffer';
import type { OutboundAnswer } from '../outbound/answer.ts';
import { OutboundError } from '../outbound/error.ts';
import { isJson, JsonScan } from './json-scan.ts';
import { type ByteSource, RawJson } from './raw-json.ts';

/** Up to here a body is read before the first byte of the answer goes out. */
export const wholeBytesMax = 256 * 1024;
/** The longest JSON body that is passed on. */
export const jsonBytesMax = 50 * 1024 * 1024;
/** The longest body that is passed on as a JSON string. */
export const textBytesMax = 10 * 1024 * 1024;

/** Enough to tell a byte-order mark and, but for white space, how JSON begins. */
const headBytesMin = 1024;

interface JsonBodyOptions {
  /** Of the Content-Type header. */
  charset: string | undefined;
  /** Up to here it is read before the first byte of the answer goes out. */
  wholeBytesMax: number;
  /** To be called before more of it is read whole than that. */
  makeRoom(): Promise<void>;
}

/**
 * The body as RawJson: as it came when it is one complete JSON text, otherwise as a JSON string; null when it is empty. One that is
 * longer than is read whole breaks off where it turns out to be none later than there. Throws `upstream_unexpected` when it is too long.
 */
export async function readJsonBody(answer: OutboundAnswer, options: JsonBodyOptions): Promise<RawJson> {
  const pieces = await answer.gather(options.wholeBytesMax);
  if (pieces)
    return passPieces(pieces, options) ?? toJson(answer, pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces), options);
  if (announcedBytes(answer) > jsonBytesMax) throw tooLong(answer, jsonBytesMax);
  const held = await readHeld(answer, options.wholeBytesMax);
  const decoded = decoderFor(held[0] as Buffer, options.charset) !== undefined;
  const passage = new JsonPassage(held[0] as Buffer);
  const passed = decoded ? undefined : passAll(passage, held);
  if (passed) return RawJson.fromSource(new StreamedJson(answer, passage, held, passed));
  // A charset of its own, or no JSON at all: only the whole of it tells.
  await options.makeRoom();
  return toJson(answer, await readRest(answer, held, decoded ? jsonBytesMax : textBytesMax), options);
}

/** What has arrived of a body that is longer than `bytes`, the first of it enough to tell a byte-order mark. */
async function readHeld(answer: OutboundAnswer, bytes: number): Promise<Buffer[]> {
  const held: Buffer[] = [];
  for (let length = 0; length <= bytes; ) {
    const piece = (await answer.read()) as Buffer;
    length += piece.length;
    if (held[0] && held[0].length < headBytesMin) held[0] = Buffer.concat([held[0], piece]);
    else held.push(piece);
  }
  return held;
}

async function readRest(answer: OutboundAnswer, held: readonly Buffer[], bytesMax: number): Promise<Buffer> {
  const length = held.reduce((sum, piece) => sum + piece.length, 0);
  const rest = length > bytesMax ? undefined : await answer.collect(bytesMax - length);
  if (!rest) throw tooLong(answer, bytesMax);
  return Buffer.concat([...held, rest]);
}

function toJson(answer: OutboundAnswer, body: Buffer, { charset }: JsonBodyOptions): RawJson {
  if (body.length === 0) return RawJson.fromValue(null);
  const plain = hasUtf8Mark(body) ? body.subarray(3) : body;
  if (isUtf8(plain) && isJson(plain)) return RawJson.fromBytes(plain);
  // RFC 8259, section 8.1: JSON is UTF-8. What is not, and names no other charset, gets U+FFFD, as every other reader would do.
  const text = decoderFor(body, charset)?.decode(body) ?? plain.toString('utf8');
  const json = Buffer.from(text);
  if (isJson(json)) return RawJson.fromBytes(json);
  if (json.length > textBytesMax) throw tooLong(answer, textBytesMax);
  return RawJson.fromValue(text);
}

/** Several pieces in UTF-8 as they are; undefined where only the whole tells what it is. */
function passPieces(pieces: readonly Buffer[], { charset }: JsonBodyOptions): RawJson | undefined {
  const [head] = pieces;
  if (pieces.length < 2 || !head || head.length < headBytesMin || decoderFor(head, charset)) return undefined;
  const passage = new JsonPassage(head);
  const passed = passAll(passage, pieces);
  return passed && passage.isComplete ? RawJson.fromPieces(passed) : undefined;
}

/** Undefined where they turn out to begin no JSON. */
function passAll(passage: JsonPassage, pieces: readonly Buffer[]): Buffer[] | undefined {
  const passed: Buffer[] = [];
  for (const piece of pieces) {
    const text = passage.take(piece);
    if (!text) return undefined;
    if (text.length > 0) passed.push(text);
  }
  return passed;
}

/** Ends the answer. */
export function tooLong(answer: OutboundAnswer, bytesMax: number): OutboundError {
  answer.discard();
  return longerThan(answer, bytesMax);
}

function longerThan({ integration }: OutboundAnswer, bytesMax: number): OutboundError {
  return OutboundError.malformed(
    integration,
    `answered with more than ${bytesMax / 1024 / 1024} MiB, which does not fit here; over REST, \`Accept: application/octet-stream\` streams it as it is`,
  );
}

function announcedBytes(answer: OutboundAnswer): number {
  return Number(answer.headers['content-length'] ?? 0);
}

/** A body that is not JSON as text. Without a charset, what is not UTF-8 is read as browsers do (windows-1252). */
export function toText(body: Buffer, charset: string | undefined): string {
  const decoder = decoderFor(body, charset) ?? (isUtf8(body) ? undefined : new TextDecoder('windows-1252'));
  if (decoder) return decoder.decode(body);
  return (hasUtf8Mark(body) ? body.subarray(3) : body).toString('utf8');
}

/** Undefined for UTF-8. */
function decoderFor(body: Buffer, charset: string | undefined): TextDecoder | undefined {
  const label = hasMark(body, 0xff, 0xfe) ? 'utf-16le' : hasMark(body, 0xfe, 0xff) ? 'utf-16be' : charset;
  if (label === undefined || /^utf-?8$/i.test(label)) return undefined;
  try {
    const decoder = new TextDecoder(label);
    return decoder.encoding === 'utf-8' ? undefined : decoder;
  } catch {
    return undefined;
  }
}

function hasMark(body: Buffer, first: number, second: number): boolean {
  return body[0] === first && body[1] === second;
}

function hasUtf8Mark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}

/** JSON in UTF-8 on its way through, piece by piece. */
class JsonPassage {
  readonly #scan = new JsonScan();
  /** Of the byte-order mark, still to be left out. */
  #skipBytes: number;
  /** Begins a character that goes on in the next piece. */
  #rest: Buffer | undefined;

  constructor(head: Buffer) {
    this.#skipBytes = hasUtf8Mark(head) ? 3 : 0;
  }

  /** What of it can go on; undefined where it turns out to be no JSON. */
  take(arrived: Buffer): Buffer | undefined {
    const start = Math.min(this.#skipBytes, arrived.length);
    this.#skipBytes -= start;
    const piece = this.#rest ? Buffer.concat([this.#rest, arrived]) : arrived.subarray(start);
    const unfinished = unfinishedBytes(piece);
    this.#rest = unfinished > 0 ? piece.subarray(piece.length - unfinished) : undefined;
    const passed = unfinished > 0 ? piece.subarray(0, piece.length - unfinished) : piece;
    const text = isUtf8(passed) ? passed : Buffer.from(passed.toString('utf8'));
    return this.#scan.take(text) ? text : undefined;
  }

  /** Whether all that went on is one JSON text. */
  get isComplete(): boolean {
    return this.#rest === undefined && this.#scan.isComplete;
  }
}

type OverListener = Parameters<OutboundAnswer['whenOver']>[0];

/** A body that is passed on while it arrives. Breaks off when it is too long or turns out to be no JSON. */
class StreamedJson implements ByteSource {
  readonly #answer: OutboundAnswer;
  readonly #passage: JsonPassage;
  /** Looked at already. */
  readonly #passed: Buffer[];
  #bytes: number;
  /** How it came to its end: what arrived is not over before it was looked at. */
  #end: { failure: Error | undefined } | undefined;
  #overListener: OverListener | undefined;

  /** `held` has been read of the answer, and what `passage` made of it is `passed`. */
  constructor(answer: OutboundAnswer, passage: JsonPassage, held: readonly Buffer[], passed: Buffer[]) {
    this.#answer = answer;
    this.#passage = passage;
    this.#passed = passed;
    this.#bytes = held.reduce((sum, piece) => sum + piece.length, 0);
    answer.whenOver((_bytes, failure) => {
      if (failure) this.#over(failure);
    });
  }

  whenOver(listener: OverListener): void {
    if (this.#end) listener(this.#bytes, this.#end.failure);
    else this.#overListener = listener;
  }

  async read(): Promise<Buffer | undefined> {
    const known = this.#passed.shift();
    if (known) return known;
    for (;;) {
      const arrived = await this.#answer.read();
      if (!arrived) return this.#requireEnd();
      this.#bytes += arrived.length;
      if (this.#bytes > jsonBytesMax) throw this.#breakOff(longerThan(this.#answer, jsonBytesMax));
      const passed = this.#passage.take(arrived);
      if (!passed) throw this.#breakOff(this.#malformed('sent something that is not JSON in the middle of its JSON'));
      if (passed.length > 0) return passed;
    }
  }

  discard(): void {
    // Whoever leaves before the end has taken what he wanted.
    this.#over(undefined);
    this.#answer.discard();
  }

  #requireEnd(): undefined {
    if (!this.#passage.isComplete) throw this.#breakOff(this.#malformed('broke off in the middle of its JSON'));
    this.#over(undefined);
  }

  #malformed(what: string): OutboundError {
    return OutboundError.malformed(this.#answer.integration, what);
  }

  /** Says why before the answer is ended, which tells that it was given up. */
  #breakOff(failure: OutboundError): OutboundError {
    this.#over(failure);
    this.#answer.discard();
    return failure;
  }

  #over(failure: Error | undefined): void {
    if (this.#end) return;
    this.#end = { failure };
    this.#overListener?.(this.#bytes, failure);
  }
}

/** How many bytes at the end begin a character that goes on in the next chunk (RFC 3629, section 3). */
function unfinishedBytes(chunk: Buffer): number {
  for (let back = 1; back <= Math.min(3, chunk.length); back += 1) {
    const byte = chunk[chunk.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}
