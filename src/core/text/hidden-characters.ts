/**
 * Characters that people do not see and models read: the tag block (U+E0000 to U+E007F), and those that turn the direction of
 * writing (UAX #9: U+202A to U+202E, U+2066 to U+2069).
 */
const hidden = /[\u202a-\u202e\u2066-\u2069]|\udb40[\udc00-\udc7f]/g;

/** The same in UTF-8, with a character for each byte. */
const hiddenBytes = /\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]|\xf3\xa0[\x80\x81][\x80-\xbf]/g;

/** A hidden character of which the end is still to come. */
const hiddenBeginning = /(?:\xe2[\x80\x81]?|\xf3(?:\xa0[\x80\x81]?)?)$/;

/** Each as `\uXXXX`: text shows it, and JSON keeps its value (RFC 8259, section 7). */
export function escapeHidden(text: string): string {
  return text.replace(hidden, (found) => found.split('').map(escapeUnit).join(''));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16)}`;
}

/** JSON in UTF-8 that comes in pieces, cut anywhere. */
export class HiddenEscaper {
  #beginning = '';

  /** What of it can go on, escaped, with a character for each byte. */
  take(piece: Buffer): string {
    const bytes = this.#beginning + piece.toString('latin1');
    this.#beginning = hiddenBeginning.exec(bytes)?.[0] ?? '';
    return bytes
      .slice(0, bytes.length - this.#beginning.length)
      .replace(hiddenBytes, (found) => escapeHidden(Buffer.from(found, 'latin1').toString()));
  }

  /** What was held back when no more comes. */
  end(): string {
    return this.#beginning;
  }
}
