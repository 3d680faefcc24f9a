/** What is compared in every benchmark: the relay and the gateway's doors, over one PostgreSQL, in front of one service. */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { freePort } from '../test/support/port.ts';
import type { Variant } from './compare.ts';
import { startPostgres } from './postgres.ts';
import { forkListening, startGateway } from './processes.ts';

export interface Stand {
  /** The relay first, then `REST`, `raw`, `GraphQL` and `MCP`, and the same of the tree before where there is one. */
  variants: Variant[];
  upstreamUrl: string;
  relayPid: number;
  gatewayPid: number;
  close(): Promise<void>;
}

/** `before` is the folder of another tree, with its node_modules, whose server is compared with this one's. */
export async function startStand(nodeArgs: string[] = [], before?: string): Promise<Stand> {
  const running: { child: ChildProcess }[] = [];
  const keep = <T extends { child: ChildProcess }>(one: T): T => {
    running.push(one);
    return one;
  };
  const postgres = await startPostgres();
  const close = async () => {
    for (const { child } of running.toReversed()) await endProcess(child);
    await postgres.stop();
  };
  try {
    const upstream = keep(await forkListening('upstream.ts'));
    const relay = keep(await forkListening('relay.ts', [upstream.url]));
    const open = async (databaseUrl: string, tree?: string): Promise<Gateway> => {
      const port = await freePort();
      const gateway = keep(await startGateway(settingsOf(port, databaseUrl, upstream.url), nodeArgs, tree));
      const headers = { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' };
      const opened = { url: `http://127.0.0.1:${port}`, headers, pid: gateway.child.pid as number, databasePid: postgres.pid };
      await connect(opened);
      return opened;
    };
    const gateway = await open(postgres.url);
    const older = before === undefined ? undefined : await open(await postgres.addDatabase('before'), before);
    const relayPid = relay.child.pid as number;
    const variants = [
      relayVariant(relay.url, relayPid, gateway.headers),
      ...variantsOf(gateway).map((variant) => (older ? { ...variant, before: `${variant.name} before` } : variant)),
      ...(older ? variantsOf(older).map((variant) => ({ ...variant, name: `${variant.name} before` })) : []),
    ];
    return { variants, upstreamUrl: upstream.url, relayPid, gatewayPid: gateway.pid, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Gateway {
  url: string;
  headers: Record<string, string>;
  pid: number;
  databasePid: number;
}

function settingsOf(port: number, databaseUrl: string, upstreamUrl: string): Record<string, string> {
  return {
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'),
    SKILLETT_GITHUB_BASE_URL: upstreamUrl,
    SKILLETT_LIMITS: '{"unlimited":{"perMinute":null}}',
  };
}

async function connect({ url, headers }: Gateway): Promise<void> {
  const body = JSON.stringify({ integration: 'github', credentials: { token: 'bench-token' } });
  const connected = await fetch(`${url}/v1/connect`, { method: 'POST', headers, body });
  if (!connected.ok) throw new Error(`connecting failed: ${await connected.text()}`);
}

const paramsOf = (size: string) => ({ repo: 'bench/bench', name: size });

/** The same bytes come in as at the gateway; the relay reads the body and asks upstream for what the path names. */
function relayVariant(url: string, pid: number, headers: Record<string, string>): Variant {
  return {
    name: 'relay',
    pid,
    shot: (size) => ({
      url: `${url}/repos/bench/bench/labels/${size}`,
      method: 'POST',
      headers,
      body: JSON.stringify({ params: paramsOf(size) }),
    }),
  };
}

const readQuery = 'query ($params: JSON) { read(integration: "github", endpoint: "get_label", params: $params) { status ok data error } }';

function variantsOf({ url, headers, pid, databasePid }: Gateway): Variant[] {
  const door = (name: string, path: string, bodyOf: (size: string) => unknown, more: Record<string, string> = {}) => ({
    name,
    pid,
    databasePid,
    shot: (size: string) => ({ url: url + path, method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(bodyOf(size)) }),
  });
  const ofRest = (size: string) => ({ params: paramsOf(size) });
  return [
    door('REST', '/v1/github/get_label', ofRest),
    // The service's body as it comes, without the proof that it is JSON.
    door('raw', '/v1/github/get_label', ofRest, { accept: 'application/octet-stream' }),
    door('GraphQL', '/graphql', (size) => ({ query: readQuery, variables: { params: paramsOf(size) } })),
    door('MCP', '/mcp', (size) => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'read', arguments: { endpoint: 'github.get_label', params: paramsOf(size), with: ['*'], budget: 0 } },
    })),
  ];
}

export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await ended;
}
