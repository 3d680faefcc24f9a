/** An answer without the addresses that only a program would follow: they are a third of some services' answers. */
import type { Json } from './transform.ts';

/** An object with as many addresses has them for programs. */
const addressesMin = 4;
const forPeople = new Set(['html_url', 'web_url', 'download_url', 'browser_download_url']);

export function withoutFurniture(value: Json): { value: Json; dropped: boolean } {
  let dropped = false;
  const strip = (inner: Json): Json => {
    if (Array.isArray(inner)) return inner.map(strip);
    if (typeof inner !== 'object' || inner === null) return inner;
    const names = Object.keys(inner);
    const many = names.filter((name) => isAddress(name, inner[name])).length >= addressesMin;
    const kept: { [name: string]: Json } = {};
    for (const name of names) {
      const member = inner[name] as Json;
      if (isTemplate(member) || (many && isAddress(name, member) && !forPeople.has(name))) dropped = true;
      // By definition, since `__proto__` is a name like any other in JSON.
      else Object.defineProperty(kept, name, { value: strip(member), enumerable: true, configurable: true, writable: true });
    }
    return kept;
  };
  return { value: strip(value), dropped };
}

function isAddress(name: string, value: Json | undefined): boolean {
  return (name === 'url' || name.endsWith('_url')) && typeof value === 'string' && /^https?:\/\//.test(value);
}

/** RFC 6570: an address with expressions in braces. */
function isTemplate(value: Json): boolean {
  return typeof value === 'string' && /^https?:\/\/[^\s{}]*\{[^\s{}]+\}/.test(value);
}
