/**
 * Enums: their values are in upper case in GraphQL, and the words in lower case that stand for them are what rows, code, REST
 * and `extensions.code` hold. GraphQL translates both ways; `app/operations/documents.ts` gives documents of other doors the words.
 */

/** `perMinute` → `PER_MINUTE`, `api_key` → `API_KEY`. */
type UpperCase<Word extends string> = Word extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Uppercase<Head> : `_${Head}`}${UpperCase<Tail>}`
  : '';

type EnumValues<Word extends string> = { [Each in Word as UpperCase<Each>]: { value: Each; description: string } };

/** The values of an enum from its words, each with its description. */
export function enumValues<Word extends string>(words: Record<Word, string>): EnumValues<Word> {
  const values = Object.entries<string>(words).map(([word, description]) => [toEnumName(word), { value: word, description }]);
  return Object.fromEntries(values) as EnumValues<Word>;
}

function toEnumName(word: string): string {
  return word.replace(/[A-Z]/g, '_$&').toUpperCase();
}

/**
 * A word from a row, where this release knows it. Rows outlive the words of a release, and during an upgrade older processes read
 * what newer ones wrote: a word that is not known reads as null, so that it breaks no list.
 */
export function readWord<Word extends string>(words: Record<Word, unknown>, stored: string | null | undefined): Word | null {
  return typeof stored === 'string' && Object.hasOwn(words, stored) ? (stored as Word) : null;
}
