/**
 * The next page of a list, where the service links to it: what callers get and give back as `next`. It holds the query of the link
 * and nothing else, so no link leads away from the endpoint's own address, and it is good only for the call that it came from.
 */
import type { Gateway } from '../../../core/context.ts';
import { badRequest } from '../../../core/errors.ts';
import { removeCredential } from '../../../core/outbound/credential-query.ts';
import { type OutboundAnswer, readHeader } from '../../../core/outbound/outbound.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../../recipes/catalogue.ts';
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

/** The header in which answers of an endpoint link to their next page. */
export function nextHeaderOf({ recipe }: CatalogueIntegration, endpoint: CatalogueEndpoint): string | undefined {
  return endpoint.readOnly && endpoint.spec.pagination ? recipe.next_header : undefined;
}

/** `url` is what was asked. Undefined where there is no next page, or where the link to it leads to another origin. */
export function findNextQuery(answer: OutboundAnswer, header: string, url: string, credentialQuery: readonly string[]): string | undefined {
  const links = [answer.headers[header.toLowerCase()] ?? []].flat().join(', ');
  const target = findNextLink(readHeader(links));
  // An empty reference is the page itself.
  const next = target ? URL.parse(target, url) : undefined;
  if (!next || next.origin !== new URL(url).origin) return undefined;
  removeCredential(next, credentialQuery);
  return next.search.slice(1) || undefined;
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
  const [encoded = '', signature] = next.length > nextLengthMax ? [] : next.split('.');
  const query = Buffer.from(encoded, 'base64url').toString('utf8');
  if (signature === sign(gateway, call, query)) return query;
  throw badRequest(
    '`next` is not that of this call. Give it back as the answer gave it, with the same endpoint, `params` and account; for the first page leave it out.',
  );
}

function sign(gateway: Gateway, { userId, connectionId, endpoint, params }: PagedCall, query: string): string {
  const call = [userId, endpoint.integration, endpoint.name, connectionId ?? null, canonicalJson(params ?? {})];
  return gateway.vault.hmac('next page', JSON.stringify([...call, query]));
}
