/** Where a client has people sent back to. */

export const redirectUrisMax = 10;
const lengthMax = 1_000;

/** RFC 8252, section 7.3: a program on the person's own machine, on whatever port it got. */
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?([/?].*)?$/;

/** Schemes that browsers run, read files by or speak other protocols with, instead of leaving for an application (RFC 8252, section 7.1). */
const notOfApplications =
  /^(javascript|data|vbscript|file|blob|about|filesystem|view-source|ws|wss|ftp|mailto|tel|sms|intent|chrome.*|jar):/i;

/** What is wrong with an address that a client wants to register, or undefined. */
export function redirectUriFault(uri: string): string | undefined {
  const url = uri.length <= lengthMax && /^[\x21-\x7e]+$/.test(uri) ? URL.parse(uri) : null;
  if (!url) return `is no address, or longer than ${lengthMax} characters`;
  // RFC 6749, section 3.1.2.
  if (uri.includes('#')) return 'has a fragment';
  if (/[\\"<>^`{|}]/.test(uri)) return 'has characters that stand in no address (RFC 3986)';
  if (url.username !== '' || url.password !== '') return 'has a user name or password';
  if (url.protocol === 'https:') return /^https:\/\/[^/?]/i.test(uri) ? undefined : 'names no host';
  if (url.protocol === 'http:')
    return loopback.test(uri) ? undefined : 'is http, which only programs on the same machine may use (localhost, 127.0.0.1, [::1])';
  return notOfApplications.test(uri) ? 'has a scheme that belongs to no application' : undefined;
}

/** Character by character (RFC 9700, section 2.1), but for the port of a loopback address. */
export function matchesRedirectUri(registered: string, asked: string): boolean {
  if (registered === asked) return true;
  const [one, other] = [loopback.exec(registered), loopback.exec(asked)];
  return one !== null && other !== null && one[1] === other[1] && one[2] === other[2] && redirectUriFault(asked) === undefined;
}

/** Where it leads, for people. */
export function describeRedirectUri(uri: string): { place: string; kind: 'web' | 'loopback' | 'application' } {
  const url = new URL(uri);
  if (loopback.test(uri)) return { place: 'a program on this computer', kind: 'loopback' };
  if (url.protocol === 'https:') return { place: url.host, kind: 'web' };
  return { place: url.protocol.slice(0, -1), kind: 'application' };
}
