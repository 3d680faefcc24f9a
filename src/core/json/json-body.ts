/** A service's body as JSON that can stand inside another JSON text, and as text. Nothing is parsed unless it must be. */
import { isUtf8 } from 'node:buffer';
import type { OutboundAnswer } from '../outbound/answer.ts';
import { OutboundError } from '../outbound/error.ts';
import { isJson, JsonScan } from './json-scan.ts';
import { type JsonSource, RawJson } from './raw-json.ts';

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
}

/**
 * The body as RawJson: as it came when it is one complete JSON text, otherwise as a JSON string; null when it is empty. One that is
 * longer than is read whole breaks off where it turns out to be none. Throws `upstream_unexpected` when it is too long.
 */
export async function readJsonBody(answer: OutboundAnswer, options: JsonBodyOptions): Promise<RawJson> {
  const pieces = await answer.gather(options.wholeBytesMax);
  if (pieces)
    return passPieces(pieces, options) ?? toJson(answer, pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces), options);
  const decoder = decoderFor(answer.head(), options.charset);
  const opening = decoder ? undefined : openingOf(answer.head());
  if (announcedBytes(answer) > jsonBytesMax) throw tooLong(answer, jsonBytesMax);
  if (opening) return RawJson.fromSource(new StreamedJson(answer));
  // A long scalar, a charset of its own, or no JSON at all: rare, and only the whole of it tells.
  const whole = await answer.collect(textBytesMax);
  if (!whole) throw tooLong(answer, textBytesMax);
  return toJson(answer, whole, options);
}

function toJson(answer: OutboundAnswer, body: Buffer, options: JsonBodyOptions): RawJson {
  if (body.length === 0) return RawJson.fromValue(null);
  const json = toUtf8(body, options.charset);
  if (isJson(json)) return RawJson.fromBytes(json);
  if (json.length > textBytesMax) throw tooLong(answer, textBytesMax);
  return RawJson.fromValue(json.toString('utf8'));
}

/** Several pieces in UTF-8 as they are; undefined where only the whole tells what it is. */
function passPieces(pieces: readonly Buffer[], { charset }: JsonBodyOptions): RawJson | undefined {
  const [head] = pieces;
  if (pieces.length < 2 || !head || head.length < headBytesMin || decoderFor(head, charset)) return undefined;
  const opening = openingOf(head);
  if (opening === undefined) return undefined;
  const passage = new JsonPassage(head);
  const passed: Buffer[] = [];
  for (const piece of pieces) {
    const text = passage.take(piece);
    if (!text) return undefined;
    if (text.length > 0) passed.push(text);
  }
  return passage.isComplete ? RawJson.fromPieces(passed) : undefined;
}

export function tooLong(answer: OutboundAnswer, bytesMax: number): OutboundError {
  answer.discard();
  return OutboundError.malformed(
    answer.integration,
    `answered with more than ${bytesMax / 1024 / 1024} MiB, which does not fit here; over REST, \`Accept: application/octet-stream\` streams it as it is`,
  );
}

function announcedBytes(answer: OutboundAnswer): number {
  return Number(answer.headers['content-length'] ?? 0);
}

/** Text in UTF-8: without a byte-order mark. What is UTF-8 is so whatever its charset says, else it is read by mark or charset. */
function toUtf8(body: Buffer, charset: string | undefined): Buffer {
  const decoder = isUtf8(body) ? undefined : decoderFor(body, charset);
  if (decoder) return Buffer.from(decoder.decode(body));
  const plain = hasUtf8Mark(body) ? body.subarray(3) : body;
  // RFC 8259, section 8.1: JSON is UTF-8. What is not becomes U+FFFD, as every other reader would do.
  return isUtf8(plain) ? plain : Buffer.from(plain.toString('utf8'));
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

const openBrace = 0x7b;
const openBracket = 0x5b;

/** RFC 8259, section 2: the only white space of JSON. */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The first byte of an object or an array, after a byte-order mark and white space; undefined when it is neither. */
function openingOf(json: Buffer): number | undefined {
  let at = hasUtf8Mark(json) ? 3 : 0;
  while (isSpace(json[at])) at += 1;
  return json[at] === openBrace || json[at] === openBracket ? json[at] : undefined;
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
class StreamedJson implements JsonSource {
  readonly #answer: OutboundAnswer;
  readonly #passage: JsonPassage;
  #bytes = 0;
  /** How it came to its end: what arrived is not over before it was looked at. */
  #end: { failure: Error | undefined } | undefined;
  #overListener: OverListener | undefined;

  constructor(answer: OutboundAnswer) {
    this.#answer = answer;
    this.#passage = new JsonPassage(answer.head());
    answer.whenOver((_bytes, failure) => {
      if (failure) this.#over(failure);
    });
  }

  whenOver(listener: OverListener): void {
    if (this.#end) listener(this.#bytes, this.#end.failure);
    else this.#overListener = listener;
  }

  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const arrived = await this.#answer.read();
      if (!arrived) return this.#requireEnd();
      this.#bytes += arrived.length;
      if (this.#bytes > jsonBytesMax) throw this.#over(tooLong(this.#answer, jsonBytesMax));
      const passed = this.#passage.take(arrived);
      if (!passed) throw this.#breakOff('sent something that is not JSON in the middle of its JSON');
      if (passed.length > 0) return passed;
    }
  }

  discard(): void {
    this.#answer.discard();
    // Whoever leaves before the end has taken what he wanted.
    this.#over(undefined);
  }

  #requireEnd(): undefined {
    if (!this.#passage.isComplete) throw this.#breakOff('broke off in the middle of its JSON');
    this.#over(undefined);
  }

  #breakOff(what: string): Error {
    const failure = this.#over(OutboundError.malformed(this.#answer.integration, what));
    this.#answer.discard();
    return failure;
  }

  #over<Failure extends Error | undefined>(failure: Failure): Failure {
    if (this.#end) return failure;
    this.#end = { failure };
    this.#overListener?.(this.#bytes, failure);
    return failure;
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
