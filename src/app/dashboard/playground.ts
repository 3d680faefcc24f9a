/** GraphiQL at /graphql for browsers: a document whose script, style and workers are assets of ours. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Gateway } from '../../core/context.ts';
import type { Handler } from '../http/server.ts';
import { type BuiltFiles, placeDocument, readBuiltFiles, sayNotBuilt, sendAsset, sendDocument } from './built-files.ts';

const builtFolder = path.resolve(import.meta.dirname, '../../../web/playground/dist');

/** The editor makes style elements and draws its marks from data: images as it runs; script comes from our assets alone. */
const policy =
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

export interface Playground {
  send(request: IncomingMessage, response: ServerResponse): void;
  /** Its assets, by path prefix. */
  pages: [path: string, handler: Handler][];
}

function placeBuilt(gateway: Gateway, built: BuiltFiles | undefined): BuiltFiles | undefined {
  return built && { ...built, html: placeDocument(gateway, built.html, '/graphql/') };
}

export function createPlayground(gateway: Gateway, folder = builtFolder): Playground {
  let read: BuiltFiles | undefined;
  // Only when somebody looks: it is 8 MB.
  const files = () => (read ??= placeBuilt(gateway, readBuiltFiles(folder, '/graphql/assets/')));
  return {
    send: (request, response) => {
      const built = files();
      if (built) sendDocument(gateway, request, response, built.html, policy);
      else sayNotBuilt(response, 'The playground');
    },
    pages: [['/graphql/assets/', (request, response) => sendAsset(gateway, request, response, files()?.assets ?? new Map())]],
  };
}
