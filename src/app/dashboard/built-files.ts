/**
 * What `npm run build` made, as it is served: a document without inline script, and assets under names that hold their hash.
 * A folder is read once and whole, so no path of a request reaches the disk.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Gateway } from '../../core/context.ts';
import { notFound, SkillettError } from '../../core/errors.ts';
import { asksForCoding } from '../http/accept.ts';
import { splitTarget } from '../http/arrival/request-target.ts';
import { sendError } from '../http/send-error.ts';
import { renderPage } from '../pages/oauth-callback-page.ts';

const contentTypes: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
};

interface Asset {
  contentType: string;
  /** By content coding; `identity` is always there. */
  bodies: Map<string, Buffer>;
}

export type Assets = ReadonlyMap<string, Asset>;

export interface BuiltFiles {
  html: Buffer;
  /** By path, such as `/assets/index-Dk2.js`. */
  assets: Assets;
}

/** Undefined when the folder holds no build. The assets' paths begin with `prefix`, which ends in `/`. */
export function readBuiltFiles(folder: string, prefix: string): BuiltFiles | undefined {
  const html = readIfThere(path.join(folder, 'index.html'));
  return html && { html, assets: readAssets(path.join(folder, 'assets'), prefix) };
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readAssets(folder: string, prefix: string): Assets {
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
    assets.set(prefix + name, { contentType, bodies });
  }
  return assets;
}

/** Of a build whose addresses begin with `./`: where those are, and what is said of the installation. */
export function placeDocument({ config }: Gateway, html: Buffer, path: string): Buffer {
  const placed = html.toString().replaceAll('="./', `="${config.publicPath}${path}`);
  return Buffer.from(
    placed.replace('<html ', `<html data-base="${config.publicPath}" data-playground="${config.playground ? 'on' : 'off'}" `),
  );
}

/** `policy` is the document's Content-Security-Policy. */
export function sendDocument(gateway: Gateway, request: IncomingMessage, response: ServerResponse, html: Buffer, policy: string): void {
  if (refuseMethod(gateway, request, response)) return;
  response.writeHead(200, {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    // A user code may stand in the address.
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'content-type': 'text/html; charset=utf-8',
    'content-length': html.length,
    // It names the assets of one build, so it is asked for every time.
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : html);
}

export function sendAsset(gateway: Gateway, request: IncomingMessage, response: ServerResponse, assets: Assets): void {
  if (refuseMethod(gateway, request, response)) return;
  const asset = assets.get(splitTarget(request.url as string)[0]);
  if (!asset) return sendError(gateway, response, notFound('Asset'));
  const coding =
    ['br', 'gzip'].find((name) => asset.bodies.has(name) && asksForCoding(request.headers['accept-encoding'], name)) ?? 'identity';
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

/** True where it was refused. */
export function refuseMethod(gateway: Gateway, request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return false;
  sendError(gateway, response, new SkillettError('method_not_allowed', 'This page takes GET.', { headers: { allow: 'GET, HEAD' } }));
  return true;
}

/** `what` begins a sentence: `The dashboard`. */
export function sayNotBuilt(response: ServerResponse, what: string): void {
  const page = renderPage(503, `${what} is not built`, [
    'This installation was started without it. Run “npm run build” where it is installed, and start it again.',
    'The API and the MCP endpoint work without it.',
  ]);
  response.writeHead(page.status, page.headers);
  response.end(page.html);
}
