/**
 * Whether bytes are one complete JSON text (RFC 8259), told in whatever pieces they come. In AssemblyScript: `npm run generate`
 * compiles it into src/core/json/json-scan-module.ts, and src/core/json/json-scan.ts is its only user. There is one scan at a time
 * in here; its state is the globals and the open containers, which that user puts aside while another goes on.
 */

/** The containers that are open, a byte for each, from here on. */
export const containers: i32 = 1_024;
/** Deeper JSON is none here: readers that call themselves would run out of stack on it. */
export const depthMax: i32 = 10_000;
/** The piece, from here on. */
export const input: i32 = 16_384;
export const inputBytesMax: i32 = 262_144;

// What may come next. White space is skipped up to `after`.
const value: i32 = 0;
const valueOrEnd: i32 = 1;
const keyOrEnd: i32 = 2;
const key: i32 = 3;
const colon: i32 = 4;
const after: i32 = 5;
const inString: i32 = 6;
const escaped: i32 = 7;
/** With `left` hexadecimal digits to come. */
const unicode: i32 = 8;
const minus: i32 = 9;
const zero: i32 = 10;
const integer: i32 = 11;
const point: i32 = 12;
const fraction: i32 = 13;
const exponent: i32 = 14;
const exponentSign: i32 = 15;
const exponentDigits: i32 = 16;
/** With `rest` to come. */
const literal: i32 = 17;

const object: i32 = 0x7b;
const array: i32 = 0x5b;
const quote: i32 = 0x22;
const backslash: i32 = 0x5c;

export let state: i32 = value;
export let depth: i32 = 0;
/** The string is a name. */
export let isKey: i32 = 0;
export let left: i32 = 0;
/** Of `true`, `false` or `null`: the next character in the lowest byte. */
export let rest: i32 = 0;

@inline function isSpace(byte: i32): bool {
  return byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

@inline function isDigit(byte: i32): bool {
  return <u32>(byte - 0x30) <= 9;
}

@inline function isHex(byte: i32): bool {
  return isDigit(byte) || <u32>((byte | 0x20) - 0x61) <= 5;
}

/** To the next quote, backslash or control character, sixteen bytes at a time. */
@inline function skipString(start: usize, end: usize): usize {
  let at = start;
  const quotes = i8x16.splat(<i8>quote);
  const backslashes = i8x16.splat(<i8>backslash);
  const controls = i8x16.splat(0x1f);
  while (at + 16 <= end) {
    const bytes = v128.load(at);
    const met = v128.or(v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)), i8x16.le_u(bytes, controls));
    const mask = i8x16.bitmask(met);
    if (mask != 0) return at + <usize>ctz(mask);
    at += 16;
  }
  while (at < end) {
    const byte = <i32>load<u8>(at);
    if (byte == quote || byte == backslash || byte < 0x20) return at;
    at++;
  }
  return at;
}

@inline function skipDigits(start: usize, end: usize): usize {
  let at = start;
  while (at < end && isDigit(<i32>load<u8>(at))) at++;
  return at;
}

/** The state behind the container that `byte` closes; -1 where it closes none. */
@inline function close(byte: i32): i32 {
  if (depth == 0) return -1;
  const open = <i32>load<u8>(<usize>(containers + depth - 1));
  // A closing bracket or brace comes two behind its opening one.
  if (byte != open + 2) return -1;
  depth--;
  return after;
}

@inline function open(byte: i32, next: i32): i32 {
  if (depth == depthMax) return -1;
  store<u8>(<usize>(containers + depth), <u8>byte);
  depth++;
  return next;
}

/** The state behind the first byte of a value; -1 for what begins none. */
@inline function begin(byte: i32): i32 {
  if (byte == quote) {
    isKey = 0;
    return inString;
  }
  if (byte == object) return open(byte, keyOrEnd);
  if (byte == array) return open(byte, valueOrEnd);
  if (byte == 0x30) return zero;
  if (isDigit(byte)) return integer;
  if (byte == 0x2d) return minus;
  // In reverse, since the lowest byte comes first.
  if (byte == 0x74) rest = 0x657572;
  else if (byte == 0x66) rest = 0x65736c61;
  else if (byte == 0x6e) rest = 0x6c6c75;
  else return -1;
  return literal;
}

@inline function behindNumber(byte: i32, now: i32): i32 {
  if (byte == 0x2e && (now == zero || now == integer)) return point;
  if ((byte | 0x20) == 0x65 && now != exponentDigits) return exponent;
  return after;
}

/** Whether what was scanned and the next `length` bytes of `input` begin a JSON text. */
export function scan(length: i32): i32 {
  let at = <usize>input;
  const end = at + <usize>length;
  let now = state;
  while (at < end) {
    if (now == inString) {
      at = skipString(at, end);
      if (at >= end) break;
      const byte = <i32>load<u8>(at++);
      if (byte == quote) now = isKey ? colon : after;
      else if (byte == backslash) now = escaped;
      else return 0;
      continue;
    }
    const byte = <i32>load<u8>(at);
    if (now <= after && isSpace(byte)) {
      at++;
      continue;
    }
    switch (now) {
      case valueOrEnd:
        now = byte == array + 2 ? close(byte) : begin(byte);
        break;
      case value:
        now = begin(byte);
        break;
      case keyOrEnd:
      case key:
        if (byte == quote) {
          isKey = 1;
          now = inString;
        } else now = now == keyOrEnd && byte == object + 2 ? close(byte) : -1;
        break;
      case colon:
        now = byte == 0x3a ? value : -1;
        break;
      case after:
        if (byte == 0x2c && depth > 0) now = <i32>load<u8>(<usize>(containers + depth - 1)) == object ? key : value;
        else now = close(byte);
        break;
      case escaped:
        if (byte == 0x75) {
          left = 4;
          now = unicode;
        } else {
          const simple =
            byte == quote || byte == backslash || byte == 0x2f || byte == 0x62 || byte == 0x66 || byte == 0x6e || byte == 0x72 || byte == 0x74;
          now = simple ? inString : -1;
        }
        break;
      case unicode:
        left--;
        now = !isHex(byte) ? -1 : left > 0 ? unicode : inString;
        break;
      case literal:
        if (byte != (rest & 0xff)) return 0;
        rest >>>= 8;
        if (rest == 0) now = after;
        break;
      case minus:
        now = byte == 0x30 ? zero : isDigit(byte) ? integer : -1;
        break;
      case point:
        now = isDigit(byte) ? fraction : -1;
        break;
      case exponent:
        now = byte == 0x2b || byte == 0x2d ? exponentSign : isDigit(byte) ? exponentDigits : -1;
        break;
      case exponentSign:
        now = isDigit(byte) ? exponentDigits : -1;
        break;
      case zero: {
        now = behindNumber(byte, now);
        // The byte is not the number's, and is looked at again.
        if (now == after) continue;
        break;
      }
      default: {
        at = skipDigits(at, end);
        if (at >= end) break;
        now = behindNumber(<i32>load<u8>(at), now);
        if (now == after) continue;
        break;
      }
    }
    if (now < 0) return 0;
    at++;
  }
  state = now;
  return 1;
}

/** Whether all that was scanned is one complete JSON text. */
export function isComplete(): i32 {
  return depth == 0 && (state == after || state == zero || state == integer || state == fraction || state == exponentDigits) ? 1 : 0;
}
