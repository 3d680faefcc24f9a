/** A value as pairs of name and text, as queries and forms hold it. */
import type { Parameter } from '../../recipes/format/parameter.ts';

export type PairStyle = Pick<Parameter, 'array_style' | 'object_style'>;

/** Several texts of one pair stand with the separator between them. */
export interface Pair {
  name: string;
  texts: string[];
}

export type Pairs = { pairs: Pair[]; fault?: undefined } | { fault: string };

/** What stands between the entries of a list that is one pair. */
export const separators = { comma: ',', space: ' ', pipe: '|' } as const;

export function isJoined(style: PairStyle['array_style']): style is keyof typeof separators {
  return style !== undefined && Object.hasOwn(separators, style);
}

/** None for null and for what is empty. The names of parts follow the value's own, as `items[0][price]`. */
export function pairsOf(name: string, value: unknown, style: PairStyle): Pairs {
  const pairs: Pair[] = [];
  const add = (at: string, part: unknown): boolean => {
    if (part === null) return true;
    if (typeof part !== 'object') return pairs.push({ name: at, texts: [String(part)] }) > 0;
    if (style.object_style === 'json') return pairs.push({ name: at, texts: [JSON.stringify(part)] }) > 0;
    if (!Array.isArray(part))
      return style.object_style === 'brackets' && Object.entries(part).every(([member, inner]) => add(`${at}[${member}]`, inner));
    if (style.array_style === 'indexed') return part.every((entry, index) => add(`${at}[${index}]`, entry));
    if (style.array_style === 'brackets') return part.every((entry) => add(`${at}[]`, entry));
    if (part.some(isObject)) return false;
    if (!isJoined(style.array_style)) return part.every((entry) => pairs.push({ name: at, texts: [String(entry)] }));
    return part.length === 0 || pairs.push({ name: at, texts: part.map(String) }) > 0;
  };
  if (!add(name, value)) return { fault: entriesOnly(style) };
  const whole = pairs.every((pair) => pair.name.isWellFormed() && pair.texts.every((text) => text.isWellFormed()));
  return whole ? { pairs } : { fault: malformed };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function entriesOnly({ object_style }: PairStyle): string {
  return object_style === 'brackets'
    ? 'must not hold an object or a list inside a list: it cannot be written here'
    : 'must hold texts, numbers or booleans only: objects and lists of lists cannot be written here';
}

export const malformed = 'holds half of a surrogate pair, which is no character';
