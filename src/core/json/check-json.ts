/**
 * What callers send as JSON, looked at before anything is made of it: how many values it holds, and whether JavaScript's
 * numbers can hold its own (RFC 8259, section 6, leaves that to whoever reads it). No value is built for it.
 */
import { badRequest } from '../errors.ts';
import { comma, endOfString, openBrace, openBracket, quote } from './json-bytes.ts';

/** Each costs memory and time of its own, whatever its bytes: twenty million fit into 40 MiB. */
export const jsonValuesMax = 200_000;

/** Numbers up to here are exact without an exponent: 15 digits are, with a sign or a point. */
const shortNumberLength = 15;
/** No longer number is held exactly that anybody writes, and what looks at digits takes their square. */
const numberLengthMax = 400;

/** Throws bad_request naming the number that would be changed, and payload_too_large's like for too many values. What is no JSON is left to the parser. */
export function checkJson(json: Buffer): void {
  let values = 1;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] as number;
    if (byte === quote) at = endOfString(json, at);
    else if (byte === comma || byte === openBrace || byte === openBracket) {
      values += 1;
      if (values > jsonValuesMax) throw badRequest(`The body holds more than ${jsonValuesMax} JSON values. Send it in several requests.`);
    } else if (isDigit(byte)) {
      const end = endOfNumber(json, at);
      if (!isShort(json, at, end) && !isExact(json.toString('latin1', at, end))) throw inexact(json);
      at = end - 1;
    }
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Behind its last digit, point, sign or exponent. */
function endOfNumber(json: Buffer, start: number): number {
  let end = start + 1;
  for (;;) {
    const byte = json[end] as number;
    if (!isDigit(byte) && byte !== 0x2e && byte !== 0x2b && byte !== 0x2d && (byte | 0x20) !== 0x65) return end;
    end += 1;
  }
}

function isShort(json: Buffer, start: number, end: number): boolean {
  if (end - start > shortNumberLength) return false;
  for (let at = start; at < end; at += 1) if (((json[at] as number) | 0x20) === 0x65) return false;
  return true;
}

/** Whether a number, without its sign, has the same value when JavaScript has read and printed it. */
export function isExact(source: string): boolean {
  if (source.length > numberLengthMax) return false;
  const read = Number(source);
  return Number.isFinite(read) && toDigits(String(read)) === toDigits(source);
}

/** Equal for equal numbers: the digits without zeros around them, and the place of the first. */
function toDigits(number: string): string {
  const [mantissa = '', exponent = '0'] = number.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  const place = digits.length - fraction.length + Number(exponent);
  return `${digits.replace(/0+$/, '')}@${place}`;
}

/** Parsed only now, since it tells where the number stands. */
function inexact(json: Buffer): Error {
  let found: { holder: unknown; name: string; source: string } | undefined;
  let root: unknown;
  try {
    root = JSON.parse(json.toString('utf8'), function (this: unknown, name, value, context?: { source: string }) {
      if (typeof value === 'number' && !found && context && !isExact(context.source.replace('-', '')))
        found = { holder: this, name, source: context.source };
      return value;
    });
  } catch (fault) {
    return badRequest(`The body is not valid JSON: ${(fault as Error).message}.`);
  }
  const place = found && findPlace(root, found.holder, found.name);
  return inexactNumber(place ?? 'body', found?.source ?? '');
}

/** `source`: the number as it was written, which is at most shown in part. */
export function inexactNumber(place: string, source: string): Error {
  const shown = source.length > 40 ? `${source.slice(0, 40)}…` : source;
  const message = `holds the number ${shown}, which would not arrive digit for digit`;
  return badRequest(`\`${place}\` ${message}. Send it as a text where the service takes one, or with fewer digits.`, [
    { path: place, message },
  ]);
}

/** `params.meta.id`; undefined where the holder is not below. Without recursion, since nothing has bounded the depth yet. */
function findPlace(root: unknown, holder: unknown, name: string): string | undefined {
  if (root === holder) return name;
  const open: { value: unknown; place: string }[] = [{ value: root, place: '' }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, place } = next;
    if (typeof value !== 'object' || value === null) continue;
    const at = (inner: string) => (place === '' ? inner : `${place}.${inner}`);
    if (value === holder) return at(name);
    for (const [inner, below] of Object.entries(value)) if (typeof below === 'object') open.push({ value: below, place: at(inner) });
  }
  return undefined;
}
