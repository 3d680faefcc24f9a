import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway } from '../../src/app/process/gateway.ts';
import { readConfig } from '../../src/core/config/config.ts';
import { createOwner } from '../../src/domains/users/users.ts';
import { createEmptyDatabase, createTestDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/port.ts';
import { runToEnd, type ServerProcess, startProcess } from '../support/process.ts';

const keyLine = /^sk_[0-9a-f]{48}$/m;
const anyKey = /sk_[0-9a-f]{48}/g;
/** Root may write everywhere. */
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

describe('the first start, embedded', () => {
  let made: Awaited<ReturnType<typeof makeFolder>>;
  let server: ServerProcess;
  let data: string;
  beforeAll(async () => {
    made = await makeFolder();
    data = path.join(made.folder, 'data');
    server = await startProcess({ SKILLETT_DATA: data });
  });
  afterAll(async () => {
    await server.kill();
    await made.remove();
  });

  it('prints one key on a line of its own and inside a curl that works as it is pasted', async () => {
    expect(server.stdout()).toMatch(keyLine);
    expect(new Set(server.stdout().match(anyKey)).size).toBe(1);
    const curl = server.stdout().match(/^curl .*$/m)?.[0] as string;
    const { stdout } = await promisify(execFile)('sh', ['-c', curl.replace('localhost', '127.0.0.1')]);
    expect(JSON.parse(stdout)).toMatchObject({ status: 200, data: { notes: expect.any(Array) } });
  });

  it('keeps the master key in the data folder for its owner alone', async () => {
    const { mode } = await stat(path.join(data, 'master-key'));
    expect(mode & 0o777).toBe(0o600);
  });

  it('does not let a second server into the data folder', async () => {
    const { code, stderr } = await runToEnd({ SKILLETT_DATA: data, PORT: String(await freePort()) });
    expect(code).toBe(1);
    expect(stderr).toContain(`in use by process ${server.child.pid}`);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    // A command asks the running server's PostgreSQL.
    const migration = await runToEnd({ SKILLETT_DATA: data }, ['migrate']);
    expect([migration.code, migration.stdout]).toEqual([0, expect.stringContaining('up to date')]);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  it('stops on SIGTERM after finishing what runs, and prints no secret when started again, also after kill -9', async () => {
    const key = server.stdout().match(keyLine)?.[0] as string;
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const running = fetch(`${server.url}/v1/sandbox/wait`, { method: 'POST', headers, body: '{"params":{"milliseconds":600}}' });
    // As a browser opens one ahead of the requests it may have.
    const silent = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    const stopped = server.stop();
    expect(await (await running).json()).toEqual({ status: 200, data: { waited_milliseconds: 600 } });
    const answeredMs = performance.now();
    expect(await stopped).toBe(0);
    expect(performance.now() - answeredMs).toBeLessThan(20_000);
    silent.destroy();

    server = await startProcess({ SKILLETT_DATA: data });
    expect(server.stdout()).not.toMatch(anyKey);
    await server.kill();
    server = await startProcess({ SKILLETT_DATA: data });
    const again = await fetch(`${server.url}/v1/sandbox/list_notes`, { method: 'POST', headers, body: '{}' });
    expect(again.status).toBe(200);
    expect(server.stdout() + server.stderr()).not.toMatch(anyKey);
  });

  it('says who listens on a port that is taken', async () => {
    const folder = path.join(made.folder, 'other');
    const { code, stdout, stderr } = await runToEnd({ SKILLETT_DATA: folder, PORT: new URL(server.url).port });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('is taken');
    // The key of the first start was not lost with it.
    const next = await startProcess({ SKILLETT_DATA: folder });
    expect(next.stdout()).toMatch(keyLine);
    await next.stop();
  });

  it('ends with that sentence and shows no key where it was to have several workers', async () => {
    const folder = path.join(made.folder, 'workers');
    const { code, stdout, stderr } = await runToEnd({ SKILLETT_DATA: folder, PORT: new URL(server.url).port, WORKERS: '2' });
    expect([code, stdout]).toEqual([1, '']);
    // Each worker may have met it once, and none was started again.
    expect(stderr.match(/is taken/g)?.length).toBeOneOf([1, 2]);
  });

  it('goes on with a first start that ended before it showed the key, however far it had come', async () => {
    const folder = path.join(made.folder, 'cut');
    for (const connected of [false, true]) {
      const { gateway, close } = await openGateway(readConfig({ SKILLETT_DATA: folder, LOG_LEVEL: 'silent' }));
      await createOwner(gateway.db, gateway.clock);
      // The second time the sandbox is connected, by the start that went on from the first.
      expect(await gateway.db.selectFrom('connections').select('id').execute()).toHaveLength(connected ? 1 : 0);
      await gateway.db.deleteFrom('apiKeys').execute();
      await close();
      const next = await startProcess({ SKILLETT_DATA: folder });
      const curl = next.stdout().match(/^curl .*$/m)?.[0] as string;
      const { stdout } = await promisify(execFile)('sh', ['-c', curl.replace('localhost', '127.0.0.1')]);
      expect(JSON.parse(stdout), `connected: ${connected}`).toMatchObject({ status: 200, data: { notes: expect.any(Array) } });
      await next.stop();
    }
  });

  it('does not start without its master key', async () => {
    await server.stop();
    await rm(path.join(data, 'master-key'));
    const { code, stderr } = await runToEnd({ SKILLETT_DATA: data, PORT: String(await freePort()) });
    expect(code).toBe(1);
    expect(stderr).toContain('master-key is missing');
  });
});

describe('faults of an installation', () => {
  it('are all reported before anything listens', async () => {
    const { code, stderr } = await runToEnd({ PORT: 'x', WORKERS: 'many', SKILLETT_LIMITS: '{' });
    expect(code).toBe(1);
    for (const name of ['PORT', 'WORKERS', 'SKILLETT_LIMITS']) expect(stderr).toContain(name);
  });

  it('include a database or a data folder that cannot be used, in a sentence without a stack', async () => {
    const away = await runToEnd({
      DATABASE_URL: `postgres://localhost:${await freePort()}/none`,
      SKILLETT_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    });
    expect(away.code).toBe(1);
    expect(away.stderr).toMatch(/^The database of DATABASE_URL cannot be used: .*ECONNREFUSED/m);
    expect(away.stderr).not.toContain('    at ');
    const file = await runToEnd({ SKILLETT_DATA: import.meta.filename });
    expect(file.code).toBe(1);
    expect(file.stderr).toMatch(/^The data folder .* cannot be used: .*Set SKILLETT_DATA/m);
    expect(file.stderr).not.toContain('    at ');
  });

  it('include a data folder that is not to be written to', async () => {
    const { folder, remove } = await makeFolder();
    try {
      await chmod(folder, 0o555);
      const refused = await runToEnd({ SKILLETT_DATA: folder }, [], nobody);
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringMatching(/^The data folder .* cannot be used: EACCES.*Set SKILLETT_DATA/m),
      ]);
    } finally {
      await remove();
    }
  });

  it('include the settings of an integration that is not there, with the name that was meant', async () => {
    const { url, drop } = await createTestDatabase();
    try {
      const { code, stderr } = await runToEnd({
        DATABASE_URL: url,
        SKILLETT_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
        SKILLETT_GITHBU_BASE_URL: 'https://git.example.org/api/v3',
        SKILLETT_NOWHERE_AT_ALL_CLIENT_SECRET: 'a-secret-that-is-not-repeated',
        SKILLETT_SIGN_IN_GITHUB_CLIENT_ID: 'known',
        SKILLETT_SLACK_CLIENT_ID: 'known',
      });
      expect(code).toBe(1);
      expect(stderr).toContain(
        'SKILLETT_GITHBU_BASE_URL is set, but there is no integration githbu. Did you mean SKILLETT_GITHUB_BASE_URL?',
      );
      expect(stderr).toContain('SKILLETT_NOWHERE_AT_ALL_CLIENT_SECRET is set, but there is no integration nowhere_at_all. Add its recipe');
      expect(stderr).not.toMatch(/not-repeated|SLACK|SIGN_IN/);
    } finally {
      await drop();
    }
  });

  it('include a bad recipe, by file and place', async () => {
    const { folder, remove } = await makeFolder();
    const { url, drop } = await createTestDatabase();
    try {
      await mkdir(path.join(folder, 'recipes/notes'), { recursive: true });
      await writeFile(path.join(folder, 'recipes/notes/recipe.json'), '{"slug":"notes"}');
      const { code, stderr } = await runToEnd({
        DATABASE_URL: url,
        SKILLETT_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
        SKILLETT_RECIPES: path.join(folder, 'recipes'),
      });
      expect(code).toBe(1);
      expect(stderr).toContain('notes/recipe.json: name');
    } finally {
      await drop();
      await remove();
    }
  });
});

describe('on PostgreSQL', () => {
  it('two processes that start together make one owner and print one key, and a wrong master key does not start', async () => {
    const { url, drop } = await createEmptyDatabase();
    const env = { DATABASE_URL: url, SKILLETT_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') };
    const servers = await Promise.all([startProcess(env), startProcess(env)]);
    try {
      const printed = servers.map((server) => server.stdout()).join('');
      expect(new Set(printed.match(anyKey)).size).toBe(1);
      const wrong = await runToEnd({ ...env, SKILLETT_MASTER_KEY: Buffer.alloc(32, 8).toString('base64'), PORT: String(await freePort()) });
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toContain('SKILLETT_MASTER_KEY is not the key');
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      await drop();
    }
  });

  it('several workers share one port and print one key', async () => {
    const { url, drop } = await createEmptyDatabase();
    const server = await startProcess({ DATABASE_URL: url, SKILLETT_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'), WORKERS: '2' });
    try {
      const key = server.stdout().match(keyLine)?.[0] as string;
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          fetch(`${server.url}/api-keys`, { headers: { authorization: `Bearer ${key}`, connection: 'close' } }),
        ),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 200));
      expect(new Set(server.stdout().match(anyKey)).size).toBe(1);
    } finally {
      expect(await server.stop()).toBe(0);
      await drop();
    }
  });
});
