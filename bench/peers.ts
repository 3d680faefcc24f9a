/**
 * The gateway beside others that forward an agent's calls, in one run with the relay: Executor, which runs an agent's code that calls
 * tools, and Portkey's gateway, which passes requests on to language models without a key of its own, a database or a log. Neither is
 * a dependency: npm fetches them into a temporary folder, and what cannot be fetched is left out.
 *
 *   npm run bench:peers -- [--connections 16] [--rounds 7] [--seconds 2]
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { freePort } from '../test/support/port.ts';
import { compare, type Variant } from './compare.ts';
import { endProcess, startStand } from './stand.ts';

const packages = { Executor: 'executor@1.5.9', Portkey: '@portkey-ai/gateway@1.15.2' };
const size = '1k';
const json = { 'content-type': 'application/json' };

interface Peer {
  child: ChildProcess;
  variant: Variant;
}

async function fetchPackages(folder: string): Promise<void> {
  for (const name of Object.values(packages))
    await promisify(execFile)('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', name]).catch(
      ({ message }: Error) => console.log(`${name} could not be fetched and is left out: ${message.split('\n').at(-1)}`),
    );
}

function run(folder: string, file: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  const { PATH } = process.env;
  return spawn(file, args, { cwd: folder, env: { ...(PATH ? { PATH } : {}), HOME: folder, ...env }, stdio: 'ignore' });
}

async function untilAnswering(url: string, child: ChildProcess): Promise<void> {
  for (let turn = 0; turn < 600; turn += 1) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    if (await fetch(url).catch(() => undefined)) return;
    await delay(200);
  }
  throw new Error('it did not answer within two minutes');
}

async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: json, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${new URL(url).pathname} answered ${answer.status}: ${await answer.text()}`);
}

/** An API of one operation, whose credential is a connection's. */
const specOf = (upstreamUrl: string) => ({
  openapi: '3.0.3',
  info: { title: 'Bench', version: '1' },
  servers: [{ url: upstreamUrl }],
  paths: {
    '/labels/{name}': {
      get: {
        operationId: 'getLabel',
        parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }],
        responses: { 200: { description: 'A label.', content: { 'application/json': { schema: { type: 'object' } } } } },
      },
    },
  },
});

async function startExecutor(folder: string, upstreamUrl: string): Promise<Peer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/api`;
  const child = run(folder, path.join(folder, 'node_modules/.bin/executor'), ['web', '--hostname', '127.0.0.1', '--port', String(port)]);
  try {
    await untilAnswering(`${url}/tools`, child);
    const bearer = { slug: 'bearer', type: 'apiKey', headers: { Authorization: ['Bearer ', { type: 'variable', name: 'token' }] } };
    const spec = { kind: 'blob', value: JSON.stringify(specOf(upstreamUrl)) };
    await post(`${url}/openapi/specs`, { spec, slug: 'bench', baseUrl: upstreamUrl, authenticationTemplate: [bearer] });
    await post(`${url}/connections`, { owner: 'org', name: 'main', integration: 'bench', template: 'bearer', value: 'bench-token' });
  } catch (error) {
    await endProcess(child);
    throw error;
  }
  const code = `return await tools.bench.org.main.labels.getLabel({ name: "${size}" });`;
  const shot = () => ({ url: `${url}/executions`, method: 'POST', headers: json, body: JSON.stringify({ code }) });
  return {
    child, // What is started is a script that starts the program.
    variant: { name: 'Executor', pid: child.pid as number, tree: true, shot },
  };
}

async function startPortkey(folder: string, upstreamUrl: string): Promise<Peer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = path.join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  const loopback = path.join(import.meta.dirname, 'loopback.ts');
  const child = run(folder, process.execPath, ['--import', loopback, server, `--port=${port}`, '--headless'], {
    TRUSTED_CUSTOM_HOSTS: '127.0.0.1',
  });
  try {
    await untilAnswering(url, child);
  } catch (error) {
    await endProcess(child);
    throw error;
  }
  const headers = {
    ...json,
    authorization: 'Bearer bench-token',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${upstreamUrl}/${size}`,
  };
  const body = JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'bench/bench' }] });
  const shot = () => ({ url: `${url}/v1/chat/completions`, method: 'POST', headers, body });
  return { child, variant: { name: 'Portkey', pid: child.pid as number, shot } };
}

/** What answers with something else than the service's own words is not compared. */
async function requireRelayed({ name, shot }: Variant): Promise<void> {
  const { url, ...request } = shot(size);
  const text = await (await fetch(url, request)).text();
  if (!text.includes('A line of an answer')) throw new Error(`${name} answered without what the service had said: ${text.slice(0, 300)}`);
}

async function startPeers(folder: string, upstreamUrl: string): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const [name, start] of [
    ['Executor', startExecutor],
    ['Portkey', startPortkey],
  ] as const) {
    const peer = await start(folder, upstreamUrl).catch((error: Error) => console.log(`${name} is left out: ${error.message}`));
    if (peer) peers.push(peer);
  }
  return peers;
}

const { values: options } = parseArgs({
  options: {
    connections: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
  },
});
const pace = { connections: Number(options.connections), rounds: Number(options.rounds), seconds: Number(options.seconds) };
const folder = await mkdtemp(path.join(tmpdir(), 'skillett-peers-'));
let peers: Peer[] = [];
const stand = await startStand();
try {
  await fetchPackages(folder);
  peers = await startPeers(folder, stand.upstreamUrl);
  const variants = [...stand.variants.filter(({ name }) => name !== 'raw'), ...peers.map(({ variant }) => variant)];
  for (const variant of variants) await requireRelayed(variant);
  console.log(
    `${availableParallelism()} cores, Node ${process.version}, ${pace.connections} connections, ${pace.rounds} rounds of ${pace.seconds} s, ${Object.values(packages).join(' and ')}\n`,
  );
  await compare(size, variants, pace);
} finally {
  for (const { child } of peers) await endProcess(child);
  await stand.close();
  await rm(folder, { recursive: true, force: true });
}
