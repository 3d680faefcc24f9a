/** The embedded PostgreSQL: whose child it is, what becomes of it when either of them dies, and where PGlite stands in for it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPostmaster } from '../../src/app/embedded/postmaster.ts';
import { findProcess } from '../../src/app/embedded/running-process.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/port.ts';
import { runToEnd, type ServerProcess, startProcess } from '../support/process.ts';

const isRoot = process.getuid?.() === 0;
const keyOf = (server: ServerProcess) => server.stdout().match(/^sk_[0-9a-f]{48}$/m)?.[0] as string;
const socketOf = (server: ServerProcess) => server.stdout().match(/psql -h (\S+) -U skillett/)?.[1] as string;
const postmasterOf = (folder: string) => readPostmaster(folder)?.pid as number;
const listKeys = (server: ServerProcess, key: string) =>
  fetch(`${server.url}/api-keys`, { headers: { authorization: `Bearer ${key}`, connection: 'close' } });

async function waitUntil(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to hold within a minute');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('in a new folder', () => {
  let made: Awaited<ReturnType<typeof makeFolder>>;
  let data: string;
  let server: ServerProcess;
  let key: string;
  beforeAll(async () => {
    made = await makeFolder();
    data = path.join(made.folder, 'data');
    // As the default is: from the folder in which the server is started.
    server = await startProcess({ SKILLETT_DATA: path.relative(process.cwd(), data) });
    key = keyOf(server);
  });
  afterAll(async () => {
    await server.stop();
    await made.remove();
  });

  it('it is a PostgreSQL that listens nowhere but on a socket, and that any client can ask', async () => {
    expect(server.stdout()).toMatch(/^ {2}Database +PostgreSQL 18 in /m);
    const client = new pg.Client({ host: socketOf(server), user: 'skillett', database: 'postgres' });
    await client.connect();
    const { rows } = await client.query("select current_setting('listen_addresses') as addresses, count(*)::int as keys from api_keys");
    await client.end();
    expect(rows).toEqual([{ addresses: '', keys: 1 }]);
  });

  it('it is started again when it dies, and requests are told meanwhile that the database is away', async () => {
    const dead = postmasterOf(data);
    process.kill(dead, 'SIGKILL');
    await waitUntil(async () => {
      const { status } = await listKeys(server, key);
      expect([200, 503]).toContain(status);
      return status === 503;
    });
    await waitUntil(async () => (await listKeys(server, key)).status === 200);
    expect(postmasterOf(data)).not.toBe(dead);
    expect(server.stderr() + server.stdout()).toContain('the embedded PostgreSQL has ended and is started again');
  });

  it.runIf(isRoot)('what a server left behind in another container is not joined by a second PostgreSQL', async () => {
    const left = postmasterOf(data);
    await server.kill();
    // Elsewhere by its path, too: in another container the same folder may be mounted under another name.
    const elsewhere = path.join(made.folder, 'elsewhere');
    symlinkSync(data, elsewhere);
    const container = ['--pid', '--fork', '--mount-proc', process.execPath, path.resolve('src/main.ts'), 'migrate'];
    for (const folder of [data, elsewhere]) {
      const { status, stderr } = spawnSync('unshare', container, {
        env: { PATH: process.env.PATH, SKILLETT_DATA: folder },
        encoding: 'utf8',
      });
      expect([status, stderr]).toEqual([1, expect.stringMatching(/A PostgreSQL of another container still runs on .*End that container/)]);
    }
    expect(findProcess(left)).toBeDefined();
    server = await startProcess({ SKILLETT_DATA: data });
    expect((await listKeys(server, key)).status).toBe(200);
  });

  it('what a killed server left behind is ended by the next one, which several processes may serve', async () => {
    const left = postmasterOf(data);
    await server.kill();
    expect(findProcess(left)).toBeDefined();
    server = await startProcess({ SKILLETT_DATA: data, WORKERS: '2' });
    expect(findProcess(left)).toBeUndefined();
    const answers = await Promise.all(Array.from({ length: 12 }, () => listKeys(server, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('a second server is refused, and nothing of it is left when the first one has stopped', async () => {
    const running = postmasterOf(data);
    const second = await runToEnd({ SKILLETT_DATA: data, PORT: String(await freePort()) });
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining(`in use by process ${server.child.pid}`)]);
    expect((await listKeys(server, key)).status).toBe(200);
    expect(await server.stop()).toBe(0);
    expect(findProcess(running)).toBeUndefined();
    expect(readPostmaster(data)).toBeUndefined();
  });

  it.runIf(isRoot)('a folder that its user may not enter any more is refused, with its name, and served again when it may', async () => {
    chmodSync(made.folder, 0o700);
    const { code, stderr } = await runToEnd({ SKILLETT_DATA: data }, ['migrate']);
    chmodSync(made.folder, 0o711);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`the user nobody, who may not enter ${made.folder}, where the data`)]);
    expect((await runToEnd({ SKILLETT_DATA: data }, ['migrate'])).stdout).toContain('up to date');
  });

  it('files of another major version are refused with the command that saves them', async () => {
    const file = path.join(data, 'postgres/cluster/PG_VERSION');
    const version = readFileSync(file, 'utf8');
    writeFileSync(file, '17\n');
    const { code, stderr } = await runToEnd({ SKILLETT_DATA: data }, ['migrate']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/made by PostgreSQL 17, and this release brings PostgreSQL 18.*pg_dump -h/);
    expect(stderr).not.toContain('    at ');
    writeFileSync(file, version);
    expect((await runToEnd({ SKILLETT_DATA: data }, ['migrate'])).stdout).toContain('up to date');
  });
});

it('its socket lies in a short folder of its own where the path of the data folder is long, and goes with it', async () => {
  const made = await makeFolder();
  const data = path.join(made.folder, 'a'.repeat(90));
  const server = await startProcess({ SKILLETT_DATA: data });
  const socketFolder = socketOf(server);
  expect(socketFolder.length).toBeLessThan(60);
  expect((await listKeys(server, keyOf(server))).status).toBe(200);
  await server.stop();
  expect(() => readFileSync(path.join(socketFolder, '.s.PGSQL.5432.lock'))).toThrow('ENOENT');
  await made.remove();
});

it.runIf(isRoot)(
  'PGlite stands in where its user cannot enter the folder, says so, and serves one process',
  async () => {
    const closed = mkdtempSync(path.join(tmpdir(), 'skillett-closed-'));
    mkdirSync(path.join(closed, 'in'));
    const data = path.join(closed, 'in/data');
    const refused = await runToEnd({ SKILLETT_DATA: data, WORKERS: '2' });
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/WORKERS is above 1, but .* PGlite \(PostgreSQL does not run here: /),
    ]);
    const server = await startProcess({ SKILLETT_DATA: data });
    const why = `the user nobody, who may not enter ${closed}, where the data folder lies; install Skillett and keep its data under`;
    expect(server.stdout()).toMatch(/^ {2}Database +PGlite in .*PostgreSQL does not run here: /m);
    expect(server.stdout()).toContain(why);
    expect((await listKeys(server, keyOf(server))).status).toBe(200);
    // Of PGlite no other process can ask anything.
    const beside = await runToEnd({ SKILLETT_DATA: data }, ['sign-in-link']);
    expect([beside.code, beside.stderr]).toEqual([1, expect.stringContaining(`in use by process ${server.child.pid}`)]);
    await server.stop();
    rmSync(closed, { recursive: true, force: true });
    // PGlite's first start is slow where others work too.
  },
  240_000,
);
