/** The addresses of the dashboard, and the assets of all that was built for browsers. */
import path from 'node:path';
import type { Gateway } from '../../core/context.ts';
import type { Handler } from '../http/server.ts';
import { placeDocument, readBuiltFiles, sayNotBuilt, sendAsset, sendDocument } from './built-files.ts';

const builtFolder = path.resolve(import.meta.dirname, '../../../web/dist');

/** Addresses that show the dashboard; which page it is, the browser decides. A path that ends in `/` is a prefix. */
const pagePaths = ['/', '/sign-in', '/sign-up', '/dashboard', '/dashboard/', '/device', '/billing', '/settings'];

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export function isDashboardBuilt(): boolean {
  return readBuiltFiles(builtFolder, '/assets/') !== undefined;
}

export function createDashboard(gateway: Gateway, folder = builtFolder): [path: string, handler: Handler][] {
  const built = readBuiltFiles(folder, '/assets/');
  if (!built) {
    gateway.log.warn('the dashboard is not built, so its pages only say so: run `npm run build` and start again');
    return pagePaths.map((page) => [page, (_request, response) => sayNotBuilt(response, 'The dashboard')]);
  }
  const html = placeDocument(gateway, built.html, '/');
  return [
    ...pagePaths.map((page): [string, Handler] => [page, (request, response) => sendDocument(gateway, request, response, html, policy)]),
    ['/assets/', (request, response) => sendAsset(gateway, request, response, built.assets)],
  ];
}
