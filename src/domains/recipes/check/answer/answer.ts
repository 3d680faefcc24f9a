/** What callers get of an answer beside its body. */
import { neverSent } from '../../../../core/outbound/never-sent.ts';
import type { Endpoint, Integration } from '../../format/format.ts';
import { listCredentialPlaces } from '../places.ts';
import type { Report } from '../texts.ts';

/**
 * What our own answers say in these would be taken for ours, or a browser or proxy would do as a service says: frame and caching
 * (RFC 9110, RFC 9111), cookies (RFC 6265), authentication, limits, and what holds for a whole origin.
 */
const ownHeaders =
  /^(x-skillett-.*|x-request-id|ratelimit-.*|retry-after|idempotent-replayed|content-.*|accept-ranges|date|server|via|age|vary|cache-control|expires|pragma|allow|set-cookie2?|authorization|(proxy|www)-authenticate|(proxy-)?authentication-info|access-control-.*|cross-origin-.*|strict-transport-security|public-key-pins.*|expect-ct|clear-site-data|alt-svc|alt-used|nel|report-to|reporting-endpoints|refresh|accept-ch|critical-ch|permissions-policy|referrer-policy|origin-agent-cluster|service-worker-allowed|x-content-type-options|x-frame-options|x-accel-.*)$/;

const timeoutMsMax = 120_000;

export function checkAnswerStream(endpoint: Endpoint, report: Report): void {
  const { answer_stream, timeout_ms = 0, graphql, pagination, success } = endpoint;
  if (answer_stream === undefined) {
    if (timeout_ms > timeoutMsMax && endpoint.body?.upload === undefined)
      report(['timeout_ms'], `must be at most ${timeoutMsMax}: only a stream may take longer, and an upload`);
    return;
  }
  if (graphql !== undefined) report(['answer_stream'], 'cannot stand beside `graphql`, whose answers are cut');
  if (pagination !== undefined) report(['answer_stream'], 'cannot stand beside `pagination`: a stream has no pages');
  if (success !== undefined) report(['success'], 'is not asked of a stream, so it cannot stand beside `answer_stream`');
}

export function checkAnswerHeaders({ answer_headers = [] }: Endpoint, recipe: Integration | undefined, report: Report): void {
  const credentials = recipe ? listCredentialPlaces(recipe) : [];
  for (const [at, name] of answer_headers.entries()) {
    const path = ['answer_headers', at];
    if (neverSent.has(name) || ownHeaders.test(name))
      report(path, `${name} has a meaning of its own in answers of the gateway, which a service cannot set`);
    else if (credentials.includes(`header ${name}`)) report(path, `${name} is where the credential travels`);
    if (answer_headers.indexOf(name) !== at) report(path, `${name} is listed twice`);
  }
}
