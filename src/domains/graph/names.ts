/** Names that GraphQL takes, for what services call otherwise (GraphQL, section 2.1.9 "Names"). */

const legal = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Two underscores in front belong to introspection. */
export function isLegalName(name: string): boolean {
  return legal.test(name) && !name.startsWith('__');
}

/** The same for a value of an enum, which cannot be a keyword either. */
export function isLegalValue(value: unknown): value is string {
  return typeof value === 'string' && isLegalName(value) && !['true', 'false', 'null'].includes(value);
}

/** `google_calendar` is `GoogleCalendar`; a word that begins with a digit keeps its underscore, so that `a_1` is not `a1`. */
export function toTypeName(name: string): string {
  return name.replaceAll(/(^|_+)([a-z])/g, (_all, _gap, letter: string) => letter.toUpperCase());
}

/** Gives each name once: those that are legal as they are, others as near as can be. */
export class LegalNames {
  readonly #taken: Set<string>;

  /** `taken` are given to nobody. */
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** By name as it was given. Names that are legal come first, so that none of them has to change for another. */
  giveAll(names: readonly string[]): Map<string, string> {
    const given = new Map<string, string>();
    for (const name of names.toSorted((a, b) => Number(isLegalName(b)) - Number(isLegalName(a)))) given.set(name, this.give(name));
    return given;
  }

  give(name: string): string {
    const wanted = isLegalName(name) ? name : makeLegal(name);
    let free = wanted;
    for (let at = 2; this.#taken.has(free); at += 1) free = `${wanted}_${at}`;
    this.#taken.add(free);
    return free;
  }
}

/** `+1` is `plus_1`, `@odata.nextLink` is `odata_nextLink`, and what has no letter or digit at all `unnamed`. */
function makeLegal(name: string): string {
  const signed = name.replace(/^\+(?=\d)/, 'plus_').replace(/^-(?=\d)/, 'minus_');
  const words = signed.replaceAll(/[^A-Za-z0-9_]+/g, '_').replaceAll(/^_+|_+$/g, '');
  if (words === '') return 'unnamed';
  return /^\d/.test(words) ? `_${words}` : words;
}
