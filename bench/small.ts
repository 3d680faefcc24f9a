/**
 * `npm run bench:small`: what a small server needs. CPU until ready, memory after calls, on the embedded PostgreSQL and on one of
 * DATABASE_URL; and, where memory cgroups can be made (as root), whether it holds in `--limit` megabytes under what takes most.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../test/support/port.ts';
import { fire } from './load.ts';
import { type MemoryGroup, makeMemoryGroup } from './memory-group.ts';
import { startPostgres } from './postgres.ts';
import { cpuSeconds, forkListening, residentMegabytes, shareOfMemory } from './processes.ts';

const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: '5' },
    calls: { type: 'string', default: '3000' },
    limit: { type: 'string', default: '512' },
    /** Flags of Node to try beside those of `npm start`. */
    flags: { type: 'string', default: '' },
    /** Under the limit, of the kinds of calls those whose names hold this. */
    kinds: { type: 'string', default: '' },
  },
});

interface Running {
  child: ChildProcess;
  url: string;
  key: string;
  wallMs: number;
  cpu: number;
  cpuWithDatabase: number;
}

const root = path.resolve(import.meta.dirname, '..');
const folder = await mkdtemp(path.join(tmpdir(), 'skillett-small-'));
// The embedded PostgreSQL of a root's server is another user's.
await chmod(folder, 0o711);
const data = { SKILLETT_DATA: path.join(folder, 'data') };
const flags = await readFlags();
/** The server that has not been stopped. */
let running: ChildProcess | undefined;
const upstream = await forkListening('upstream.ts');
const settings = {
  PATH: process.env.PATH,
  LOG_LEVEL: 'warn',
  SKILLETT_GITHUB_BASE_URL: upstream.url,
  SKILLETT_LIMITS: '{"unlimited":{"perMinute":null}}',
};
try {
  const key = await measureStarts();
  await measureMemory('embedded', data, key);
  const postgres = await startPostgres();
  const masterKey = Buffer.alloc(32, 7).toString('base64');
  await measureMemory('DATABASE_URL', { DATABASE_URL: postgres.url, SKILLETT_MASTER_KEY: masterKey }).finally(() => postgres.stop());
  await holdUnderLimit(key);
} finally {
  upstream.child.kill();
  running?.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
}

/** As `npm start` has them. */
async function readFlags(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const own = (scripts.start as string).split(' ').filter((word) => word.startsWith('--max-'));
  return [...own, ...values.flags.split(' ').filter(Boolean)];
}

async function start(env: Record<string, string>, group?: MemoryGroup): Promise<Running> {
  const port = await freePort();
  const startedMs = performance.now();
  const command = [process.execPath, ...flags, path.join(root, 'src/skillett.cjs')];
  const [program, ...args] = (group ? group.commandInside(command) : command) as [string, ...string[]];
  const child = spawn(program, args, {
    env: { ...settings, ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running = child;
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(printed.includes(' REST ') && (await fetch(`${url}/readyz`).catch(() => undefined))?.ok)) {
    if (child.exitCode !== null) throw new Error(`the server ended before it listened:\n${printed}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const pid = child.pid as number;
  const key = /^sk_[0-9a-f]{48}$/m.exec(printed)?.[0] ?? '';
  return { child, url, key, wallMs: performance.now() - startedMs, cpu: cpuSeconds(pid), cpuWithDatabase: cpuSeconds(pid, true) };
}

async function stop({ child }: Running): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
  running = undefined;
}

async function measureStarts(): Promise<string> {
  const first = await start(data);
  await stop(first);
  console.log(`first start             ${(first.wallMs / 1000).toFixed(1)} s, ${first.cpu.toFixed(2)} s of CPU in the server`);
  const again: Running[] = [];
  for (let turn = 0; turn < Number(values.starts); turn += 1) {
    again.push(await start(data));
    await stop(again.at(-1) as Running);
  }
  const list = (pick: (one: Running) => number) =>
    again
      .map((one) => pick(one).toFixed(2))
      .sort()
      .join(' ');
  console.log(`start on what is there  CPU ${list(({ cpu }) => cpu)}; with PostgreSQL ${list(({ cpuWithDatabase }) => cpuWithDatabase)} s`);
  return first.key;
}

function getLabel(size: string, select?: string): string {
  return JSON.stringify({ params: { repo: 'bench/bench', name: size }, ...(select ? { select } : {}) });
}

async function connect(server: Running, key: string): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ integration: 'github', credentials: { token: 'bench-token' } });
  const connected = await fetch(`${server.url}/v1/connect`, { method: 'POST', headers, body });
  if (!connected.ok) throw new Error(`connecting failed: ${await connected.text()}`);
  return headers;
}

async function measureMemory(name: string, env: Record<string, string>, givenKey?: string): Promise<void> {
  const server = await start(env);
  const headers = await connect(server, givenKey ?? server.key);
  const shot = { url: `${server.url}/v1/github/get_label`, method: 'POST', headers, body: getLabel('1k') };
  let [calls, failures] = [0, 0];
  while (calls < Number(values.calls)) {
    const slice = await fire(shot, 16, 1);
    calls += slice.calls;
    failures += slice.failures;
  }
  const pid = server.child.pid as number;
  console.log(
    `${name.padEnd(24)}after ${calls} calls (${failures} not 200): server ${shareOfMemory(pid).toFixed(0)} MB (resident ${residentMegabytes(pid).toFixed(0)}), with PostgreSQL as its child ${shareOfMemory(pid, true).toFixed(0)} MB`,
  );
  await stop(server);
}

/** What takes most memory, one kind after the other; each call must be answered, with 200 or a refusal that says why. */
async function holdUnderLimit(key: string): Promise<void> {
  const group = makeMemoryGroup(Number(values.limit));
  if (typeof group === 'string') return console.log(`in ${values.limit} MB               not tried: ${group}`);
  try {
    const server = await start(data, group);
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const read = { url: `${server.url}/v1/github/get_label`, method: 'POST', headers };
    const upload = (bytes: number) => ({
      ...read,
      url: `${server.url}/v1/github/create_or_update_file`,
      body: JSON.stringify({
        params: { repo: 'bench/bench', path: 'a', message: 'b', content: Buffer.alloc(bytes, 'upload').toString('base64') },
      }),
    });
    const kinds = {
      '1 KB, 64 at a time': [{ ...read, body: getLabel('1k') }, 64],
      '30 MB, 8 at a time': [{ ...read, body: getLabel('30m') }, 8],
      'select of 30 MB, 4 at a time': [{ ...read, body: getLabel('30m', 'length(items)') }, 4],
      'upload of 27 MB, 8 at a time': [upload(20_000_000), 8],
      // As long as a body may be.
      'upload of 41 MB, 4 at a time': [upload(31_000_000), 4],
      '1 KB afterwards, 16 at a time': [{ ...read, body: getLabel('1k') }, 16],
    } as const;
    for (const [name, [shot, connections]] of Object.entries(kinds).filter(([kind]) => kind.includes(values.kinds))) {
      const outcome = await fire(shot, connections, 5).then(
        ({ calls, failures }) => `${calls} calls, ${failures} of them refused`,
        (error: Error) => `failed: ${error.message}`,
      );
      console.log(
        `in ${values.limit} MB, ${name.padEnd(30)} ${outcome}; at most ${group.peakMegabytes().toFixed(0)} MB, killed ${group.kills()}`,
      );
      if (server.child.exitCode !== null || server.child.signalCode !== null) return console.log('the server has ended');
    }
    await stop(server);
  } finally {
    group.remove();
  }
}
