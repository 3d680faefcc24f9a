/** Where an address carries a credential. Services read names of a query in any case, and repeat both in what they link to. */
export interface AddressCredential {
  /** What stands in the query, by its name there. */
  query: Readonly<Record<string, string>>;
  /** What stands in the path, by the name that is shown in its place. */
  path: Readonly<Record<string, string>>;
}

export const noAddressCredential: AddressCredential = { query: {}, path: {} };

export function isInAddress({ query, path }: AddressCredential): boolean {
  return Object.keys(query).length > 0 || Object.keys(path).length > 0;
}

/** Takes it out of the query. True when it was there. */
export function removeCredential(url: URL, { query }: AddressCredential): boolean {
  const lowerCase = Object.keys(query).map((name) => name.toLowerCase());
  const found = [...url.searchParams.keys()].filter((name) => lowerCase.includes(name.toLowerCase()));
  for (const name of found) url.searchParams.delete(name);
  return found.length > 0;
}

/** For a redirect: services leave the credential out where they redirect to, or repeat it. */
export function moveCredential(credential: AddressCredential, from: URL, to: URL): void {
  removeCredential(to, credential);
  if (to.origin !== from.origin) return;
  for (const name of Object.keys(credential.query)) for (const value of from.searchParams.getAll(name)) to.searchParams.append(name, value);
}

/** Whether a text holds what stands in the path, however it is encoded there. */
export function holdsCredential(text: string, { path }: AddressCredential): boolean {
  const decoded = decodeFully(text);
  return Object.values(path).some((value) => decoded.includes(value));
}

/** An address as it may be shown: with the name in place of what stands in the path, which it is of no use without. */
export function maskCredential(text: string, credential: AddressCredential): string {
  if (!holdsCredential(text, credential)) return text;
  return Object.entries(credential.path).reduce((shown, [name, value]) => shown.replaceAll(value, () => `{${name}}`), decodeFully(text));
}

/** A text that may hold addresses, as it may be shown: what stands in a path as above, what stands in a query as three dots. */
export function maskInText(text: string, credential: AddressCredential): string {
  const lowerCase = Object.keys(credential.query).map((name) => name.toLowerCase());
  const masked = text.replaceAll(/([?&;])([^=&;\s"<>?#]+)=([^&;\s"<>#,]*)/g, (pair, sign: string, name: string) =>
    lowerCase.includes(decodeFully(name).toLowerCase()) ? `${sign}${name}=...` : pair,
  );
  return maskCredential(masked, credential);
}

/**
 * A body that a service answered, as it may be shown: many repeat the address that they were asked at, above all where there is nothing.
 * Of the rest every byte stays; in JSON too, since what is taken out holds no sign that JSON has escaped.
 */
export function maskInBody(body: Buffer, { path, query }: AddressCredential): Buffer {
  // A character for each byte, so that what is not touched comes out as it went in.
  const before = body.toString('latin1');
  let text = before;
  for (const [name, value] of Object.entries(path)) for (const form of formsOf(value)) text = text.replaceAll(form, () => `{${name}}`);
  for (const [name, value] of Object.entries(query))
    for (const form of formsOf(value))
      text = text.replaceAll(`${encodeURIComponent(name)}=${form}`, () => `${encodeURIComponent(name)}=...`);
  return text === before ? body : Buffer.from(text, 'latin1');
}

/** As it is, as an address has it, and as a JSON text does. */
function formsOf(value: string): Set<string> {
  return new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]);
}

/** A path as it is sent (RFC 3986, section 3.3): of the name in braces, the credential; a colon stands for itself. */
export function fillCredential(address: string, path: Readonly<Record<string, string>>): string {
  const end = address.indexOf('?');
  let place = end === -1 ? address : address.slice(0, end);
  for (const [name, value] of Object.entries(path))
    place = place.replaceAll(`{${name}}`, () => encodeURIComponent(value).replaceAll('%3A', ':'));
  return end === -1 ? place : place + address.slice(end);
}

/** Sign by sign, since a text may hold percent signs that encode nothing beside those that do; twice, for what was encoded twice. */
function decodeFully(text: string): string {
  const decode = (once: string) => once.replaceAll(/%[2-7][0-9a-f]/gi, (sign) => String.fromCharCode(Number.parseInt(sign.slice(1), 16)));
  return decode(decode(text));
}
