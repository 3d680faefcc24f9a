/** Backup and restore of both kinds of embedded database, while the server runs and writes. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { giveTree } from '../../src/app/embedded/postgres-files.ts';
import { openEmbedded } from '../../src/core/database/database.ts';
import { makeFolder } from '../support/folder.ts';
import { runToEnd, type ServerProcess, startProcess } from '../support/process.ts';

const call = (server: ServerProcess, key: string) =>
  fetch(`${server.url}/v1/sandbox/list_notes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{}',
  });

describe.each(['PostgreSQL', 'PGlite'])('of %s', (kind) => {
  it('a backup made while calls come is restored, and key, credentials and calls are there', async () => {
    const made = await makeFolder();
    const [data, backup, restored] = ['data', 'backup', 'restored'].map((name) => path.join(made.folder, name)) as [string, string, string];
    // A folder that holds PGlite stays with it.
    if (kind === 'PGlite') {
      // One that others may enter.
      mkdirSync(path.join(data, 'database'), { recursive: true });
      for (const folder of [data, path.join(data, 'database')]) chmodSync(folder, 0o755);
      writeFileSync(path.join(data, 'master-key'), `${Buffer.alloc(32, 5).toString('base64')}\n`);
      await (await openEmbedded(path.join(data, 'database'))).close();
    }
    let server = await startProcess({ SKILLETT_DATA: data });
    expect(server.stdout()).toMatch(new RegExp(`^  Database +${kind} `, 'm'));
    const key = server.stdout().match(/^sk_[0-9a-f]{48}$/m)?.[0] as string;
    expect((await call(server, key)).status).toBe(200);
    if (kind === 'PGlite') expect(statSync(path.join(data, 'database')).mode & 0o777).toBe(0o700);

    let answered = 0;
    let going = true;
    const calls = (async () => {
      while (going) answered += (await call(server, key)).ok ? 1 : 0;
    })();
    const saved = await runToEnd({ SKILLETT_DATA: data }, ['backup', backup]);
    going = false;
    await calls;
    expect([saved.code, saved.stderr]).toEqual([0, '']);
    expect(saved.stdout).toContain('master-key');
    expect(answered).toBeGreaterThan(0);
    expect(existsSync(path.join(backup, 'master-key'))).toBe(false);
    await server.stop();

    const refused = await runToEnd({ SKILLETT_DATA: data }, ['restore', backup]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('is there already')]);
    expect((await runToEnd({ SKILLETT_DATA: restored }, ['restore', backup])).code).toBe(0);
    copyFileSync(path.join(data, 'master-key'), path.join(restored, 'master-key'));
    server = await startProcess({ SKILLETT_DATA: restored });
    expect(server.stdout()).toMatch(new RegExp(`^  Database +${kind} `, 'm'));
    // The sandbox's credential is sealed: it opens with the key of that time.
    expect((await call(server, key)).status).toBe(200);
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{"query":"{ calls { edges { node { outcome } } } }"}',
    });
    expect((await answer.json()).data.calls.edges.length).toBeGreaterThan(1);
    await server.stop();
    await made.remove();
    // Eight starts and ends of processes, some with PGlite.
  }, 300_000);
});

it('a backup is refused into the data folder, into a folder that is in use, and of no database', async () => {
  const made = await makeFolder();
  const data = path.join(made.folder, 'data');
  expect((await runToEnd({ SKILLETT_DATA: data }, ['backup', path.join(made.folder, 'b')])).stderr).toContain('There is no database');
  await runToEnd({ SKILLETT_DATA: data }, ['migrate']);
  expect((await runToEnd({ SKILLETT_DATA: data }, ['backup', path.join(data, 'b')])).stderr).toContain('lies in the data folder');
  expect((await runToEnd({ SKILLETT_DATA: data }, ['backup', made.folder])).stderr).toContain('is not empty');
  const good = await runToEnd({ SKILLETT_DATA: data }, ['backup', path.join(made.folder, 'b')]);
  expect([good.code, good.stderr]).toEqual([0, '']);
  const unfinished = await runToEnd({ SKILLETT_DATA: path.join(made.folder, 'r') }, ['restore', data]);
  expect([unfinished.code, unfinished.stderr]).toEqual([1, expect.stringContaining('no whole backup')]);
  await made.remove();
});

describe('with links, modes and parts that are not as they were written,', () => {
  let made: Awaited<ReturnType<typeof makeFolder>>;
  let data: string;
  let whole: string;
  const at = (name: string) => path.join(made.folder, name);
  const backUp = (target: string) => runToEnd({ SKILLETT_DATA: data }, ['backup', target]);
  const restore = (source: string, name: string) => runToEnd({ SKILLETT_DATA: at(name) }, ['restore', source]);
  const copyOf = (name: string) => {
    cpSync(whole, at(name), { recursive: true });
    return at(name);
  };

  beforeAll(async () => {
    made = await makeFolder();
    data = at('data');
    whole = at('whole');
    await runToEnd({ SKILLETT_DATA: data }, ['migrate']);
    expect((await backUp(whole)).code).toBe(0);
  }, 60_000);
  afterAll(() => made.remove());

  it('no backup goes into the data folder, by a link to it or by the name of one', async () => {
    mkdirSync(path.join(data, 'inside'));
    symlinkSync(path.join(data, 'inside'), at('link'));
    for (const target of [at('link'), path.join(at('link'), 'new'), path.join(data, '..b')])
      expect((await backUp(target)).stderr).toContain('lies in the data folder');
    expect(readdirSync(path.join(data, 'inside'))).toEqual([]);
    expect(existsSync(path.join(data, '..b'))).toBe(false);
    expect((await backUp(at('..b'))).code).toBe(0);
  }, 60_000);

  it('an empty folder of our own is made private, and one of another user is refused', async () => {
    mkdirSync(at('shared'));
    chmodSync(at('shared'), 0o777);
    expect((await backUp(at('shared'))).code).toBe(0);
    expect(statSync(at('shared')).mode & 0o777).toBe(0o700);
    mkdirSync(at('full'), { mode: 0o755 });
    writeFileSync(at('full/file'), 'x');
    expect((await backUp(at('full'))).stderr).toContain('is not empty');
    expect(statSync(at('full')).mode & 0o777).toBe(0o755);
    // Only root can make a folder another's.
    if (process.getuid?.() !== 0) return;
    mkdirSync(at('theirs'), { mode: 0o700 });
    chownSync(at('theirs'), 12_345, 12_345);
    expect((await backUp(at('theirs'))).stderr).toContain('belongs to another user');
  }, 60_000);

  it('a backup with a link in it is refused, and what the link leads to stays as it is', async () => {
    const source = copyOf('linked');
    mkdirSync(at('victim'));
    writeFileSync(at('victim/file'), 'x', { mode: 0o600 });
    const wal = path.join(source, 'postgres/cluster/pg_wal');
    rmSync(wal, { recursive: true });
    symlinkSync(at('victim'), wal);
    const before = statSync(at('victim/file'));
    expect((await restore(source, 'of-linked')).stderr).toContain('pg_wal is neither a file nor a folder');
    expect(existsSync(at('of-linked/postgres/cluster'))).toBe(false);
    const { uid, mode } = statSync(at('victim/file'));
    expect([uid, mode]).toEqual([before.uid, before.mode]);
  });

  it.each(['backup_label', 'base', 'global/pg_control'])('a backup without its %s is no whole one', async (part) => {
    const source = copyOf(`without-${part.replace('/', '-')}`);
    rmSync(path.join(source, 'postgres/cluster', part), { recursive: true });
    const { code, stderr } = await restore(source, 'of-half');
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${part} is missing`)]);
    expect(existsSync(at('of-half/postgres/cluster'))).toBe(false);
  });

  it('a dump that is none is refused in a sentence, and leaves nothing', async () => {
    mkdirSync(at('junk'));
    writeFileSync(at('junk/backup.json'), '{}');
    writeFileSync(at('junk/database.tar.gz'), 'junk');
    const { code, stderr } = await restore(at('junk'), 'of-junk');
    expect([code, stderr]).toEqual([
      1,
      `${at('junk/database.tar.gz')} cannot be read as a database, so nothing was restored. Part of it may be missing.\n`,
    ]);
    expect(readdirSync(at('of-junk')).filter((name) => name.startsWith('database'))).toEqual([]);
  }, 60_000);

  it('a backup that has lost its modes is restored with those that PostgreSQL starts on', async () => {
    const source = copyOf('open');
    const cluster = path.join(source, 'postgres/cluster');
    for (const name of readdirSync(cluster, { recursive: true, encoding: 'utf8' })) chmodSync(path.join(cluster, name), 0o777);
    chmodSync(cluster, 0o777);
    expect((await restore(source, 'of-open')).code).toBe(0);
    const restored = at('of-open/postgres/cluster');
    for (const name of readdirSync(restored, { recursive: true, encoding: 'utf8' }))
      expect(statSync(path.join(restored, name)).mode & 0o077).toBe(0);
    copyFileSync(path.join(data, 'master-key'), at('of-open/master-key'));
    expect((await runToEnd({ SKILLETT_DATA: at('of-open') }, ['migrate'])).code).toBe(0);
  }, 60_000);

  it.runIf(process.getuid?.() === 0)('files are given away with the links among them, and not what those lead to', () => {
    mkdirSync(at('tree/below'), { recursive: true });
    mkdirSync(at('elsewhere'));
    for (const file of ['tree/below/file', 'elsewhere/file']) writeFileSync(at(file), 'x');
    symlinkSync(at('elsewhere'), at('tree/link'));
    giveTree(at('tree'), { uid: 12_345, gid: 12_345 });
    const owners = ['tree', 'tree/below', 'tree/below/file', 'tree/link', 'elsewhere', 'elsewhere/file'].map(
      (name) => lstatSync(at(name)).uid,
    );
    expect(owners).toEqual([12_345, 12_345, 12_345, 12_345, 0, 0]);
  });
});
