/** Where values stand in a JSON text, found without building any of them. The text must be one valid JSON text in UTF-8. */
import { setImmediate } from 'node:timers/promises';
import { closeBrace, closeBracket, comma, endOfString, openBrace, openBracket, quote } from './json-bytes.ts';

/** Of the text: from the first byte to behind the last. */
export interface Range {
  start: number;
  end: number;
}

interface Member extends Range {
  name: string;
}

/** After so much, which takes about a millisecond, others have their turn. */
const stretchBytes = 1024 * 1024;

/**
 * The members with these names of the object that the range holds; of several with one name the last, as JSON.parse takes it.
 * Undefined where there is no object.
 */
export async function findMembers(json: Buffer, range: Range, names: readonly string[]): Promise<Map<string, Range> | undefined> {
  const start = skipSpace(json, range.start);
  if (json[start] !== openBrace) return undefined;
  const found = new Map<string, Range>();
  let restedAt = start;
  for (const step of membersAt(json, start)) {
    const at = typeof step === 'number' ? step : step.end;
    if (typeof step !== 'number' && names.includes(step.name)) found.set(step.name, step);
    if (at - restedAt < stretchBytes) continue;
    restedAt = at;
    await setImmediate();
  }
  return found;
}

export function isNull(json: Buffer, { start }: Range): boolean {
  return json[skipSpace(json, start)] === 0x6e;
}

/** Of what is long also how far it has come. */
function* membersAt(json: Buffer, start: number): Generator<Member | number> {
  let at = skipSpace(json, start + 1);
  while (json[at] === quote) {
    const nameEnd = endOfString(json, at) + 1;
    const name = textOf(json, at, nameEnd);
    const valueStart = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const end = yield* endOfValue(json, valueStart);
    yield { name, start: valueStart, end };
    at = skipSpace(json, end);
    if (json[at] === comma) at = skipSpace(json, at + 1);
  }
}

function* endOfValue(json: Buffer, start: number): Generator<number, number> {
  const first = json[start] as number;
  if (first === quote) return endOfString(json, start) + 1;
  if (first !== openBrace && first !== openBracket) return endOfScalar(json, start);
  let depth = 0;
  let tellAt = start + stretchBytes;
  for (let at = start; at < json.length; at += 1) {
    const byte = json[at] as number;
    if (byte === quote) at = endOfString(json, at);
    else if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
    if (at < tellAt) continue;
    yield at;
    tellAt = at + stretchBytes;
  }
  return json.length;
}

function endOfScalar(json: Buffer, start: number): number {
  let at = start;
  while (at < json.length && !isSpace(json[at] as number) && json[at] !== comma && json[at] !== closeBrace && json[at] !== closeBracket)
    at += 1;
  return at;
}

function textOf(json: Buffer, start: number, end: number): string {
  const text = json.toString('utf8', start + 1, end - 1);
  return text.includes('\\') ? JSON.parse(`"${text}"`) : text;
}

function skipSpace(json: Buffer, start: number): number {
  let at = start;
  while (isSpace(json[at] as number)) at += 1;
  return at;
}

/** RFC 8259, section 2. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
