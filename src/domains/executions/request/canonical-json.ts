/** Of objects that were asked about: aliases of one GraphQL request share the object of a variable. */
const known = new WeakMap<object, { tooDeep: boolean; text: string | undefined }>();

/** JSON in which equal values have equal text: keys in order of their code units, no spaces (as RFC 8785, for what JSON.parse returns). `null` for what is too deep, and refused. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return print(value);
  const found = lookAt(value);
  found.text ??= found.tooDeep ? 'null' : print(value);
  return found.text;
}

function lookAt(value: object): { tooDeep: boolean; text: string | undefined } {
  let found = known.get(value);
  if (!found) {
    found = { tooDeep: isDeeper(value), text: undefined };
    known.set(value, found);
  }
  return found;
}

function print(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return `${value}`;
  if (Array.isArray(value)) return printList(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${print((value as Record<string, unknown>)[name])}`);
  return `{${members.join(',')}}`;
}

function printList(list: readonly unknown[]): string {
  let text = '[';
  for (let at = 0; at < list.length; at += 1) text += at === 0 ? print(list[at]) : `,${print(list[at])}`;
  return `${text}]`;
}

/** Beyond this, functions that call themselves would run out of stack. */
export const nestingMax = 100;

export function isTooDeep(value: unknown): boolean {
  return typeof value === 'object' && value !== null && lookAt(value).tooDeep;
}

/** Than `nestingMax`. */
export function isDeeper(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === nestingMax) return true;
  if (Array.isArray(value)) return value.some((inner) => isDeeper(inner, depth + 1));
  for (const name of Object.keys(value)) if (isDeeper((value as Record<string, unknown>)[name], depth + 1)) return true;
  return false;
}
