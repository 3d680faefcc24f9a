/** The names on the way to a place in a JSON body: a JSON Pointer (RFC 6901) when it begins with a slash, else one name; none for the whole body. */
export function placeOf(name: string): string[] {
  if (name === '') return [];
  if (!name.startsWith('/')) return [name];
  return name
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const arrayIndex = /^(0|[1-9]\d?)$/;

/** Puts a value at a place, making the objects and (for the names `0` to `99`) arrays on the way. Returns the new whole. */
export function putAt(whole: unknown, place: readonly string[], value: unknown): unknown {
  const [name, ...rest] = place;
  if (name === undefined) return value;
  if (Array.isArray(whole) || (whole === undefined && arrayIndex.test(name))) {
    const items = (whole as unknown[] | undefined) ?? [];
    items[Number(name)] = putAt(items[Number(name)], rest, value);
    return items;
  }
  // Without a prototype, `__proto__` is a name like any other.
  const object = (whole as Record<string, unknown> | undefined) ?? (Object.create(null) as Record<string, unknown>);
  object[name] = putAt(object[name], rest, value);
  return object;
}

/** What stands at a place, undefined where nothing does. */
export function getAt(whole: unknown, place: readonly string[]): unknown {
  return place.reduce<unknown>(
    (found, name) => (found !== undefined && Object.hasOwn(found as object, name) ? (found as Record<string, unknown>)[name] : undefined),
    whole,
  );
}
