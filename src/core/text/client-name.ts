const lengthMax = 100;

/** What a client calls itself, as it may be shown where people decide: it cannot reorder, hide or break the text around it. */
export function cleanClientName(name: string | undefined, otherwise: string): string {
  const clean = (name ?? '').replace(/[\p{C}\s]+/gu, ' ').trim();
  return [...clean].slice(0, lengthMax).join('') || otherwise;
}
