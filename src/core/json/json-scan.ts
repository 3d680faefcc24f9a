/**
 * Whether bytes are one complete JSON text (RFC 8259), told while they pass and in whatever pieces they come. No values are
 * built. That they are UTF-8 is for others to see.
 */

/** What may come next. */
const value = 0;
const valueOrEnd = 1;
const keyOrEnd = 2;
const key = 3;
const colon = 4;
const commaOrEnd = 5;
const inString = 6;
const escaped = 7;
/** With `#left` hexadecimal digits to come. */
const unicode = 8;
const minus = 9;
const zero = 10;
const integer = 11;
const point = 12;
const fraction = 13;
const exponent = 14;
const exponentSign = 15;
const exponentDigits = 16;
/** With `#left` characters of `#literal` to come. */
const literal = 17;

const object = 0x7b;
const array = 0x5b;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Deeper JSON is none here: readers that call themselves would run out of stack on it. */
const depthMax = 10_000;

const literals: Readonly<Record<number, string>> = { 116: 'true', 102: 'false', 110: 'null' };
/** What a backslash may stand before, but for `u`. */
const escapes: ReadonlySet<number> = new Set([...'"\\/bfnrt'].map((one) => one.charCodeAt(0)));

export class JsonScan {
  #state = value;
  /** Of the containers that are open: their opening bytes. */
  #open = new Uint8Array(64);
  #depth = 0;
  /** The string is a name. */
  #isKey = false;
  #left = 0;
  #literal = '';
  #failed = false;

  /** Whether these bytes and those before begin a JSON text. */
  take(bytes: Uint8Array): boolean {
    if (this.#failed) return false;
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === inString) at = this.#skipString(bytes, at);
      else if (this.#state === integer || this.#state === fraction || this.#state === exponentDigits) at = this.#skipDigits(bytes, at);
      if (at === bytes.length) break;
      if (!this.#step(bytes[at] as number)) {
        this.#failed = true;
        return false;
      }
      at += 1;
    }
    return true;
  }

  /** Whether all that was taken is one complete JSON text. */
  get isComplete(): boolean {
    if (this.#failed || this.#depth > 0) return false;
    const state = this.#state;
    return state === commaOrEnd || state === zero || state === integer || state === fraction || state === exponentDigits;
  }

  /** To the next byte that is not simply part of the string. */
  #skipString(bytes: Uint8Array, start: number): number {
    let at = start;
    while (at < bytes.length) {
      const byte = bytes[at] as number;
      if (byte === quote || byte === backslash || byte < 0x20) return at;
      at += 1;
    }
    return at;
  }

  #skipDigits(bytes: Uint8Array, start: number): number {
    let at = start;
    while (at < bytes.length && isDigit(bytes[at] as number)) at += 1;
    return at;
  }

  /** False for a byte that cannot stand here. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case value:
      case valueOrEnd:
        return isSpace(byte) || (this.#state === valueOrEnd && byte === 0x5d ? this.#close(array) : this.#begin(byte));
      case keyOrEnd:
      case key:
        if (isSpace(byte)) return true;
        if (byte === quote) return this.#beginString(true);
        return this.#state === keyOrEnd && byte === 0x7d && this.#close(object);
      case colon:
        return isSpace(byte) || (byte === 0x3a && this.#turn(value));
      case commaOrEnd:
        return isSpace(byte) || this.#end(byte);
      case inString:
        if (byte === quote) return this.#turn(this.#isKey ? colon : commaOrEnd);
        return byte === backslash && this.#turn(escaped);
      case escaped:
        if (byte !== 0x75) return escapes.has(byte) && this.#turn(inString);
        this.#left = 4;
        return this.#turn(unicode);
      case unicode:
        this.#left -= 1;
        return isHex(byte) && (this.#left > 0 || this.#turn(inString));
      case literal: {
        const expected = this.#literal.charCodeAt(this.#literal.length - this.#left);
        this.#left -= 1;
        return byte === expected && (this.#left > 0 || this.#turn(commaOrEnd));
      }
      default:
        return this.#stepNumber(byte);
    }
  }

  #stepNumber(byte: number): boolean {
    switch (this.#state) {
      case minus:
        return isDigit(byte) && this.#turn(byte === 0x30 ? zero : integer);
      case point:
        return isDigit(byte) && this.#turn(fraction);
      case exponent:
        if (byte === 0x2b || byte === 0x2d) return this.#turn(exponentSign);
        return isDigit(byte) && this.#turn(exponentDigits);
      case exponentSign:
        return isDigit(byte) && this.#turn(exponentDigits);
      case zero:
      case integer:
        if (byte === 0x2e) return this.#turn(point);
        break;
    }
    if (this.#state !== exponentDigits && (byte | 0x20) === 0x65) return this.#turn(exponent);
    // The number ended before this byte.
    this.#state = commaOrEnd;
    return isSpace(byte) || this.#end(byte);
  }

  #begin(byte: number): boolean {
    if (byte === quote) return this.#beginString(false);
    if (byte === object) return this.#enter(object, keyOrEnd);
    if (byte === array) return this.#enter(array, valueOrEnd);
    if (byte === 0x2d) return this.#turn(minus);
    if (isDigit(byte)) return this.#turn(byte === 0x30 ? zero : integer);
    const word = literals[byte];
    if (word === undefined) return false;
    this.#literal = word;
    this.#left = word.length - 1;
    return this.#turn(literal);
  }

  #beginString(isKey: boolean): boolean {
    this.#isKey = isKey;
    return this.#turn(inString);
  }

  /** A comma or a closing byte, in what is open. */
  #end(byte: number): boolean {
    if (this.#depth === 0) return false;
    const container = this.#open[this.#depth - 1];
    if (byte === comma) return this.#turn(container === object ? key : value);
    return byte === (container === object ? 0x7d : 0x5d) && this.#close(container as number);
  }

  #enter(container: number, state: number): boolean {
    if (this.#depth === depthMax) return false;
    if (this.#depth === this.#open.length) {
      const longer = new Uint8Array(this.#open.length * 4);
      longer.set(this.#open);
      this.#open = longer;
    }
    this.#open[this.#depth] = container;
    this.#depth += 1;
    return this.#turn(state);
  }

  #close(container: number): boolean {
    if (this.#open[this.#depth - 1] !== container) return false;
    this.#depth -= 1;
    return this.#turn(commaOrEnd);
  }

  #turn(state: number): true {
    this.#state = state;
    return true;
  }
}

export function isJson(bytes: Uint8Array): boolean {
  const scan = new JsonScan();
  return scan.take(bytes) && scan.isComplete;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
