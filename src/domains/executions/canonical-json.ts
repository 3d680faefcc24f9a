/** JSON in which equal values have equal text: keys in order of their code units, no spaces (as RFC 8785, for what JSON.parse returns). `null` for what is too deep, and refused. */
export function canonicalJson(value: unknown): string {
  return isTooDeep(value) ? 'null' : print(value);
}

function print(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${print((value as Record<string, unknown>)[name])}`);
  return `{${members.join(',')}}`;
}

/** Beyond this, functions that call themselves would run out of stack. */
export const nestingMax = 100;

export function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === nestingMax) return true;
  for (const name of Object.keys(value)) if (isTooDeep((value as Record<string, unknown>)[name], depth + 1)) return true;
  return false;
}
