import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeviceStand, type DeviceStand } from '../device/stand.ts';
import { type ServerProcess, startProcess } from '../support/process.ts';

const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';

let stand: DeviceStand;
let process: ServerProcess;
let observer: pg.Client;
beforeAll(async () => {
  stand = await createDeviceStand();
  const env = { DATABASE_URL: stand.databaseUrl as string, SKILLETT_MASTER_KEY: stand.masterKey };
  process = await startProcess(env);
  observer = new pg.Client({ connectionString: stand.databaseUrl as string });
  await observer.connect();
}, 60_000);
afterAll(async () => {
  await observer.end();
  await process.kill();
  await stand.close();
});

async function untilSomebodyWaitsFor(table: string): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) {
    const { rows } = await observer.query('select 1 from pg_locks where relation = $1::regclass and not granted', [table]);
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Nobody waited for ${table}.`);
}

describe('a process that is killed while it redeems a code', () => {
  it('leaves the code as it was, without a key and without an audit row, and another process redeems it', async () => {
    const person = await stand.signIn();
    const { json: code } = await stand.post('/auth/device/code', { client_name: 'Laptop' });
    await stand.post('/auth/device/authorize', { user_code: code.user_code }, { as: person });
    const body = { device_code: code.device_code, grant_type };
    // The claim and the key come before the audit row, which cannot be written while this lock is held.
    await observer.query('begin');
    await observer.query('lock table audit_rows in access exclusive mode');
    const lost = fetch(`${process.url}/auth/device/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).then(
      () => 'answered',
      () => 'lost',
    );
    await untilSomebodyWaitsFor('audit_rows');
    await process.kill();
    expect(await lost).toBe('lost');
    await observer.query('rollback');
    const count = async () => {
      const { rows } = await observer.query(
        `select (select count(*)::int from api_keys where user_id = $1) as keys,
          (select count(*)::int from audit_rows where user_id = $1 and action in ('api_key.created', 'device_code.redeemed')) as rows,
          (select status from device_codes where user_id = $1) as status`,
        [person.userId],
      );
      return rows[0];
    };
    expect(await count()).toEqual({ keys: 0, rows: 0, status: 'authorized' });
    const redeemed = await stand.post('/auth/device/token', body);
    expect([redeemed.status, redeemed.json.token_type]).toEqual([200, 'Bearer']);
    expect(await count()).toEqual({ keys: 1, rows: 2, status: 'redeemed' });
  }, 60_000);
});
