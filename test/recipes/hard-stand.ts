/**
 * A server with one recipe, of test/recipes/hard or a bundled one, whose every host is one upstream on loopback: the files as they are, but
 * over plain HTTP and with the upstream's port, and a resolver that knows one address.
 */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type ReceivedRequest, Upstream } from '../support/upstream.ts';

export const hardRecipes = path.resolve(import.meta.dirname, 'hard');
const bundledRecipes = path.resolve(import.meta.dirname, '../../recipes');

export interface HardStand {
  server: TestServer;
  upstream: Upstream;
  /** What was asked of one host, as `POST acme.example/path`, newest last. */
  asked(): string[];
  close(): Promise<void>;
}

/** `hosts`: those that may be reached. */
export async function startHardStand(slug: string, hosts: readonly string[]): Promise<HardStand> {
  const upstream = await Upstream.start();
  const folder = await mkdtemp(path.join(tmpdir(), 'skillett-hard-'));
  const isHard = existsSync(path.join(hardRecipes, slug));
  const source = path.join(isHard ? hardRecipes : bundledRecipes, slug);
  await cp(source, path.join(folder, slug), { recursive: true });
  const scopes = await readScopes(path.join(source, 'recipe.json'));
  for (const file of (await readdir(source)).filter((one) => one.endsWith('.json'))) {
    const text = await readFile(path.join(source, file), 'utf8');
    const moved = text.replaceAll(/https:\/\/([^/"\s]+)([^"\s]*)/g, (address, host, rest) =>
      scopes.has(address) ? address : `http://${host}:${upstream.port}${rest}`,
    );
    await writeFile(path.join(folder, slug, file), moved);
  }
  const name = slug.toUpperCase();
  const server = await startTestServer({
    env: {
      PUBLIC_URL: 'https://gateway.example',
      SKILLETT_OUTBOUND_ALLOW: hosts.map((host) => `${host}:${upstream.port}`).join(','),
      [`SKILLETT_${name}_CLIENT_ID`]: 'the-client',
      [`SKILLETT_${name}_CLIENT_SECRET`]: 'secret',
    },
    bundledFolder: folder,
    lookup: toLoopback,
  });
  return {
    server,
    upstream,
    asked: () => upstream.received.map((request) => `${request.method} ${placeOf(request)}`),
    close: async () => {
      await server.close();
      await upstream.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Some services name scopes by what looks like an address. */
async function readScopes(file: string): Promise<Set<string>> {
  const { auth } = JSON.parse(await readFile(file, 'utf8')) as { auth: { scopes?: object }[] };
  return new Set(auth.flatMap((one) => Object.keys(one.scopes ?? {})));
}

/** Host without the port, path and query. */
export function placeOf({ headers, target }: ReceivedRequest): string {
  return `${(headers.host ?? '').replace(/:\d+$/, '')}${target}`;
}

/** A request as it arrived, its host without the port. */
export function linesOf(request: ReceivedRequest): string[] {
  const { host = '', ...headers } = request.headers;
  return [
    `${request.method} ${request.target}`,
    `host: ${host.replace(/:\d+$/, '')}`,
    ...Object.entries(headers)
      .filter(([name]) => name !== 'connection')
      .map(([name, value]) => `${name}: ${value}`)
      .sort(),
    ...(request.body.length > 0 ? [request.body.toString()] : []),
  ];
}

const toLoopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all) (callback as unknown as (error: null, found: unknown) => void)(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};
