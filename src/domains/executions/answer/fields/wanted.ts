/** Which members of an answer are wanted: all of it, or of its objects, in lists too, those of these names. */
import { parseDigits } from '../../../../core/json/parse-digits.ts';

export type Wanted = true | ReadonlyMap<string, Wanted>;

/** Both. */
export function mergeWanted(a: Wanted, b: Wanted): Wanted {
  if (a === true || b === true) return true;
  const merged = new Map(a);
  for (const [name, wanted] of b) {
    const before = merged.get(name);
    merged.set(name, before === undefined ? wanted : mergeWanted(before, wanted));
  }
  return merged;
}

/** The JSON without what is not wanted; numbers keep their digits. Throws where it is no JSON. */
export function pruneJson(json: string, wanted: Wanted): string {
  return JSON.stringify(prune(parseDigits(json, rawJson), wanted));
}

/** ECMAScript's JSON.rawJSON, which TypeScript does not know yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

function prune(value: unknown, wanted: Wanted): unknown {
  if (wanted === true || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => prune(item, wanted));
  // What stands for digits.
  if (Object.isFrozen(value)) return value;
  const kept: Record<string, unknown> = Object.create(null);
  for (const [name, inner] of wanted) if (Object.hasOwn(value, name)) kept[name] = prune((value as Record<string, unknown>)[name], inner);
  return kept;
}
