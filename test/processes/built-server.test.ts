/** `npm start` runs what `npm run build` made, as long as it was made of the sources that are there. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../support/folder.ts';
import { type ServerProcess, startProcess } from '../support/process.ts';

const run = promisify(execFile);
const repository = path.resolve(import.meta.dirname, '../..');

describe('an installation that was built', () => {
  let made: Awaited<ReturnType<typeof makeFolder>>;
  let root: string;
  const start = (...args: string[]) => run(process.execPath, [path.join(root, 'src/skillett.cjs'), ...args]);
  beforeAll(async () => {
    made = await makeFolder();
    root = path.join(made.folder, 'installation');
    for (const name of ['src', 'scripts', 'migrations', 'recipes', 'package.json', 'package-lock.json'])
      cpSync(path.join(repository, name), path.join(root, name), { recursive: true });
    symlinkSync(path.join(repository, 'node_modules'), path.join(root, 'node_modules'));
    await run(process.execPath, [path.join(root, 'scripts/build-server.ts')]);
  });
  afterAll(() => made.remove());

  describe('and is started', () => {
    let server: ServerProcess;
    let key: string;
    beforeAll(async () => {
      server = await startProcess({ SKILLETT_DATA: path.join(made.folder, 'data') }, [], path.join(root, 'src/skillett.cjs'));
      key = server.stdout().match(/^sk_[0-9a-f]{48}$/m)?.[0] as string;
    });
    afterAll(() => server.stop());
    const post = (place: string, body: unknown) =>
      fetch(`${server.url}${place}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify(body),
      });

    it('answers by every door, with an expression evaluated in its thread', async () => {
      const rest = await post('/v1/sandbox/list_notes', { select: 'length(@)' });
      expect([rest.status, await rest.json()]).toEqual([200, expect.objectContaining({ data: expect.any(Number) })]);
      const graphql = await post('/graphql', { query: '{ read(integration: "sandbox", endpoint: "list_notes") { status data } }' });
      expect(await graphql.json()).toEqual({ data: { read: { status: 200, data: expect.anything() } } });
      const mcp = await post('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
      expect(await mcp.text()).toContain('"tools"');
    });
  });

  it('runs what was built, and its sources as soon as one of them is not what it was built of', async () => {
    const rewrite = (file: string, from: string, to: string) => writeFileSync(file, readFileSync(file, 'utf8').replaceAll(from, to));
    rewrite(path.join(root, 'dist/server/main.js'), 'start the server', 'start what was built');
    expect((await start('--help')).stdout).toContain('start what was built');

    const source = path.join(root, 'src/app/process/command-line.ts');
    rewrite(source, 'start the server', 'start the sources');
    expect((await start('--help')).stdout).toContain('start the sources');
    rewrite(source, 'start the sources', 'start the server');
    expect((await start('--help')).stdout).toContain('start what was built');

    writeFileSync(path.join(root, 'src/core/new.ts'), '');
    expect((await start('--help')).stdout).toContain('start the server');
  });

  it('runs what was built where a package was unpacked, which holds no package-lock.json', async () => {
    const unpacked = path.join(made.folder, 'package');
    for (const name of ['src', 'dist', 'migrations', 'package.json'])
      cpSync(path.join(root, name), path.join(unpacked, name), { recursive: true });
    symlinkSync(path.join(repository, 'node_modules'), path.join(unpacked, 'node_modules'));
    const help = await run(process.execPath, [path.join(unpacked, 'src/skillett.cjs'), '--help']);
    expect(help.stdout).toContain('start what was built');
  });
});
