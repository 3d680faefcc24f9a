/** A service's body as JSON that can stand inside another JSON text, and as text. Nothing is parsed unless it must be. */
import { isUtf8 } from 'node:buffer';
import type { OutboundAnswer } from './outbound-answer.ts';
import { OutboundError } from './outbound-error.ts';
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
  /** Read to the end and parsed, so that nothing which is not JSON passes (imported integrations). */
  validated: boolean;
}

/**
 * The body as RawJson: as it came when it looks like JSON from its first to its last byte, otherwise as a JSON string;
 * null when it is empty. Throws `upstream_unexpected` when it is too long.
 */
export async function readJsonBody(answer: OutboundAnswer, options: JsonBodyOptions): Promise<RawJson> {
  const pieces = await answer.gather(options.validated ? jsonBytesMax : wholeBytesMax);
  if (pieces) return passPieces(pieces, options) ?? toJson(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces), options);
  if (options.validated) throw tooLong(answer, jsonBytesMax);
  const decoder = decoderFor(answer.head(), options.charset);
  const opening = decoder ? undefined : openingOf(answer.head());
  if (announcedBytes(answer) > jsonBytesMax) throw tooLong(answer, jsonBytesMax);
  if (opening) return RawJson.fromSource(new StreamedJson(answer, opening));
  // A long scalar, a charset of its own, or no JSON at all: rare, and only the whole of it tells.
  const whole = await answer.collect(textBytesMax);
  if (!whole) throw tooLong(answer, textBytesMax);
  return toJson(whole, options);
}

function toJson(body: Buffer, options: JsonBodyOptions): RawJson {
  if (body.length === 0) return RawJson.fromValue(null);
  const json = toUtf8(body, options.charset);
  return (options.validated ? isJson(json) : looksLikeJson(json)) ? RawJson.fromBytes(json) : RawJson.fromValue(json.toString('utf8'));
}

/** Several pieces in UTF-8 as they are; undefined where only the whole tells what it is. */
function passPieces(pieces: readonly Buffer[], { charset, validated }: JsonBodyOptions): RawJson | undefined {
  const [head] = pieces;
  if (validated || pieces.length < 2 || !head || head.length < headBytesMin || decoderFor(head, charset)) return undefined;
  const opening = openingOf(head);
  if (opening === undefined) return undefined;
  const passage = new JsonPassage(opening, head);
  const passed = pieces.map((piece) => passage.take(piece)).filter((piece) => piece.length > 0);
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

/** Text in UTF-8: without a byte-order mark, and from another charset when the mark or the service names one. */
function toUtf8(body: Buffer, charset: string | undefined): Buffer {
  const decoder = decoderFor(body, charset);
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
/** In ASCII, an object's and an array's last byte stands two after its first. */
const closingAfterOpening = 2;

/** RFC 8259, section 2: the only white space of JSON. */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function lastByte(json: Buffer): number | undefined {
  let at = json.length - 1;
  while (at >= 0 && isSpace(json[at])) at -= 1;
  return json[at];
}

/** The first byte of an object or an array, after a byte-order mark and white space; undefined when it is neither. */
function openingOf(json: Buffer): number | undefined {
  let at = hasUtf8Mark(json) ? 3 : 0;
  while (isSpace(json[at])) at += 1;
  return json[at] === openBrace || json[at] === openBracket ? json[at] : undefined;
}

/** Objects and arrays by their first and last byte; scalars are short and rare enough to be parsed. */
function looksLikeJson(json: Buffer): boolean {
  const opening = openingOf(json);
  return opening === undefined ? isJson(json) : lastByte(json) === opening + closingAfterOpening;
}

export function isJson(json: Buffer): boolean {
  try {
    JSON.parse(json.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** An object or array in UTF-8 on its way through, piece by piece. */
class JsonPassage {
  readonly #opening: number;
  /** Of the byte-order mark, still to be left out. */
  #skipBytes: number;
  #last: number | undefined;
  /** Begins a character that goes on in the next piece. */
  #rest: Buffer | undefined;

  constructor(opening: number, head: Buffer) {
    this.#opening = opening;
    this.#skipBytes = hasUtf8Mark(head) ? 3 : 0;
  }

  /** What of it can go on. */
  take(arrived: Buffer): Buffer {
    const start = Math.min(this.#skipBytes, arrived.length);
    this.#skipBytes -= start;
    const piece = this.#rest ? Buffer.concat([this.#rest, arrived]) : arrived.subarray(start);
    const unfinished = unfinishedBytes(piece);
    this.#rest = unfinished > 0 ? piece.subarray(piece.length - unfinished) : undefined;
    const passed = unfinished > 0 ? piece.subarray(0, piece.length - unfinished) : piece;
    this.#last = lastByte(passed) ?? this.#last;
    return isUtf8(passed) ? passed : Buffer.from(passed.toString('utf8'));
  }

  /** Whether it ended as it began. */
  get isComplete(): boolean {
    return this.#rest === undefined && this.#last === this.#opening + closingAfterOpening;
  }
}

/** A body that is passed on while it arrives. Breaks off when it is too long or does not end as it began. */
class StreamedJson implements JsonSource {
  readonly #answer: OutboundAnswer;
  readonly #passage: JsonPassage;
  #bytes = 0;

  constructor(answer: OutboundAnswer, opening: number) {
    this.#answer = answer;
    this.#passage = new JsonPassage(opening, answer.head());
  }

  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const arrived = await this.#answer.read();
      if (!arrived) return this.#requireEnd();
      this.#bytes += arrived.length;
      if (this.#bytes > jsonBytesMax) throw tooLong(this.#answer, jsonBytesMax);
      const passed = this.#passage.take(arrived);
      if (passed.length > 0) return passed;
    }
  }

  discard(): void {
    this.#answer.discard();
  }

  #requireEnd(): undefined {
    if (!this.#passage.isComplete) throw OutboundError.malformed(this.#answer.integration, 'broke off in the middle of its JSON');
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
