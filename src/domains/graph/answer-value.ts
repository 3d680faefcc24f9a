/**
 * What a service answered, as the values of typed fields. A shape is what a description promises, so whatever does not fit is null with
 * a warning, and numbers keep their digits.
 */
import { parseDigits } from '../../core/json/parse-digits.ts';
import { RawJson } from '../../core/json/raw-json.ts';
import { readType } from '../recipes/shapes/answer-shapes.ts';

/** Told where a value does not fit: what it is, and what it should be. */
type Warn = (found: string, expected: string, at?: number) => void;

/** Throws where it is no JSON. A number that JavaScript would change is a RawJson of its digits. */
export function parseAnswer(json: Buffer): unknown {
  return parseDigits(json.toString('utf8'), (digits) => RawJson.fromBytes(Buffer.from(digits)));
}

/** `type` as in answers.json. */
export function fitValue(value: unknown, type: string, warn: Warn): unknown {
  if (value === undefined || value === null) return null;
  const { name, isList } = readType(type);
  if (!isList) return fitOne(value, name, warn);
  if (Array.isArray(value))
    return value.map((item, at) => (item === null ? null : fitOne(item, name, (found, expected) => warn(found, expected, at))));
  warn(nameKind(value), 'a list');
  return null;
}

function fitOne(value: unknown, name: string, warn: Warn): unknown {
  const scalar = Object.hasOwn(scalars, name) ? scalars[name as keyof typeof scalars] : undefined;
  if (scalar) {
    const fitted = scalar.fit(value);
    if (fitted === undefined) warn(nameKind(value), scalar.words);
    return fitted ?? null;
  }
  if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof RawJson)) return value;
  warn(nameKind(value), 'an object');
  return null;
}

/** `fit` gives undefined for what does not. */
const scalars: Record<string, { words: string; fit(value: unknown): unknown }> = {
  string: { words: 'a text', fit: (value) => (typeof value === 'string' ? value : undefined) },
  int: {
    words: 'a whole number of at most 32 bits',
    fit: (value) => (Number.isInteger(value) && (value as number) === ((value as number) | 0) ? value : undefined),
  },
  int64: {
    words: 'a whole number',
    fit: (value) => (Number.isInteger(value) || (value instanceof RawJson && /^-?\d+$/.test(digitsOf(value))) ? value : undefined),
  },
  float: {
    words: 'a number',
    fit: (value) => {
      const number = value instanceof RawJson ? Number(digitsOf(value)) : value;
      return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
    },
  },
  boolean: { words: 'true or false', fit: (value) => (typeof value === 'boolean' ? value : undefined) },
  json: { words: 'JSON', fit: (value) => value },
};

function digitsOf({ pieces }: RawJson): string {
  return pieces?.[0]?.toString('latin1') ?? '';
}

function nameKind(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof RawJson || typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  return typeof value === 'string' ? 'a text' : 'an object';
}
