/** Where a client has people sent back to. */

export const redirectUrisMax = 10;
const lengthMax = 1_000;

/** RFC 8252, section 7.3: a program on the person's own machine, on whatever port it got. */
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?([/?].*)?$/;

/** A scheme of an application's own, after a domain that its makers hold, turned round (RFC 8252, section 7.1): `com.example.app`. */
const privateUse = /^[a-z]{2,}(\.[a-z0-9-]+)+:/i;

/**
 * Applications whose schemes have no dot, and where in them sign-ins come back: at an extension of an editor, never at what an editor does
 * with files, remote hosts or a query of somebody's choice. Any other scheme may open anything on the person's computer.
 */
const applications =
  /^((cursor|vscode|vscode-insiders|vscodium|windsurf|kiro):\/\/[\w-]+(\.[\w-]+)+|warp:\/\/mcp|claude:\/\/[\w.-]+)(\/[^?]*)?$/i;

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
  if (privateUse.test(uri) || applications.test(uri)) return undefined;
  return 'is none of an application that is known here: use https, http://127.0.0.1, or a scheme after your domain (com.example.app:/callback)';
}

/** Character by character (RFC 9700, section 2.1), but for the port of a loopback address. */
export function matchesRedirectUri(registered: string, asked: string): boolean {
  // What was registered may be from before a rule of today.
  if (redirectUriFault(asked) !== undefined) return false;
  if (registered === asked) return true;
  const [one, other] = [loopback.exec(registered), loopback.exec(asked)];
  return one !== null && other !== null && one[1] === other[1] && one[2] === other[2];
}

/** Where it leads, for people. */
export function describeRedirectUri(uri: string): { place: string; kind: 'web' | 'loopback' | 'application' } {
  const url = new URL(uri);
  if (loopback.test(uri)) return { place: 'a program on this computer', kind: 'loopback' };
  if (url.protocol === 'https:') return { place: url.host, kind: 'web' };
  return { place: url.protocol.slice(0, -1), kind: 'application' };
}
