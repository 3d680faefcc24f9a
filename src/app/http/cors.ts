/** Pages of other origins (Fetch Standard, "CORS protocol"): closed, but for the origins of SKILLETT_CORS_ORIGINS, which bring a key. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const methods = 'GET, HEAD, POST, DELETE';

/** Beside whatever else a page asks for: the key decides what may be done, and no header of ours grants more. */
const requestHeaders = [
  'authorization',
  'content-type',
  'accept',
  'idempotency-key',
  'mcp-protocol-version',
  'mcp-session-id',
  'x-skillett-integrations',
];

/** What a page may read beyond the few that every page may. */
const answerHeaders = [
  'X-Request-Id',
  'X-Skillett-Error-Source',
  'X-Skillett-Revoked',
  'X-Skillett-Next',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'Idempotent-Replayed',
  'Mcp-Session-Id',
  'Link',
  'WWW-Authenticate',
  'Allow',
  'Content-Disposition',
].join(', ');

/** How long a browser keeps the answer to a preflight; Chromium keeps none longer. */
const preflightSeconds = 7_200;

/** RFC 9110, section 5.6.2; more of them than any client sends are not looked at. */
const headerNames = /^[\w!#$%&'*+.^`|~-]+(\s*,\s*[\w!#$%&'*+.^`|~-]+){0,63}$/;

export type Cors = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Gives every answer, a refusal too, the headers with which a page of an allowed origin may read it. True: it was a preflight, and
 * is answered. Access-Control-Allow-Credentials is never sent, so no browser sends a cookie along.
 */
export function createCors(origins: readonly string[]): Cors {
  if (origins.length === 0) return () => false;
  const allowed = new Set(origins);
  return (request, response) => {
    // A cache must not give one origin's answer to another.
    response.appendHeader('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      response.setHeader('access-control-expose-headers', answerHeaders);
      return false;
    }
    answerPreflight(request, response);
    return true;
  };
}

function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  const asked = String(request.headers['access-control-request-headers'] ?? '').toLowerCase();
  const further = headerNames.test(asked) ? asked.split(',').map((name) => name.trim()) : [];
  response.appendHeader('vary', 'Access-Control-Request-Headers');
  response.writeHead(204, {
    'access-control-allow-methods': methods,
    'access-control-allow-headers': [...new Set([...requestHeaders, ...further])].join(', '),
    'access-control-max-age': String(preflightSeconds),
    'cache-control': 'no-store',
  });
  response.end();
}
