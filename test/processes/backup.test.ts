/** Backup and restore of both kinds of embedded database, while the server runs and writes. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
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
      mkdirSync(data);
      writeFileSync(path.join(data, 'master-key'), `${Buffer.alloc(32, 5).toString('base64')}\n`);
      await (await openEmbedded(path.join(data, 'database'))).close();
    }
    let server = await startProcess({ SKILLETT_DATA: data });
    expect(server.stdout()).toMatch(new RegExp(`^  Database +${kind} `, 'm'));
    const key = server.stdout().match(/^sk_[0-9a-f]{48}$/m)?.[0] as string;
    expect((await call(server, key)).status).toBe(200);

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
