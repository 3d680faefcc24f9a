/** Names of a query that carry a credential. Services read them in any case, and repeat them in what they link to. */

/** True when there were any. */
export function removeCredential(url: URL, names: readonly string[]): boolean {
  const lowerCase = names.map((name) => name.toLowerCase());
  const found = [...url.searchParams.keys()].filter((name) => lowerCase.includes(name.toLowerCase()));
  for (const name of found) url.searchParams.delete(name);
  return found.length > 0;
}

/** For a redirect: services leave the credential out where they redirect to, or repeat it. */
export function moveCredential(names: readonly string[], from: URL, to: URL): void {
  removeCredential(to, names);
  if (to.origin !== from.origin) return;
  for (const name of names) for (const value of from.searchParams.getAll(name)) to.searchParams.append(name, value);
}
