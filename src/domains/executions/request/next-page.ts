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
import { type NumberedPages, numberedPagesOf } from './numbered-pages.ts';

/** Longer ones are no page's. */
const nextLengthMax = 8_192;

/** The call that a page belongs to. */
export interface PagedCall {
  userId: string;
  connectionId: string | undefined;
  endpoint: CatalogueEndpoint;
  params: unknown;
}

/** Where answers of an endpoint say how their list goes on: by a link in a header or the body, or by whether there is more to count to. */
export type NextPlace = { kind: 'header'; name: string } | { kind: 'link'; at: string } | { kind: 'number'; paging: NumberedPages };

export function nextPlaceOf({ recipe }: CatalogueIntegration, { readOnly, spec }: CatalogueEndpoint): NextPlace | undefined {
  const { pagination } = spec;
  if (!readOnly || !pagination) return undefined;
  if (pagination.style === 'next_link' && pagination.next !== undefined) return { kind: 'link', at: pagination.next };
  const paging = numberedPagesOf(spec);
  if (paging) return { kind: 'number', paging };
  const name = pagination.next_header ?? recipe.next_header;
  return name === undefined ? undefined : { kind: 'header', name: name.toLowerCase() };
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

/**
 * Of the form `<target>; rel="next"`, several with commas between them (RFC 8288, section 3). Services that link to a page behind the last
 * one mark it with the attribute `results="false"`.
 */
function findNextLink(links: string): string | undefined {
  for (const [, target, parameters] of links.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const [, quoted, plain] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i.exec(parameters as string) ?? [];
    const isEmpty = /;\s*results\s*=\s*"?false\b/i.test(parameters as string);
    if (!isEmpty && (quoted ?? plain ?? '').toLowerCase().split(/\s+/).includes('next')) return target;
  }
  return undefined;
}

/** What asks for a page: the query of a link, or the number of a page or of its first row. */
type Asking = 'next page' | 'next number';

export function sealNext(gateway: Gateway, call: PagedCall, asking: Asking, content: string): string | undefined {
  const next = `${Buffer.from(content).toString('base64url')}.${sign(gateway, call, asking, content)}`;
  return next.length > nextLengthMax ? undefined : next;
}

/** What was sealed. Throws bad_request for what came from another call, or from nowhere. */
export function openNext(gateway: Gateway, call: PagedCall, asking: Asking, next: string): string {
  const [encoded = ''] = next.length > nextLengthMax ? [] : next.split('.', 1);
  const content = Buffer.from(encoded, 'base64url').toString('utf8');
  // The whole text, since base64url can be written in several ways.
  const given = Buffer.from(next);
  const sealed = Buffer.from(sealNext(gateway, call, asking, content) ?? '');
  if (given.length === sealed.length && timingSafeEqual(given, sealed)) return content;
  throw badRequest(
    '`next` is not that of this call. Give it back as the answer gave it, with the same endpoint, `params` and account; for the first page leave it out.',
  );
}

function sign(gateway: Gateway, { userId, connectionId, endpoint, params }: PagedCall, asking: Asking, content: string): string {
  const call = [userId, endpoint.integration, endpoint.name, connectionId ?? null, canonicalJson(params ?? {})];
  return gateway.vault.hmac(asking, JSON.stringify([...call, content]));
}
