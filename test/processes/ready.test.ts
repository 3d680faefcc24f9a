/** Whether a load balancer should send requests here, and what a release does with a database of a later one. */
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';
import { runToEnd, type ServerProcess, startProcess } from '../support/process.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
/** A connection of its own, which keeps what it began with. */
let client: pg.Client;
let env: Record<string, string>;
let server: ServerProcess;
let made: Awaited<ReturnType<typeof makeFolder>>;

beforeAll(async () => {
  made = await makeFolder();
  database = await createTestDatabase();
  client = new pg.Client(database.url);
  await client.connect();
  env = { DATABASE_URL: database.url, SKILLETT_MASTER_KEY: Buffer.alloc(32, 5).toString('base64'), SKILLETT_DATA: made.folder };
  server = await startProcess({ ...env, SKILLET_PLAYGROUND: 'false', HTTPS_PROXY: 'http://user:secret@proxy.example' });
});
afterAll(async () => {
  await server.kill();
  await client.end();
  await database.drop();
  await made.remove();
});

const ready = async () => {
  const answer = await fetch(`${server.url}/readyz`);
  return { status: answer.status, body: await answer.json() };
};

it('is said of a database that takes writes, and of no other', async () => {
  expect(await ready()).toEqual({ status: 200, body: { status: 'ready' } });
  const name = new URL(database.url).pathname.slice(1);
  const setReadOnly = async (on: boolean) => {
    await client.query(`alter database "${name}" set default_transaction_read_only = ${on}`);
    // A setting of the database holds for connections that are made from now on.
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and pid <> pg_backend_pid()`);
  };
  await setReadOnly(true);
  await expect.poll(ready, { timeout: 10_000 }).toEqual({ status: 503, body: { status: 'database takes no writes' } });
  await setReadOnly(false);
  await expect.poll(ready, { timeout: 10_000 }).toEqual({ status: 200, body: { status: 'ready' } });
});

it('names what looks like a slip and a proxy that is not used, and no value', () => {
  const log = server.stdout() + server.stderr();
  expect(log).toContain('SKILLET_PLAYGROUND is set, but there is no such setting, so nothing reads it. Did you mean SKILLETT_PLAYGROUND?');
  expect(log).toContain('HTTPS_PROXY is set, but Skillett uses no proxy');
  expect(log).not.toContain('secret');
  expect(log).not.toContain('SKILLETT_DATA is set');
});

it('is never said by a release that does not know what a later one did to the database', async () => {
  await client.query("insert into kysely_migration (name, timestamp) values ('209901010000-later', now()::text)");
  try {
    for (const command of [[], ['migrate']]) {
      const ended = await runToEnd({ ...env, PORT: '0' }, command);
      expect(ended.code).toBe(1);
      expect(ended.stderr + ended.stdout).toMatch(/brought up to date by a newer release .* 209901010000-later .* restore the backup/);
    }
  } finally {
    await client.query("delete from kysely_migration where name = '209901010000-later'");
  }
  expect((await runToEnd(env, ['migrate'])).code).toBe(0);
});

it('is asked of nobody by --help and --version; what there is not is refused', async () => {
  const help = await runToEnd({}, ['--help']);
  expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('npm run migrate')]);
  expect((await runToEnd({}, ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  for (const [args, message] of [
    [['serv'], 'There is no command "serv".'],
    [['--port', '1'], "Unknown option '--port'"],
    [['migrate', 'now'], 'migrate takes nothing after it.'],
  ] as const) {
    const refused = await runToEnd({}, [...args]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
  }
});
