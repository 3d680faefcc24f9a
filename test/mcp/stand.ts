/** A server with integrations of the tests, and MCP spoken to it as a client does that knows HTTP only. */
import { mkdir, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import path from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { addKey, addUser } from '../admission/people.ts';
import { baseUrls, recipeOf, writeRecipes } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { type RequestOptions, startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

const text = (description: string) => ({ in: 'query', type: 'string', description, examples: ['x'] });
export const endpoint = (more: object) => ({
  method: 'GET',
  path: '/things',
  description: 'Does it.',
  parameters: {},
  answer: 'It.',
  example: {},
  ...more,
});

const value = (type: string | string[], more: object = {}) => ({ in: 'body', type, description: 'A value.', ...more });

/** Parameters of every type. */
const typed = {
  count: value('integer'),
  flag: value('boolean'),
  ratio: value('number'),
  title: value('string'),
  names: value('array', { items: { type: 'string', description: 'A name.' } }),
  place: value('object', { properties: { x: { type: 'integer', description: 'Across.' } } }),
  to: value(['string', 'array'], { items: { type: 'string', description: 'An address.' } }),
  until: value(['integer', 'null']),
  any: value(['string', 'integer', 'number', 'boolean', 'object', 'null']),
};

/** `test` with the tools that the conformance suite calls; `clash`, whose names collide with ours; `long`, with a name no client takes; `typed`. */
async function writeOwnRecipes(folder: string, more: Record<string, object>): Promise<void> {
  const endpoints = {
    test: { simple_text: endpoint({}), error_handling: endpoint({ path: '/fails' }) },
    clash: { pick: endpoint({ parameters: { account: text('An account there.') } }), remove: endpoint({ method: 'DELETE' }) },
    search: { endpoints: endpoint({}) },
    typed: { take: endpoint({ method: 'POST', parameters: typed }) },
    long: { [`${'very_'.repeat(9)}long`]: endpoint({}), short: endpoint({}) },
    ...more,
  };
  for (const [slug, own] of Object.entries(endpoints)) {
    await mkdir(path.join(folder, slug));
    await writeFile(path.join(folder, slug, 'recipe.json'), JSON.stringify(recipeOf(slug)));
    await writeFile(path.join(folder, slug, 'all.json'), JSON.stringify({ resource: 'all', description: 'All.', endpoints: own }));
  }
}

export interface Stand {
  server: TestServer;
  upstream: Upstream;
  /** Over plain HTTP. */
  post: Post;
  /** How many requests the service got since its last reset. */
  sent(): number;
  /** A client that speaks one revision of the protocol. */
  connect(key: string, mode: ClientMode): Promise<Client>;
  /** A key, as it is sent, of a new user on the plan unlimited. */
  newKey(scopes?: string[], user?: Parameters<typeof addUser>[1]): Promise<string>;
  close(): Promise<void>;
}

/** `more`: endpoints of further integrations, by their slugs. */
export async function startStand(env: Record<string, string> = {}, more: Record<string, object> = {}): Promise<Stand> {
  const { folder, remove } = await makeFolder();
  await writeRecipes(folder);
  await writeOwnRecipes(folder, more);
  const upstream = await Upstream.start();
  const own = Object.fromEntries(
    ['test', 'clash', 'search', 'long', 'typed', 'hackernews', ...Object.keys(more)].map((slug) => [
      `SKILLETT_${slug.toUpperCase()}_BASE_URL`,
      upstream.origin,
    ]),
  );
  const server = await startTestServer({ env: { SKILLETT_RECIPES: folder, ...baseUrls(upstream.origin), ...own, ...env } });
  return {
    server,
    upstream,
    post: postTo(server),
    sent: () => upstream.received.length,
    connect: (key, mode) => connectTo(server.url, key, mode),
    newKey: async (scopes, user) =>
      (await addKey(server.gateway.database, await addUser(server.gateway.database, user), scopes ? { scopes } : {})).id,
    close: async () => {
      await server.close();
      await upstream.close();
      await remove();
    },
  };
}

type ClientMode = 'legacy' | { pin: string };

/** Revisions of the protocol that clients speak, with how the SDK's client is told to. */
export const revisions: [revision: string, mode: ClientMode][] = [
  ['2025-11-25', 'legacy'],
  ['2026-07-28', { pin: '2026-07-28' }],
];

async function connectTo(url: string, key: string, mode: ClientMode): Promise<Client> {
  const client = new Client({ name: 'a test', version: '1.0.0' }, { versionNegotiation: { mode } });
  const requestInit = { headers: { Authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
  return client;
}

/** The `params` of an `initialize`. */
export const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };

export interface RpcAnswer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  json: any;
}

/** How a request gets to a server. */
export type Post = (body: unknown, options: RequestOptions) => Promise<RpcAnswer>;

export const postTo =
  (server: TestServer): Post =>
  (body, options) =>
    server.request('POST', '/mcp', { ...options, body });

export const bearer = (key: string): RequestOptions => ({ authorization: `Bearer ${key}` });

let lastId = 0;

/** Each with an id of its own: the same one with the same arguments is the same message. */
export function rpc(post: Post, key: string, method: string, params?: object): Promise<RpcAnswer> {
  lastId += 1;
  return post({ jsonrpc: '2.0', id: lastId, method, ...(params ? { params } : {}) }, bearer(key));
}

export interface Called {
  status: number;
  headers: Headers;
  /** The text of the tool's result; undefined when the request was refused. */
  text: string;
  failed: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  json: any;
}

/** With the answer as REST has it, unless `args` say how it is to be shown. */
export async function callTool(post: Post, key: string, name: string, args: object = {}): Promise<Called> {
  const { status, headers, json } = await rpc(post, key, 'tools/call', { name, arguments: { ...wholeFor(name), ...args } });
  const text = json?.result?.content[0].text as string;
  return { status, headers, text, failed: json?.result?.isError === true, json: /^[{[]/.test(text ?? '') ? JSON.parse(text) : json };
}

const wholeFor = (name: string) => (name === 'find' || name === 'connect' ? {} : { with: ['*'], budget: 0 });

export async function toolNames(post: Post, key: string): Promise<string[]> {
  const { json } = await rpc(post, key, 'tools/list');
  return json.result.tools.map((tool: { name: string }) => tool.name);
}

/** A ping with a Host header of one's own, which fetch does not send. */
export function pingAs(
  url: string,
  key: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/mcp`,
      { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers } },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString('utf8');
        });
        response.on('end', () => resolve({ status: response.statusCode as number, headers: response.headers, text: body }));
      },
    );
    sent.on('error', reject);
    sent.end('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  });
}
