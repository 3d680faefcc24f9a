/** A root's server runs PostgreSQL as `nobody`, as which other programs run too: none of them comes near the database. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { readPostmaster } from '../../src/app/embedded/postmaster.ts';
import { makeFolder } from '../support/folder.ts';
import { runToEnd, startProcess } from '../support/process.ts';

const isRoot = process.getuid?.() === 0;

/** What a program of this user and group hears when it asks. */
function ask(owner: { uid: number; gid: number }, data: string, socketFolder: string): { files: string; socket: string } {
  const env = { LC_ALL: 'C', PATH: process.env.PATH };
  const cat = spawnSync('cat', [path.join(data, 'postgres/cluster/PG_VERSION')], { ...owner, env, cwd: '/', encoding: 'utf8' });
  const code = `require('net').connect(process.argv[1]).on('error', ({ code }) => console.log(code)).on('connect', function () { console.log('connected'); this.end(); })`;
  const connect = spawnSync(process.execPath, ['-e', code, path.join(socketFolder, '.s.PGSQL.5432')], {
    ...owner,
    env,
    cwd: '/',
    encoding: 'utf8',
  });
  return { files: cat.stdout + cat.stderr, socket: connect.stdout + connect.stderr };
}

it.runIf(isRoot).each(['short', 'long'])(
  'another program of nobody reaches neither files nor socket, in a folder with a %s path',
  async (length) => {
    const made = await makeFolder();
    const data = path.join(made.folder, length === 'long' ? 'd'.repeat(90) : 'data');
    const server = await startProcess({ SKILLETT_DATA: data });
    const socketFolder = readPostmaster(data)?.socketFolder as string;
    const { uid, gid } = statSync(path.join(data, 'postgres/cluster'));
    const stranger = ask({ uid, gid: 65_534 }, data, socketFolder);
    expect([stranger.files, stranger.socket]).toEqual([expect.stringContaining('Permission denied'), 'EACCES\n']);
    expect(ask({ uid, gid }, data, socketFolder)).toEqual({ files: '18\n', socket: 'connected\n' });
    const client = new pg.Client({ host: socketFolder, user: 'skillett', database: 'postgres' });
    await client.connect();
    expect((await client.query('select count(*)::int as keys from api_keys')).rows).toEqual([{ keys: 1 }]);
    await client.end();
    await server.stop();
    await made.remove();
  },
);

it.runIf(isRoot)('files that an older release gave to nobody and its group are closed by the next start', async () => {
  const made = await makeFolder();
  const data = path.join(made.folder, 'data');
  const [home, cluster] = [path.join(data, 'postgres'), path.join(data, 'postgres/cluster')];
  expect((await runToEnd({ SKILLETT_DATA: data }, ['migrate'])).code).toBe(0);
  const { uid, gid } = statSync(cluster);
  const older = 65_534;
  for (const entry of ['', ...readdirSync(cluster, { recursive: true, encoding: 'utf8' })])
    chownSync(path.join(cluster, entry), uid, older);
  chownSync(home, uid, older);
  chmodSync(home, 0o700);
  expect(ask({ uid, gid: older }, data, home).files).toBe('18\n');
  expect(await runToEnd({ SKILLETT_DATA: data }, ['migrate'])).toMatchObject({ code: 0, stderr: '' });
  expect(ask({ uid, gid: older }, data, home).files).toContain('Permission denied');
  expect(statSync(cluster)).toMatchObject({ uid, gid });
  await made.remove();
});
