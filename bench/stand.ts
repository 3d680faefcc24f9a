/** What is compared in every benchmark: the relay and the gateway's doors, over one PostgreSQL, in front of one service. */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { freePort } from '../test/support/port.ts';
import type { Variant } from './compare.ts';
import { startPostgres } from './postgres.ts';
import { forkListening, startGateway } from './processes.ts';

export interface Stand {
  /** The relay first, then `REST`, `GraphQL` and `MCP`. */
  variants: Variant[];
  upstreamUrl: string;
  relayPid: number;
  gatewayPid: number;
  close(): Promise<void>;
}

export async function startStand(nodeArgs: string[] = []): Promise<Stand> {
  const postgres = await startPostgres();
  const upstream = await forkListening('upstream.ts');
  const relay = await forkListening('relay.ts', [upstream.url]);
  const port = await freePort();
  const gatewayUrl = `http://127.0.0.1:${port}`;
  const gateway = await startGateway(
    {
      PORT: String(port),
      DATABASE_URL: postgres.url,
      SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'),
      SKILLETT_GITHUB_BASE_URL: upstream.url,
      SKILLETT_LIMITS: '{"unlimited":{"perMinute":null}}',
    },
    nodeArgs,
  );
  const close = async () => {
    for (const { child } of [gateway, relay, upstream]) await endProcess(child);
    await postgres.stop();
  };
  const headers = { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' };
  const connected = await fetch(`${gatewayUrl}/v1/connect`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ integration: 'github', credentials: { token: 'bench-token' } }),
  });
  if (!connected.ok) {
    await close();
    throw new Error(`connecting failed: ${await connected.text()}`);
  }
  const gatewayPid = gateway.child.pid as number;
  const relayPid = relay.child.pid as number;
  const doors = variantsOf(gatewayUrl, headers).map((variant) => ({ ...variant, pid: gatewayPid, databasePid: postgres.pid }));
  return { variants: [relayVariant(relay.url, relayPid, headers), ...doors], upstreamUrl: upstream.url, relayPid, gatewayPid, close };
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

function variantsOf(gatewayUrl: string, headers: Record<string, string>): Pick<Variant, 'name' | 'shot'>[] {
  const door = (name: string, path: string, bodyOf: (size: string) => unknown) => ({
    name,
    shot: (size: string) => ({ url: gatewayUrl + path, method: 'POST', headers, body: JSON.stringify(bodyOf(size)) }),
  });
  return [
    door('REST', '/v1/github/get_label', (size) => ({ params: paramsOf(size) })),
    door('GraphQL', '/graphql', (size) => ({ query: readQuery, variables: { params: paramsOf(size) } })),
    door('MCP', '/mcp', (size) => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'read', arguments: { integration: 'github', endpoint: 'get_label', params: paramsOf(size) } },
    })),
  ];
}

export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await ended;
}
