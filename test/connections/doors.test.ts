/** Connecting through the doors: REST and GraphQL answer alike, on a whole server. In one file, since every door is asked of the same one. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { generateKey } from '../../src/domains/api-keys/api-keys.ts';
import { openLink } from '../support/consent-link.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

describe.each(['postgres', 'pglite'] as const)('on %s', (kind) => {
  let server: TestServer;
  let github: Upstream;
  let account: string;

  beforeAll(async () => {
    github = await Upstream.start();
    server = await startTestServer({
      kind,
      env: {
        PUBLIC_URL: 'https://gateway.example',
        SKILLETT_GITHUB_BASE_URL: github.origin,
        SKILLETT_GITHUB_TOKEN_URL: `${github.origin}/login/oauth/access_token`,
        SKILLETT_GITHUB_CLIENT_ID: 'the-client',
        SKILLETT_GITHUB_CLIENT_SECRET: 'planted-client-secret',
      },
    });
  });

  afterAll(async () => {
    await server.close();
    await github.close();
  });

  beforeEach(async () => {
    github.reset();
    account = 'ada';
    github.play = (request, response) => {
      const refused = request.headers.authorization === 'Bearer bad';
      const body = request.target.startsWith('/login') ? { access_token: 'gho_planted', scope: 'repo' } : { id: account, login: account };
      response.writeHead(refused ? 401 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    await server.gateway.db.deleteFrom('connections').execute();
  });

  const connect = (body: unknown) => server.request('POST', '/v1/connect', { body });
  const token = { integration: 'github', credentials: { token: 'ghp_planted' } };

  /** A key with the scope operator, as an Authorization header. */
  async function operatorKey(): Promise<string> {
    const { db } = server.gateway;
    const { fullKey, keyPrefix, keyHash } = generateKey();
    const { id: userId } = await db.selectFrom('users').select('id').where('isOwner', '=', true).executeTakeFirstOrThrow();
    const row = { id: newId('key'), userId, parentId: null, name: 'operator', keyPrefix, keyHash, scopes: ['operator'] };
    await db.insertInto('apiKeys').values(row).execute();
    return `Bearer ${fullKey}`;
  }

  it('an OAuth client that an operator sets is stored, and the answer says what the environment sets before it', async () => {
    const authorization = await operatorKey();
    const set = async (integration: string, clientId: string) => {
      const { json } = await server.graphql(
        'mutation ($integration: String!, $clientId: String!) { setOAuthClient(integration: $integration, clientId: $clientId, clientSecret: "s") { overriddenBy } }',
        { integration, clientId },
        { authorization },
      );
      return json.data.setOAuthClient.overriddenBy;
    };
    const environment = ['SKILLETT_GITHUB_CLIENT_ID', 'SKILLETT_GITHUB_CLIENT_SECRET'];
    const clientOf = async (integration: string) => {
      const { url } = await openLink(server, (await connect({ integration })).json.oauth_url);
      return url.searchParams.get('client_id');
    };
    expect([await set('github', 'stored'), await clientOf('github')]).toEqual([environment, 'the-client']);
    expect([await set('notion', 'stored'), await clientOf('notion')]).toEqual([[], 'stored']);
    const shown = await server.graphql(
      '{ github: integration(slug: "github") { connectMethods { type overriddenBy } } notion: integration(slug: "notion") { connectMethods { type overriddenBy } } }',
    );
    const { github: overridden, notion: free } = shown.json.data;
    expect(overridden.connectMethods).toContainEqual({ type: 'OAUTH2', overriddenBy: environment });
    expect(free.connectMethods).toContainEqual({ type: 'OAUTH2', overriddenBy: [] });
    const remove = 'mutation { removeOAuthClient(integration: "notion") { id overriddenBy service { slug } } }';
    expect((await server.graphql(remove)).json.errors[0].extensions.code).toBe('forbidden');
    expect(await clientOf('notion')).toBe('stored');
    for (const _again of [1, 2])
      expect((await server.graphql(remove, {}, { authorization })).json.data.removeOAuthClient).toEqual({
        id: 'notion',
        overriddenBy: [],
        service: { slug: 'notion' },
      });
    const left = await server.graphql('{ integration(slug: "notion") { connectMethods { type ready } } }');
    expect(left.json.data.integration.connectMethods).toContainEqual({ type: 'OAUTH2', ready: false });
    await server.graphql('mutation { removeOAuthClient(integration: "github") { id } }', {}, { authorization });
  });

  describe('POST /v1/connect', () => {
    it('with a credential answers connected, and the connection is listed and can be removed', async () => {
      const connected = await connect(token);
      expect(connected.status).toBe(200);
      expect(connected.json).toEqual({ connection_id: expect.stringMatching(/^conn_[0-9a-f]{32}$/), status: 'connected' });
      const id = connected.json.connection_id;
      expect((await server.request('GET', `/v1/connect/${id}`)).json).toEqual({ status: 'connected', integration: 'github' });
      const list = await server.request('GET', '/v1/connect');
      expect(list.json).toMatchObject({
        connections: [
          {
            connection_id: id,
            integration: 'github',
            account: 'ada',
            default: true,
            status: 'connected',
            auth_type: 'bearer',
            provider_scopes: null,
          },
        ],
        next_cursor: null,
        total: 1,
      });
      const removed = await server.request('DELETE', `/v1/connect/${id}`);
      expect([removed.status, removed.text, removed.headers.get('x-skillett-revoked')]).toEqual([204, '', 'unsupported']);
      expect((await server.request('GET', `/v1/connect/${id}`)).status).toBe(404);
      expect(JSON.stringify([connected.text, list.text]) + server.log.join()).not.toContain('planted');
    });

    it('without one answers the link and an id, which tells how the consent went', async () => {
      const started = await connect({ integration: 'github', scopes: 'repo,gist', account: 'work' });
      expect(started.json).toEqual({
        oauth_url: expect.stringMatching(/^https:\/\/gateway\.example\/connect\/conn_[0-9a-f]{32}$/),
        connection_id: expect.any(String),
      });
      const status = () => server.request('GET', `/v1/connect/${started.json.connection_id}`);
      expect((await status()).json).toEqual({ status: 'pending', integration: 'github' });
      const { url, comeBack } = await openLink(server, started.json.oauth_url);
      expect(url.href.startsWith('https://github.com/login/oauth/authorize?')).toBe(true);
      const page = await comeBack({ code: 'c' });
      expect(page.status).toBe(200);
      expect(page.text).toContain('The account &quot;work&quot; can be used');
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect((await status()).json).toEqual({ status: 'connected', integration: 'github' });
      expect((await comeBack({ code: 'c' })).status).toBe(400);

      const denied = await connect({ integration: 'github' });
      await (await openLink(server, denied.json.oauth_url)).comeBack({ error: 'access_denied' });
      const answer = await server.request('GET', `/v1/connect/${denied.json.connection_id}`);
      expect(answer.json).toEqual({ status: 'error', integration: 'github', reason: 'denied' });
    });

    it('refuses what it cannot do, and says how to mend it', async () => {
      const rejected = await connect({ integration: 'github', credentials: { token: 'bad' } });
      expect([rejected.status, rejected.json.error, rejected.json.action_url]).toEqual([
        400,
        'credential_rejected',
        'https://github.com/settings/tokens',
      ]);
      const form = await connect({ integration: 'github', credentials: { api_key: 'x' } });
      expect([form.status, form.json.error]).toEqual([400, 'bad_request']);
      expect(form.json.message).toContain('"token"');
      expect((await connect({ integration: 'nowhere' })).json).toMatchObject({ error: 'not_found', message: 'Integration not found.' });
      expect((await connect({ integration: 'hackernews' })).json.message).toContain('needs no connection');
      expect((await connect({ ...token, account: '' })).json.error).toBe('bad_request');
    });
  });

  it('a freeze stays when the account is connected again, and ends with it when it is disconnected', async () => {
    const authorization = await operatorKey();
    const call = async () => {
      const { status, json } = await server.request('POST', '/v1/github/get_authenticated_user', { body: {} });
      return [status, json.error];
    };
    const first = (await connect(token)).json.connection_id;
    expect(await call()).toEqual([200, undefined]);
    const freeze = 'mutation { freezeConnections(target: { integration: "github" }) { outcomes { outcome } } }';
    const { json } = await server.graphql(freeze, {}, { authorization });
    expect(json.data.freezeConnections.outcomes).toEqual([{ outcome: 'FROZEN' }]);
    const again = await connect(token);
    expect([again.status, await call()]).toEqual([200, [403, 'connection_frozen']]);
    expect((await server.request('DELETE', `/v1/connect/${first}`)).status).toBe(204);
    expect(await call()).toEqual([403, 'integration_not_connected']);
    await connect(token);
    expect(await call()).toEqual([200, undefined]);
  });

  describe('a credential whose service takes its time', () => {
    let meanwhile: () => Promise<unknown>;

    beforeEach(() => {
      const { play } = github;
      github.play = async (...asked) => {
        await meanwhile();
        return play(...asked);
      };
    });

    const store = async (authorization: string) => {
      const { status, json } = await server.request('POST', '/v1/connect', { body: token, authorization: `Bearer ${authorization}` });
      const stored = await server.gateway.db.selectFrom('connections').select('id').execute();
      return [status, json.error ?? json.status, stored.length];
    };

    it('is not stored when its key is revoked or expires meanwhile, and is when another one is', async () => {
      const make = async () => (await server.request('POST', '/api-keys', { body: { name: 'passing' } })).json;
      const [revoked, expired, good] = [await make(), await make(), await make()];
      const revoke = () => server.request('DELETE', `/api-keys/${revoked.api_key.id}`);
      meanwhile = revoke;
      expect(await store(revoked.full_key)).toEqual([401, 'api_key_revoked', 0]);
      meanwhile = () =>
        server.gateway.db
          .updateTable('apiKeys')
          .set({ expiresAt: new Date(Date.now() - 1_000) })
          .where('id', '=', expired.api_key.id)
          .execute();
      expect(await store(expired.full_key)).toEqual([401, 'api_key_expired', 0]);
      meanwhile = revoke;
      expect(await store(good.full_key)).toEqual([200, 'connected', 1]);
    });

    it('is not stored when its user is closed meanwhile, and is when somebody else is', async () => {
      const { db } = server.gateway;
      const addPerson = async () => {
        const [id, { fullKey, keyPrefix, keyHash }] = [newId('user'), generateKey()];
        await db
          .insertInto('users')
          .values({ id, email: `${id}@example.org`, displayName: 'Bob', image: null, plan: 'free' })
          .execute();
        const row = { id: newId('key'), userId: id, parentId: null, name: 'k', keyPrefix, keyHash, scopes: ['*'] };
        await db.insertInto('apiKeys').values(row).execute();
        return { id, fullKey };
      };
      const [leaving, staying] = [await addPerson(), await addPerson()];
      const authorization = await operatorKey();
      meanwhile = () =>
        server.graphql('mutation ($id: ID!) { closeUser(userId: $id) { user { closedAt } } }', { id: leaving.id }, { authorization });
      expect(await store(leaving.fullKey)).toEqual([401, 'unauthorized', 0]);
      expect(await store(staying.fullKey)).toEqual([200, 'connected', 1]);
    });
  });

  it('a pending consent ends by itself or is cancelled, and both doors say so', async () => {
    const start = async () => {
      const { json } = await connect({ integration: 'github' });
      const { comeBack } = await openLink(server, json.oauth_url);
      return { id: json.connection_id as string, callback: () => comeBack({ code: 'c' }) };
    };
    const byGraphql = (id: string) => server.graphql('query ($id: ID!) { connection(id: $id) { status integration reason } }', { id });
    const [late, deleted, disconnected] = [await start(), await start(), await start()];
    server.gateway.clock.offsetMs = 601_000;
    try {
      const told = { status: 'error', integration: 'github', reason: 'expired' };
      expect((await server.request('GET', `/v1/connect/${late.id}`)).json).toEqual(told);
      expect((await byGraphql(late.id)).json.data.connection).toEqual({ ...told, status: 'ERROR', reason: 'EXPIRED' });
      expect((await late.callback()).text).toContain('has expired');
    } finally {
      server.gateway.clock.offsetMs = 0;
    }
    const pending = { status: 'PENDING', integration: 'github', reason: null };
    expect((await byGraphql(deleted.id)).json.data.connection).toEqual(pending);
    const removed = await server.request('DELETE', `/v1/connect/${deleted.id}`);
    expect([removed.status, removed.headers.get('x-skillett-revoked')]).toEqual([204, 'unsupported']);
    const cancelled = await server.graphql('mutation ($id: ID!) { disconnect(id: $id) { revoked } }', { id: disconnected.id });
    expect(cancelled.json.data).toEqual({ disconnect: { revoked: 'UNSUPPORTED' } });
    for (const { id, callback } of [deleted, disconnected]) {
      expect((await callback()).status).toBe(400);
      expect((await server.request('GET', `/v1/connect/${id}`)).status).toBe(404);
      expect((await byGraphql(id)).json.errors[0].extensions.code).toBe('not_found');
    }
    const { total } = (await server.request('GET', '/v1/connect')).json;
    expect(total).toBe(0);
  });

  describe('what a connection is refused for', () => {
    const links = 'https://gateway.example';
    const call = (body: object = {}) => server.request('POST', '/v1/github/list_emails', { body });
    const change = (values: object) => server.gateway.db.updateTable('connections').set(values).execute();

    it('is said with the remedy and its link, over both doors alike', async () => {
      const read = '{ read(integration: "github", endpoint: "list_emails") { status } }';
      const refusal = async () => {
        const answer = await call();
        const { extensions, message } = (await server.graphql(read)).json.errors[0];
        expect([extensions.code, message, extensions.actionUrl]).toEqual([answer.json.error, answer.json.message, answer.json.action_url]);
        expect(answer.headers.get('x-skillett-error-source')).toBe('skillett');
        if (answer.status !== 409) expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
        return { status: answer.status, ...answer.json };
      };
      expect(await refusal()).toEqual({
        status: 403,
        error: 'integration_not_connected',
        message: 'The user needs to connect their github account first.',
        action_url: `${links}/dashboard/integrations`,
      });
      await connect(token);
      account = 'bob';
      await connect(token);
      expect((await call()).status).toBe(200);
      await change({ isDefault: false });
      expect(await refusal()).toMatchObject({
        status: 409,
        error: 'account_required',
        message: expect.stringMatching(/`?ada`?.*`?bob`?/),
        action_url: `${links}/dashboard/integrations/github`,
      });
      expect((await call({ account: 'bob' })).status).toBe(200);
      await server.gateway.db.deleteFrom('connections').where('account', '=', 'bob').execute();
      await change({ isDefault: true, frozenAt: new Date('2026-01-02T03:04:05Z') });
      expect(await refusal()).toMatchObject({
        status: 403,
        error: 'connection_frozen',
        message: expect.stringContaining('2026-01-02T03:04:05.000Z'),
      });
      await change({ frozenAt: null, providerScopes: [] });
      expect(await refusal()).toMatchObject({
        status: 403,
        error: 'consent_required',
        message: expect.stringContaining('`user:email`'),
        action_url: `${links}/dashboard/integrations/github?scopes=user%3Aemail&account=ada`,
      });
      await change({ providerScopes: null, status: 'reconnect_needed', statusReason: 'invalid_grant' });
      expect(await refusal()).toEqual({
        status: 401,
        error: 'token_expired',
        message: 'Token expired and refresh failed. Please reconnect.',
        action_url: `${links}/dashboard/integrations/github`,
      });
      await change({ status: 'connected', statusReason: null });
      expect((await call()).status).toBe(200);
    });

    it('is the plan, by its number, for a new account and not for one that is renewed', async () => {
      await server.gateway.db
        .updateTable('users')
        .set({ limits: JSON.stringify({ connections: (await server.request('GET', '/v1/connect')).json.total + 1 }) as never })
        .execute();
      try {
        expect((await connect(token)).status).toBe(200);
        account = 'bob';
        const refused = await connect(token);
        const { total } = (await server.request('GET', '/v1/connect')).json;
        expect([refused.status, refused.json]).toEqual([
          403,
          { error: 'plan_limit_reached', message: `Plan limit reached: maximum ${total} connections.`, action_url: `${links}/billing` },
        ]);
        account = 'ada';
        expect((await connect(token)).status).toBe(200);
      } finally {
        await server.gateway.db.updateTable('users').set({ limits: null }).execute();
      }
    });
  });

  it('a key of another integration can neither connect, see nor remove', async () => {
    const { json } = await connect(token);
    const made = await server.request('POST', '/api-keys', { body: { name: 'narrow', scopes: ['hackernews'] } });
    const authorization = `Bearer ${made.json.full_key}`;
    const started = await server.request('POST', '/v1/connect', { body: token, authorization });
    expect([started.status, started.json.error]).toEqual([403, 'scope_not_allowed']);
    expect((await server.request('GET', '/v1/connect', { authorization })).json.total).toBe(0);
    const mine = await server.request('DELETE', `/v1/connect/${json.connection_id}`, { authorization });
    const unknown = await server.request('DELETE', `/v1/connect/conn_${'0'.repeat(32)}`, { authorization });
    expect([mine.status, mine.text]).toEqual([unknown.status, unknown.text]);
    expect(mine.status).toBe(404);
  });

  it('GraphQL tells the same of a connection', async () => {
    const started = await server.graphql(
      'mutation ($credentials: JSON) { startConnection(integration: "github", credentials: $credentials) { connectionId status oauthUrl } }',
      { credentials: { token: 'ghp_planted' } },
    );
    const { connectionId } = started.json.data.startConnection;
    expect(started.json.data.startConnection).toEqual({ connectionId, status: 'CONNECTED', oauthUrl: null });
    account = 'bob';
    await connect({ ...token, account: 'second' });
    const fields = 'id integration account isDefault status reason authType providerScopes frozenAt reconnectReason';
    const read = await server.graphql(
      `query ($id: ID!) { connection(id: $id) { ${fields} } connections(first: 1) { totalCount nodes { ${fields} } pageInfo { hasNextPage } } }`,
      { id: connectionId },
    );
    const row = {
      id: connectionId,
      integration: 'github',
      account: 'ada',
      isDefault: true,
      status: 'CONNECTED',
      reason: null,
      authType: 'BEARER',
      providerScopes: null,
      frozenAt: null,
      reconnectReason: null,
    };
    expect(read.json.data).toEqual({ connection: row, connections: { totalCount: 2, nodes: [row], pageInfo: { hasNextPage: true } } });
    const refused = await server.graphql('mutation { rotateDataKeys { version } }');
    expect(refused.json.errors[0].extensions.code).toBe('forbidden');
    const other = (await server.graphql('{ connections(first: 2) { nodes { id isDefault } } }')).json.data.connections.nodes[1];
    expect(other.isDefault).toBe(false);
    const setDefault = `mutation ($id: ID!) { setDefaultConnection(id: $id) { connection { id isDefault } previous { id isDefault } } }`;
    const changed = { connection: { id: other.id, isDefault: true }, previous: { id: connectionId, isDefault: false } };
    expect((await server.graphql(setDefault, { id: other.id })).json.data.setDefaultConnection).toEqual(changed);
    // Again there is no other.
    const again = { ...changed, previous: null };
    expect((await server.graphql(setDefault, { id: other.id })).json.data.setDefaultConnection).toEqual(again);
    const disconnect = 'mutation ($id: ID!) { disconnect(id: $id) { revoked connection { id account } } }';
    const disconnected = await server.graphql(disconnect, { id: connectionId });
    expect(disconnected.json.data).toEqual({ disconnect: { revoked: 'UNSUPPORTED', connection: { id: connectionId, account: 'ada' } } });
    expect((await server.graphql(disconnect, { id: connectionId })).json.errors[0].extensions.code).toBe('not_found');
  });
});
