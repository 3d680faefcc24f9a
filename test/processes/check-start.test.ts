/** `npm run check-start`: what is said of an installation before it is started, and that nothing is changed by asking. */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEmptyDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/port.ts';
import { runToEnd, startProcess } from '../support/process.ts';

let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
});
afterAll(() => remove());

const check = async (env: Record<string, string>) =>
  runToEnd({ PORT: String(await freePort()), SKILLETT_DATA: path.join(folder, 'data'), ...env }, ['check']);

it('an empty machine is ready, and stays empty', async () => {
  const { code, stdout } = await check({});
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^ok {4}The data folder .*data will be made by the first start\.$/m);
  expect(stdout).toMatch(/^ok {4}\d+ integrations with \d+ endpoints are sound\.$/m);
  expect(stdout).toMatch(/^note {2}0 of \d+ integrations with OAuth have a client in the settings\./m);
  expect(stdout).toMatch(/A start would succeed\.\n$/);
  expect(existsSync(path.join(folder, 'data'))).toBe(false);
});

it('every fault is named with its remedy, and the exit code says that there is one', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const { code, stdout } = await check({
    SKILLETT_DATA: path.join(file, 'data'),
    SKILLETT_RECIPES: path.join(folder, 'none'),
    HOST: '192.0.2.1',
  });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fault The data folder .* cannot be used: /m);
  expect(stdout).toMatch(/^fault The recipes have a fault:/m);
  expect(stdout).toMatch(/^fault Cannot listen on 192\.0\.2\.1:/m);
  expect(stdout).toMatch(/3 faults are to be mended before a start\.\n$/);
});

it('settings that mislead are noted, and a taken port', async () => {
  const taken = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
  const notes = async (env: Record<string, string>) => {
    const { code, stdout } = await check(env);
    expect(code, stdout).toBe(0);
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('note'))
      .join('\n');
  };
  expect(await notes({ PORT: String(port) })).toContain(`Port ${port} on 127.0.0.1 is taken.`);
  taken.close();
  expect(await notes({ PUBLIC_URL: 'http://skillett.example.org' })).toContain('travel in the clear');
  expect(await notes({ PUBLIC_URL: 'https://skillett.example.org' })).toContain('TRUST_PROXY is not set');
  expect(await notes({ PUBLIC_URL: 'https://skillett.example.org', TRUST_PROXY: '127.0.0.1' })).not.toContain('TRUST_PROXY');
  expect(await notes({ HOST: '0.0.0.0' })).toContain('Set PUBLIC_URL');
  expect(await notes({ SKILLETT_SIGNUP: 'anyone' })).toContain('Did you mean SKILLETT_SIGN_UP?');
});

describe('of DATABASE_URL', () => {
  const key = Buffer.alloc(32, 7).toString('base64');

  it('it says that it is new, up to date, or that the master key does not open it', async () => {
    const { url, drop } = await createEmptyDatabase();
    const env = { DATABASE_URL: url, SKILLETT_MASTER_KEY: key };
    expect((await check(env)).stdout).toMatch(/^ok {4}It is new: the first start makes the tables\.$/m);
    await (await startProcess(env)).stop();
    const after = await check(env);
    expect([after.code, after.stdout]).toEqual([0, expect.stringMatching(/^ok {4}SKILLETT_MASTER_KEY opens what it holds\.$/m)]);
    const wrong = await check({ ...env, SKILLETT_MASTER_KEY: Buffer.alloc(32, 8).toString('base64') });
    expect([wrong.code, wrong.stdout]).toEqual([
      1,
      expect.stringMatching(/^fault SKILLETT_MASTER_KEY is not the key this database was set up with\./m),
    ]);
    await drop();
  });

  it('one that cannot be reached is a fault', async () => {
    const { code, stdout } = await check({ DATABASE_URL: `postgresql://a:b@127.0.0.1:${await freePort()}/x`, SKILLETT_MASTER_KEY: key });
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^fault The database of DATABASE_URL cannot be used: /m)]);
  });
});
