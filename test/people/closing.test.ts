import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandboxScopes } from '../../src/sandbox/authorization-server.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Browser, browserEnv } from './browser.ts';
import { addUser, makeKey, signedIn, signedInOwner } from './person.ts';

const close =
  'mutation ($id: ID!) { closeUser(userId: $id) { user { closedAt } connections { remaining outcomes { outcome revoked connection { account } } } } }';

describe('closing a user, embedded', () => {
  let server: TestServer;
  let owner: Browser;
  beforeAll(async () => {
    server = await startTestServer({ kind: 'embedded', env: browserEnv });
    owner = await signedInOwner(server);
  });
  afterAll(() => server.close());

  it('ends keys and session, revokes connections at their services, keeps calls and trail, and touches nobody else', async () => {
    const sandbox = server.gateway.sandbox as NonNullable<TestServer['gateway']['sandbox']>;
    const connect = async (browser: Browser, account: string) => {
      const token = sandbox.tokens.issue({ kind: 'personal', account, scopes: Object.keys(sandboxScopes) });
      const started = await browser.graphql(
        'mutation ($token: JSON!) { startConnection(integration: "sandbox", credentials: $token) { connectionId } }',
        { token: { token } },
      );
      expect(started.json.errors).toBeUndefined();
      return token;
    };
    const id = await addUser(server, 'leaving@example.org');
    const leaving = await signedIn(server, id);
    await connect(leaving, 'leaving');
    const key = await makeKey(leaving);
    const staying = await signedIn(server, await addUser(server, 'staying@example.org'));
    await connect(staying, 'staying');
    const stayingKey = await makeKey(staying);
    const call = (authorization: string) => server.request('POST', '/v1/sandbox/list_notes', { body: {}, authorization });
    expect((await call(key)).status).toBe(200);

    const { json } = await owner.graphql(close, { id });
    expect(json.data.closeUser).toEqual({
      user: { closedAt: expect.any(String) },
      connections: {
        remaining: 0,
        outcomes: [{ outcome: 'DISCONNECTED', revoked: expect.stringMatching(/^(TRUE|UNSUPPORTED)$/), connection: { account: 'leaving' } }],
      },
    });
    expect((await call(key)).json.error).toBe('api_key_revoked');
    expect((await server.graphql('{ viewer { kind } }', {}, { authorization: key })).json.errors[0].extensions.code).toBe(
      'api_key_revoked',
    );
    expect((await server.request('GET', '/api-keys', { authorization: key })).json.error).toBe('api_key_revoked');
    expect(await leaving.whoAmI()).toBeUndefined();
    expect((await leaving.request('GET', '/api/auth/get-session')).json).toBeNull();
    expect((await call(stayingKey)).status).toBe(200);

    const { db } = server.gateway;
    expect(await db.selectFrom('connections').select('id').where('userId', '=', id).execute()).toEqual([]);
    expect(await db.selectFrom('skillCalls').select('id').where('userId', '=', id).execute()).toHaveLength(1);
    const trail = (await db.selectFrom('auditRows').select('action').where('userId', '=', id).execute()).map((row) => row.action);
    expect(trail).toEqual(
      expect.arrayContaining(['user.signed_in', 'connection.created', 'api_key.created', 'user.closed', 'connection.deleted']),
    );

    const again = await owner.graphql(close, { id });
    expect(again.json.data.closeUser.user).toEqual(json.data.closeUser.user);
    expect((await db.selectFrom('auditRows').select('id').where('action', '=', 'user.closed').execute()).length).toBe(1);
    for (const query of [
      'mutation ($id: ID!) { setPlan(userId: $id, plan: PRO) { id } }',
      'mutation ($id: ID!) { setLimits(userId: $id, perDay: null) { id } }',
    ])
      expect((await owner.graphql(query, { id })).json.errors[0].extensions.code).toBe('conflict');
  });

  it('a key that is being made at that moment opens nothing either', async () => {
    for (let round = 0; round < 5; round += 1) {
      const id = await addUser(server);
      const browser = await signedIn(server, id);
      const [made] = await Promise.all([
        browser.graphql('mutation { createApiKey(name: "Late") { fullKey } }'),
        owner.graphql(close, { id }),
      ]);
      const fullKey = made.json.data?.createApiKey.fullKey;
      if (fullKey === undefined) expect(made.json.errors[0].extensions.code).toBe('unauthorized');
      else expect((await server.request('GET', '/v1/skills', { authorization: `Bearer ${fullKey}` })).status).toBe(401);
    }
  });

  it('is refused for the owner and for somebody unknown', async () => {
    const ownerId = (await owner.graphql('{ viewer { user { id } } }')).json.data.viewer.user.id;
    expect((await owner.graphql(close, { id: ownerId })).json.errors[0].extensions.code).toBe('conflict');
    expect((await owner.graphql(close, { id: 'user_0' })).json.errors[0].extensions.code).toBe('not_found');
    expect(await owner.whoAmI()).toBeDefined();
  });
});
