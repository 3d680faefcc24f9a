/**
 * What the gateway costs beside the least that can forward a call (bench/relay.ts): CPU per call, throughput, latency and
 * memory, as ratios within one run. The variants take turns in short slices, so that a machine that speeds up or slows
 * down meets all of them. PostgreSQL, an upstream and the load run on the same machine.
 *
 *   npm run bench -- [--connections 64] [--rounds 7] [--seconds 2] [--sizes 1k,100k,1m] [--variants REST,GraphQL,MCP] [--cpu-prof]
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { benchJsonProof } from './json-proof.ts';
import { fire, type Shot, type Slice } from './load.ts';
import { freePort, startPostgres } from './postgres.ts';
import { cpuSeconds, forkListening, residentMegabytes, startGateway } from './processes.ts';

const { values: options } = parseArgs({
  options: {
    connections: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    sizes: { type: 'string', default: '1k,100k,1m' },
    variants: { type: 'string', default: 'REST,GraphQL,MCP' },
    'cpu-prof': { type: 'boolean', default: false },
  },
});
const connections = Number(options.connections);

interface Variant {
  name: string;
  shot(size: string): Shot;
  pid: number;
}

interface Measured extends Slice {
  cpuMs: number;
  databaseCpuMs: number;
}

benchJsonProof();

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
  options['cpu-prof'] ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}`] : [],
);

try {
  const authorization = `Bearer ${gateway.key}`;
  const json = { authorization, 'content-type': 'application/json' };
  const connected = await fetch(`${gatewayUrl}/v1/connect`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ integration: 'github', credentials: { token: 'bench-token' } }),
  });
  if (!connected.ok) throw new Error(`connecting failed: ${await connected.text()}`);

  const variants: Variant[] = [
    {
      name: 'relay',
      pid: relay.child.pid as number,
      // The same bytes come in as at the gateway; the relay reads the body and asks upstream for what the path names.
      shot: (size) => ({
        url: `${relay.url}/repos/bench/bench/labels/${size}`,
        method: 'POST',
        headers: json,
        body: JSON.stringify({ params: { repo: 'bench/bench', name: size } }),
      }),
    },
    {
      name: 'REST',
      pid: gateway.child.pid as number,
      shot: (size) => ({
        url: `${gatewayUrl}/v1/github/get_label`,
        method: 'POST',
        headers: json,
        body: JSON.stringify({ params: { repo: 'bench/bench', name: size } }),
      }),
    },
    {
      name: 'GraphQL',
      pid: gateway.child.pid as number,
      shot: (size) => ({
        url: `${gatewayUrl}/graphql`,
        method: 'POST',
        headers: json,
        body: JSON.stringify({
          query: 'query ($params: JSON) { read(integration: "github", endpoint: "get_label", params: $params) { status ok data error } }',
          variables: { params: { repo: 'bench/bench', name: size } },
        }),
      }),
    },
    {
      name: 'MCP',
      pid: gateway.child.pid as number,
      shot: (size) => ({
        url: `${gatewayUrl}/mcp`,
        method: 'POST',
        headers: json,
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: {
            name: 'read',
            arguments: { integration: 'github', endpoint: 'get_label', params: { repo: 'bench/bench', name: size } },
          },
        }),
      }),
    },
  ];

  console.log(
    `${availableParallelism()} cores, Node ${process.version}, ${connections} connections, ${options.rounds} rounds of ${options.seconds} s\n`,
  );
  const chosen = variants.filter(({ name }) => name === 'relay' || options.variants.split(',').includes(name));
  for (const size of options.sizes.split(',')) await compare(size, chosen);
  console.log(
    `Memory of the gateway afterwards: ${residentMegabytes(gateway.child.pid as number).toFixed(0)} MB; of the relay: ${residentMegabytes(relay.child.pid as number).toFixed(0)} MB`,
  );
} finally {
  await end(gateway.child);
  await end(relay.child);
  await end(upstream.child);
  await postgres.stop();
}

async function compare(size: string, variants: readonly Variant[]): Promise<void> {
  const results = new Map<string, Measured[]>(variants.map((variant) => [variant.name, []]));
  for (const variant of variants) await fire(variant.shot(size), connections, 3);
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const variant of variants) results.get(variant.name)?.push(await measure(variant, size));
  }
  console.log(
    `${size.padEnd(5)}            CPU/call   of relay (min…max)   quietest   with database   calls/s   of relay     p50      p99   failures`,
  );
  const baseline = results.get('relay') as Measured[];
  for (const [name, slices] of results) printRow(name, slices, baseline);
  console.log('');
}

async function measure(variant: Variant, size: string): Promise<Measured> {
  const before = { own: cpuSeconds(variant.pid), database: cpuSeconds(postgres.pid, true) };
  const slice = await fire(variant.shot(size), connections, Number(options.seconds));
  return {
    ...slice,
    cpuMs: (cpuSeconds(variant.pid) - before.own) * 1000,
    databaseCpuMs: (cpuSeconds(postgres.pid, true) - before.database) * 1000,
  };
}

function printRow(name: string, slices: readonly Measured[], baseline: readonly Measured[]): void {
  const perCall = (slice: Measured) => slice.cpuMs / slice.calls;
  const rate = (slice: Measured) => slice.calls / slice.seconds;
  const ratios = slices.map((slice, at) => perCall(slice) / perCall(baseline[at] as Measured));
  const withDatabase = slices.map(
    (slice, at) => (slice.cpuMs + (name === 'relay' ? 0 : slice.databaseCpuMs)) / slice.calls / perCall(baseline[at] as Measured),
  );
  // Slices that nothing else on the machine disturbed, each of its own.
  const quietest = Math.min(...slices.map(perCall)) / Math.min(...baseline.map(perCall));
  const rates = slices.map((slice, at) => rate(slice) / rate(baseline[at] as Measured));
  const latencies = slices.flatMap((slice) => slice.latencies).sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] as number;
  console.log(
    [
      `  ${name.padEnd(9)}`,
      `${(median(slices.map(perCall)) * 1000).toFixed(0).padStart(8)} µs`,
      `${median(ratios).toFixed(2).padStart(8)} (${Math.min(...ratios).toFixed(2)}…${Math.max(...ratios).toFixed(2)})`,
      `${quietest.toFixed(2).padStart(9)}`,
      `${median(withDatabase).toFixed(2).padStart(14)}`,
      `${median(slices.map(rate)).toFixed(0).padStart(13)}`,
      `${median(rates).toFixed(2).padStart(8)}`,
      `${at(0.5).toFixed(1).padStart(9)}`,
      `${at(0.99).toFixed(1).padStart(8)} ms`,
      `${slices.reduce((sum, slice) => sum + slice.failures, 0)}`.padStart(6),
    ].join(' '),
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

async function end(child: { kill(signal: 'SIGTERM'): boolean; once(event: 'exit', listener: () => void): unknown }): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
