/**
 * Serves the dashboard that `npm run build` made: a document without inline script for every page of it, and assets
 * under names that hold their hash. Everything is read once at the start, so no path of a request reaches the disk.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Gateway } from '../../core/context.ts';
import { notFound, SkillettError } from '../../core/errors.ts';
import { renderPage } from '../oauth-callback-page.ts';
import { sendError, splitTarget } from '../rest/router.ts';
import type { Handler } from '../server.ts';

const builtFolder = path.resolve(import.meta.dirname, '../../../web/dist');

/** Addresses that show the dashboard; which page it is, the browser decides. A path that ends in `/` is a prefix. */
const pagePaths = ['/', '/sign-in', '/sign-up', '/dashboard', '/dashboard/', '/device', '/billing', '/settings'];

const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  // A user code may stand in the address.
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

const contentTypes: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface Asset {
  contentType: string;
  /** By content coding; `identity` is always there. */
  bodies: Map<string, Buffer>;
}

export function createDashboard(gateway: Gateway, folder = builtFolder): [path: string, handler: Handler][] {
  const html = readIfThere(path.join(folder, 'index.html'));
  if (!html) {
    gateway.log.warn('the dashboard is not built, so its pages only say so: run `npm run build` and start again');
    return pagePaths.map((page) => [page, sayNotBuilt]);
  }
  const assets = readAssets(path.join(folder, 'assets'));
  return [
    ...pagePaths.map((page): [string, Handler] => [page, (request, response) => sendDocument(gateway, request, response, html)]),
    ['/assets/', (request, response) => sendAsset(gateway, request, response, assets)],
  ];
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readAssets(folder: string): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(folder)) {
    const contentType = contentTypes[path.extname(name)];
    if (contentType === undefined) continue;
    const bodies = new Map<string, Buffer>([['identity', readFileSync(path.join(folder, name))]]);
    for (const [coding, ending] of [
      ['br', '.br'],
      ['gzip', '.gz'],
    ] as const) {
      const compressed = readIfThere(path.join(folder, name + ending));
      if (compressed) bodies.set(coding, compressed);
    }
    assets.set(`/assets/${name}`, { contentType, bodies });
  }
  return assets;
}

function sendDocument(gateway: Gateway, request: IncomingMessage, response: ServerResponse, html: Buffer): void {
  if (refuseMethod(gateway, request, response)) return;
  response.writeHead(200, {
    ...securityHeaders,
    'content-type': 'text/html; charset=utf-8',
    'content-length': html.length,
    // It names the assets of one build, so it is asked for every time.
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : html);
}

function sendAsset(gateway: Gateway, request: IncomingMessage, response: ServerResponse, assets: ReadonlyMap<string, Asset>): void {
  if (refuseMethod(gateway, request, response)) return;
  const asset = assets.get(splitTarget(request.url as string)[0]);
  if (!asset) return sendError(gateway, response, notFound('Asset'));
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const coding = ['br', 'gzip'].find((name) => asset.bodies.has(name) && acceptsCoding(accepted, name)) ?? 'identity';
  const body = asset.bodies.get(coding) as Buffer;
  response.writeHead(200, {
    'content-type': asset.contentType,
    'content-length': body.length,
    ...(coding === 'identity' ? {} : { 'content-encoding': coding }),
    vary: 'accept-encoding',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** RFC 9110, section 12.5.3: a coding that is named, unless with a weight of 0. */
function acceptsCoding(header: string, coding: string): boolean {
  const found = header.split(',').find((part) => part.split(';')[0]?.trim().toLowerCase() === coding);
  return found !== undefined && !/;\s*q=0(\.0*)?\s*$/i.test(found);
}

function refuseMethod(gateway: Gateway, request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return false;
  sendError(gateway, response, new SkillettError('method_not_allowed', 'This page takes GET.', { headers: { allow: 'GET, HEAD' } }));
  return true;
}

function sayNotBuilt(_request: IncomingMessage, response: ServerResponse): void {
  const page = renderPage(503, 'The dashboard is not built', [
    'This installation was started without it. Run “npm run build” where it is installed, and start it again.',
    'The API, the MCP endpoint and the command line work without the dashboard.',
  ]);
  response.writeHead(page.status, page.headers);
  response.end(page.html);
}
