/** Which of a caller's headers pass through the proxy. */
import { neverSent } from '../../../core/outbound/never-sent.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import { signatureNames } from '../../recipes/format/credentials/signatures.ts';
import { namesIn } from '../../recipes/variables.ts';
import { writeHeader } from '../request/request-parts.ts';

/** Takes where in the request something is wrong, and what. */
export type FailAt = (path: string, message: string) => void;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of a name in a message. */
export const nameLengthMax = 64;
const headersMax = 64;
const headerBytesMax = 16 * 1024;

/** RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Lower-case names. What is not the caller's to say is left out, so that a request written for the service itself works as it is. */
export function passHeaders(integration: CatalogueIntegration, given: unknown, fail: FailAt): Record<string, string> {
  if (!isObject(given)) {
    fail('headers', 'must be an object of names and texts, such as {"accept": "text/csv"}');
    return {};
  }
  const { headers: taken } = credentialNames(integration);
  const passed: [string, string][] = [];
  let bytes = 0;
  for (const [name, value] of Object.entries(given)) {
    const lowerCase = name.toLowerCase();
    const place = `headers.${name.slice(0, nameLengthMax)}`;
    if (!token.test(name)) fail('headers', `holds ${JSON.stringify(name.slice(0, nameLengthMax))}, which is no name of a header`);
    else if (typeof value !== 'string') fail(place, 'must be a text');
    else if (!isWithheld(lowerCase, taken)) {
      const written = writeHeader(value, undefined);
      if (written.fault !== undefined) fail(place, written.fault);
      else passed.push([lowerCase, written.text]);
      bytes += name.length + value.length;
    }
  }
  if (passed.length > headersMax || bytes > headerBytesMax)
    fail('headers', `must be at most ${headersMax} with ${headerBytesMax / 1024} KiB together`);
  return Object.fromEntries(passed);
}

/**
 * Names of who asked and from where, which the service would take for true, and those by which servers let a request name another
 * method or address than its own: the call log would then say what did not happen.
 */
const withheld: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'client-ip',
  'cookie2',
  'forwarded',
  'origin',
  'referer',
  'set-cookie',
  'via',
  'x-http-method',
  'x-http-method-override',
  'x-host',
  'x-method-override',
  'x-override-url',
  'x-real-ip',
  'x-rewrite-url',
]);

function isWithheld(name: string, taken: ReadonlySet<string>): boolean {
  const alike = alikeOf(name);
  return withheld.has(alike) || withheldKinds.test(alike) || neverSent.has(alike) || taken.has(alike);
}

/** Proxies and hosts have names of their own for who asked, and for what was asked of the one before them. */
const withheldKinds = /^(proxy-|x-forwarded(-|$)|x-original-|x-envoy-)|-(client|connecting)-ip$/;

/** Many servers hand headers on with hyphens, underscores and other signs alike (RFC 3875, section 4.1.18). */
function alikeOf(name: string): string {
  return name.replaceAll(/[^a-z0-9]/g, '-');
}

/** Lower-case names that a credential may travel by, whichever way the account is connected, and headers that hold what belongs to the account. */
export function credentialNames({ recipe }: CatalogueIntegration): { headers: ReadonlySet<string>; query: ReadonlySet<string> } {
  const headers: string[] = [];
  const query: string[] = [];
  for (const way of recipe.auth) {
    if (way.type === 'signature_v4') {
      headers.push(...signatureNames.headers);
      query.push(...signatureNames.query);
    }
    if (way.type === 'bearer') headers.push(way.header);
    if ('token_header' in way && way.token_header !== undefined) headers.push(way.token_header);
    if (way.type === 'api_key' && way.in === 'header') headers.push(way.name);
    if (way.type === 'api_key' && way.in === 'query') query.push(way.name);
    for (const field of Object.values('fields' in way ? (way.fields ?? {}) : {})) {
      if (field.header !== undefined) headers.push(field.header);
      if (field.query !== undefined) query.push(field.query);
    }
  }
  for (const [name, text] of Object.entries(recipe.headers ?? {})) if (namesIn(text).length > 0) headers.push(name);
  return {
    headers: new Set(headers.map((name) => alikeOf(name.toLowerCase()))),
    query: new Set(query.map((name) => name.toLowerCase())),
  };
}
