/**
 * The next page of a list, where the service links to it: what callers get and give back as `next`. A link counts only where host
 * and path are the endpoint's; of it `next` holds the query alone, and it is good only for the call that it came from.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Gateway } from '../../../core/context.ts';
import { badRequest } from '../../../core/errors.ts';
import { type AddressCredential, fillCredential, holdsCredential, removeCredential } from '../../../core/outbound/address-credential.ts';
import { type OutboundAnswer, readHeader } from '../../../core/outbound/outbound.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../../recipes/catalogue.ts';
import { fillAddress, type Variables } from '../../recipes/variables.ts';
import { canonicalJson } from './canonical-json.ts';

/** Longer ones are no page's. */
const nextLengthMax = 8_192;

/** The call that a page belongs to. */
export interface PagedCall {
  userId: string;
  connectionId: string | undefined;
  endpoint: CatalogueEndpoint;
  params: unknown;
}

/** Where answers of an endpoint link to their next page: in a header, or in the body at what an expression finds. */
export function nextPlaceOf(
  { recipe }: CatalogueIntegration,
  { readOnly, spec: { pagination } }: CatalogueEndpoint,
): { header: string; body?: undefined } | { header?: undefined; body: string } | undefined {
  if (!readOnly || !pagination) return undefined;
  if (pagination.style === 'next_link' && pagination.next !== undefined) return { body: pagination.next };
  const header = pagination.next_header ?? recipe.next_header;
  return header === undefined ? undefined : { header: header.toLowerCase() };
}

/** A request whose answer may link to the next page. */
export interface AskedPage {
  url: string;
  integration: CatalogueIntegration;
  variables: Variables;
  addressCredential: AddressCredential;
}

/** The address that a header of the answer gives for the next page. */
export function findNextTarget(answer: OutboundAnswer, header: string): string | undefined {
  return findNextLink(readHeader([answer.headers[header] ?? []].flat().join(', ')));
}

/** Undefined where there is no next page, or where the link to it leads to another host or path. */
export function findNextQuery(target: string | undefined, asked: AskedPage): string | undefined {
  // An empty reference is the page itself.
  const from = fillCredential(asked.url, asked.addressCredential.path);
  const next = target ? URL.parse(target, from) : undefined;
  if (!next || !isSamePlace(next, new URL(from), asked) || holdsCredential(next.search, asked.addressCredential)) return undefined;
  removeCredential(next, asked.addressCredential);
  return next.search.slice(1) || undefined;
}

/** Whether a link names the origin and the path that were asked, or the path by another name that the recipe knows for it. */
function isSamePlace(link: URL, asked: URL, { integration: { recipe, baseUrl }, variables }: AskedPage): boolean {
  if (link.origin !== asked.origin) return false;
  if (decoded(link.pathname) === decoded(asked.pathname)) return true;
  const base = new URL(fillAddress(baseUrl, variables)).pathname.replace(/\/$/, '');
  return Object.entries(recipe.next_paths ?? {}).some(([ours, theirs]) => {
    const end = cutStart(asked.pathname, base + ours);
    return end !== undefined && end === cutStart(link.pathname, base + theirs);
  });
}

/** What follows the start of a path, in which a name in braces stands for any segment. */
function cutStart(path: string, start: string): string | undefined {
  const segments = path.split('/');
  const names = start.split('/');
  const matches = names.every((name, at) => name === segments[at] || (name.startsWith('{') && segments[at]));
  return matches ? decoded(segments.slice(names.length).join('/')) : undefined;
}

/** Services differ in what they encode of a path. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Of the form `<target>; rel="next"`, several with commas between them (RFC 8288, section 3). */
function findNextLink(links: string): string | undefined {
  for (const [, target, parameters] of links.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const [, quoted, plain] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i.exec(parameters as string) ?? [];
    if ((quoted ?? plain ?? '').toLowerCase().split(/\s+/).includes('next')) return target;
  }
  return undefined;
}

export function sealNext(gateway: Gateway, call: PagedCall, query: string): string | undefined {
  const next = `${Buffer.from(query).toString('base64url')}.${sign(gateway, call, query)}`;
  return next.length > nextLengthMax ? undefined : next;
}

/** The query of the page. Throws bad_request for what came from another call, or from nowhere. */
export function openNext(gateway: Gateway, call: PagedCall, next: string): string {
  const [encoded = ''] = next.length > nextLengthMax ? [] : next.split('.', 1);
  const query = Buffer.from(encoded, 'base64url').toString('utf8');
  // The whole text, since base64url can be written in several ways.
  const given = Buffer.from(next);
  const sealed = Buffer.from(sealNext(gateway, call, query) ?? '');
  if (given.length === sealed.length && timingSafeEqual(given, sealed)) return query;
  throw badRequest(
    '`next` is not that of this call. Give it back as the answer gave it, with the same endpoint, `params` and account; for the first page leave it out.',
  );
}

function sign(gateway: Gateway, { userId, connectionId, endpoint, params }: PagedCall, query: string): string {
  const call = [userId, endpoint.integration, endpoint.name, connectionId ?? null, canonicalJson(params ?? {})];
  return gateway.vault.hmac('next page', JSON.stringify([...call, query]));
}
