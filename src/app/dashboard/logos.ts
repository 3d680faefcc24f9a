/** Logos of the integrations that everybody sees, for pages and other dashboards. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../core/context.ts';
import { notFound } from '../../core/errors.ts';
import { logosPath } from '../../domains/skills/logos.ts';
import { splitTarget } from '../http/arrival/request-target.ts';
import { sendError } from '../http/send-error.ts';
import { refuseMethod } from './built-files.ts';

export function sendLogo(gateway: Gateway, request: IncomingMessage, response: ServerResponse): void {
  if (refuseMethod(gateway, request, response)) return;
  const [path, query] = splitTarget(request.url as string);
  const slug = path.slice(logosPath.length).replace(/\.svg$/, '');
  const logo = path.endsWith('.svg') ? gateway.catalogue.find(slug)?.logo : undefined;
  if (!logo) return sendError(gateway, response, notFound('Logo'));
  response.writeHead(200, {
    'content-type': 'image/svg+xml',
    'content-length': logo.length,
    // With its hash the address is that of this logo alone.
    'cache-control': query.startsWith('v=') ? 'public, max-age=31536000, immutable' : 'public, max-age=3600',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    // Opened by itself it is a document, in which nothing runs.
    'content-security-policy': "default-src 'none'; sandbox",
  });
  response.end(request.method === 'HEAD' ? undefined : logo);
}
