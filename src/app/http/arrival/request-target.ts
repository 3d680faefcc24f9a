/** The address of a request, as it stands in its first line and in Host. */
import type { IncomingMessage } from 'node:http';
import { badRequest } from '../../../core/errors.ts';

const keyForm = /sk_[0-9a-f]{48}/i;
const keyLength = 51;

const absoluteForm = /^https?:\/\/([^/?#]*)/i;

/** Whoever takes us for a proxy names the host in the first line: it counts, and not Host (RFC 9112, section 3.2.2). */
export function takeAbsoluteTarget(request: IncomingMessage): void {
  const target = request.url as string;
  const found = target.startsWith('/') ? undefined : absoluteForm.exec(target);
  if (!found) return;
  const rest = target.slice(found[0].length);
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  request.headers.host = found[1];
}

const wellKnown = /^\/\.well-known\/[^/?]+(?=\/)/;

/**
 * A proxy in front may leave the path of PUBLIC_URL in the address, or take it out. In well-known addresses it stands behind their name
 * (RFC 8414, section 3.1).
 */
export function takeOutPublicPath(request: IncomingMessage, publicPath: string): void {
  if (publicPath === '') return;
  const target = request.url as string;
  const before = wellKnown.exec(target)?.[0] ?? '';
  if (!target.startsWith(publicPath, before.length)) return;
  const rest = target.slice(before.length + publicPath.length);
  if (rest === '' || rest.startsWith('?')) request.url = `${before}/${rest}`;
  else if (rest.startsWith('/')) request.url = before + rest;
}

/** Throws bad_request for several Host headers, of which those in front of us may have read another (RFC 9112, section 3.2). */
export function refuseTwoHosts({ rawHeaders }: IncomingMessage): void {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) throw badRequest('The request has more than one Host header. Send one.');
}

export function splitTarget(target: string): [pathname: string, search: string] {
  const at = target.indexOf('?');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

/** Throws bad_request, which repeats no key: one may stand where a name is expected. */
export function refuseKeyInAddress(target: string): void {
  if (target.length <= keyLength) return;
  const [pathname, search] = splitTarget(target);
  if (keyForm.test(decodePath(pathname))) throw keyInAddress('path of the address');
  if (search.length < keyLength) return;
  const leaked = [...new URLSearchParams(search)].find((pair) => pair.some((part) => keyForm.test(part)));
  if (leaked) throw keyInAddress(keyForm.test(leaked[0]) ? 'query string' : `query parameter \`${leaked[0]}\``);
}

/** As it may be logged. */
export function printablePath(pathname: string): string {
  return keyForm.test(decodePath(pathname)) ? '(a path that holds an API key)' : pathname;
}

function keyInAddress(place: string) {
  return badRequest(
    `The ${place} holds an API key. Keys go into the Authorization header only; addresses end up in logs and histories, so revoke this key.`,
  );
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
