import { execFile } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

const command = path.resolve(import.meta.dirname, '../../src/cli/rotate-data-keys.ts');
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ kind: 'embedded' });
});
afterAll(() => server.close());

function run(env: Record<string, string>): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command], { env }, (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }));
  });
}

it('brings everything sealed under a new data key while the server runs, and shows how far it is', async () => {
  const { gateway, key } = server;
  const before = gateway.vault.currentVersion;
  // What the dashboard does for the owner.
  await gateway.db
    .updateTable('apiKeys')
    .set({ scopes: ['*', 'operator'] })
    .execute();
  const create = () =>
    server.request('POST', '/v1/sandbox/create_note', { body: { params: { title: 'Kept' } }, headers: { 'idempotency-key': 'kept' } });
  const answered = await create();
  expect(answered.status).toBe(201);
  const { code, stdout, stderr } = await run({ SKILLETT_URL: server.url, SKILLETT_API_KEY: key });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(`Data key ${before + 1} seals from now on`);
  expect(stdout).toContain('Everything is under the new data key.');
  const sealed = await gateway.db.selectFrom('connections').select('credential').execute();
  expect(sealed.length).toBeGreaterThan(0);
  for (const { credential } of sealed) expect(credential).toMatch(new RegExp(`^${before + 1}\\.`));
  const kept = await gateway.db.selectFrom('idempotencyClaims').select('answer').execute();
  expect(kept).toEqual([{ answer: expect.stringMatching(new RegExp(`^${before + 1}\\.`)) }]);
  const replayed = await create();
  expect([replayed.headers.get('idempotent-replayed'), replayed.text]).toEqual(['true', answered.text]);
  const call = await server.request('POST', '/v1/sandbox/list_notes', { body: {} });
  expect(call.status).toBe(200);
});

it('stops when a value does not open, and points to the log that names it', { timeout: 40_000 }, async () => {
  const { gateway, key } = server;
  const before = gateway.vault.currentVersion;
  const { id, credential } = await gateway.db.selectFrom('connections').select(['id', 'credential']).executeTakeFirstOrThrow();
  const spoil = (value: string) =>
    gateway.db
      .updateTable('connections')
      .set({ credential: value as never })
      .where('id', '=', id)
      .execute();
  await spoil(`${before}.${'A'.repeat(60)}`);
  const { code, stdout, stderr } = await run({ SKILLETT_URL: server.url, SKILLETT_API_KEY: key });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^1 left, and none was sealed anew for 10 s\. The server's log names /)]);
  expect(stdout).not.toContain('Everything');
  expect(server.log.find((line) => line.includes('stays under the older data key'))).toContain(id);
  await spoil(credential);
  const { code: again } = await run({ SKILLETT_URL: server.url, SKILLETT_API_KEY: key });
  expect(again).toBe(0);
});

it('says what is missing: a key, the scope, the server', async () => {
  expect((await run({ SKILLETT_URL: server.url })).stderr).toContain('Set SKILLETT_API_KEY');
  await server.gateway.db
    .updateTable('apiKeys')
    .set({ scopes: ['*'] })
    .execute();
  const narrow = await run({ SKILLETT_URL: server.url, SKILLETT_API_KEY: server.key });
  expect([narrow.code, narrow.stderr]).toEqual([1, expect.stringContaining('scope `operator`')]);
  const nobody = await run({ SKILLETT_URL: 'http://127.0.0.1:9', SKILLETT_API_KEY: server.key });
  expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('No server answers')]);
});
