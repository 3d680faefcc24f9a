/** A process that was left with the old master key while another one already wraps under the new one. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Vault } from '../../src/core/crypto.ts';
import { githubSettings } from '../support/github-settings.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let github: Upstream;
const [old, fresh] = [randomBytes(32), randomBytes(32)];

beforeAll(async () => {
  github = await Upstream.start();
  github.play = ({ method, target, headers }, response) => {
    if (method === 'DELETE') return void response.writeHead(204).end();
    if (target.startsWith('/login')) return void response.end('{"access_token":"gho_1","scope":"repo"}');
    const name = headers.authorization?.slice('Bearer '.length);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: name, login: name }));
  };
  server = await startTestServer({
    env: {
      SKILLETT_MASTER_KEY: old.toString('base64'),
      ...githubSettings(github.origin),
    },
  });
});

afterAll(async () => {
  await server.close();
  await github.close();
});

/** As a process does that was given the new key first. */
async function addDataKey(): Promise<Vault> {
  const vault = await Vault.open(server.gateway.db, [fresh, old]);
  await vault.addDataKey(server.gateway.db);
  await vault.reload();
  return vault;
}

it('answers 503 for what it cannot open and goes on with the rest, and the log says once a minute how to mend it', async () => {
  const { db, clock } = server.gateway;
  const connect = async (token: string) =>
    (await server.request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token } } })).json.connection_id;
  const id = await connect('moved');
  await connect('left');
  const call = (account = 'moved') => server.request('POST', '/v1/github/get_authenticated_user', { body: { account } });
  expect((await call()).status).toBe(200);

  const other = await addDataKey();
  const { credential } = await db.selectFrom('connections').select('credential').where('id', '=', id).executeTakeFirstOrThrow();
  await db
    .updateTable('connections')
    .set({ credential: await other.reseal(credential, id) })
    .where('id', '=', id)
    .execute();

  const sent = github.received.length;
  const refused = await call();
  expect([refused.status, refused.json.error, refused.headers.get('retry-after')]).toEqual([503, 'unavailable', '30']);
  expect(refused.json.message).toContain('cannot open what another server');
  const read = await server.graphql('{ read(integration: "github", endpoint: "get_authenticated_user", account: "moved") { status } }');
  expect(read.json.errors[0].extensions.code).toBe('unavailable');
  expect(github.received.length).toBe(sent);
  expect((await call('left')).status).toBe(200);

  const told = () => server.log.filter((line) => line.includes('SKILLETT_MASTER_KEY=<old>,<new>')).length;
  expect(told()).toBe(1);
  clock.offsetMs = 61_000;
  try {
    await call();
  } finally {
    clock.offsetMs = 0;
  }
  expect(told()).toBe(2);
  expect(server.log.join()).not.toContain('unexpected failure');
  const codes = async () =>
    (await db.selectFrom('skillCalls').select('errorCode').where('outcome', '=', 'failed').execute()).map(Object.values);
  await expect.poll(codes).toEqual([['unavailable'], ['unavailable'], ['unavailable']]);
});
