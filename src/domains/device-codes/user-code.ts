/** The code that a person types from one screen into another (RFC 8628, section 6.1). */
import { randomInt } from 'node:crypto';

/** Consonants: no digits that look like letters, and no vowels that could make words. */
export const userCodeLetters = 'BCDFGHJKLMNPQRSTVWXZ';
const half = 4;

/** `XXXX-XXXX`: 20^8 codes, 34 bits; enough because guesses are counted and a code lives for minutes (section 5.1). */
export function generateUserCode(): string {
  const letter = () => userCodeLetters[randomInt(userCodeLetters.length)] as string;
  return formatUserCode(Array.from({ length: 2 * half }, letter).join(''));
}

function formatUserCode(letters: string): string {
  return `${letters.slice(0, half)}-${letters.slice(half)}`;
}

/** The code as it was shown, from however it was typed: any case, with spaces, without its dash or with another one. Undefined when it cannot be one. */
export function readUserCode(typed: string): string | undefined {
  const letters = typed.replace(/[\s\p{Pd}]/gu, '').toUpperCase();
  if (letters.length !== 2 * half || [...letters].some((letter) => !userCodeLetters.includes(letter))) return undefined;
  return formatUserCode(letters);
}
