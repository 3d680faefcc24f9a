import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Browser, browserEnv } from './browser.ts';
import { addUser, makeKey, signedIn, signedInOwner } from './person.ts';

let server: TestServer;
let owner: Browser;
beforeAll(async () => {
  server = await startTestServer({ kind: 'postgres', env: { ...browserEnv, SKILLETT_SIGN_UP: 'invited' } });
  owner = await signedInOwner(server);
});
afterAll(() => server.close());

const operatorFields: [string, string][] = [
  ['users', '{ users { nodes { id } } }'],
  ['user', '{ user(id: "user_1") { id } }'],
  ['invitations', '{ invitations { nodes { id } } }'],
  ['auditRows', '{ auditRows { nodes { id } } }'],
  ['setPlan', 'mutation { setPlan(userId: "user_1", plan: PRO) { id } }'],
  ['setLimits', 'mutation { setLimits(userId: "user_1", perDay: { max: 1 }) { id } }'],
  ['closeUser', 'mutation { closeUser(userId: "user_1") { user { id } } }'],
  ['createSignInLink', 'mutation { createSignInLink(userId: "user_1") { url } }'],
  ['inviteUser', 'mutation { inviteUser(email: "a@example.org") { url } }'],
  ['withdrawInvitation', 'mutation { withdrawInvitation(id: "inv_1") { id } }'],
];

describe('the operator’s fields', () => {
  it.each(operatorFields)('%s is refused to keys with `*` and to other users’ sessions', async (_name, query) => {
    const byKey = await server.graphql(query);
    expect(byKey.status).toBe(403);
    expect(byKey.json.errors[0].extensions).toMatchObject({
      code: 'forbidden',
      actionUrl: `${server.gateway.config.publicUrl}/dashboard/operator`,
    });
    const other = await signedIn(server, await addUser(server));
    const bySession = await other.graphql(query);
    expect(bySession.json.errors[0].extensions.code).toBe('forbidden');
    expect((await server.graphql(query, {}, { authorization: null })).json.errors[0].extensions.code).toBe('unauthorized');
  });

  it('are open to a key with the scope `operator`, which only an operator can make', async () => {
    const key = await makeKey(owner, ['operator']);
    const { json } = await server.graphql('{ users(first: 1) { totalCount nodes { id } } }', {}, { authorization: key });
    expect(json.data.users.nodes).toHaveLength(1);
    const other = await signedIn(server, await addUser(server));
    const refused = await other.graphql('mutation { createApiKey(name: "Root", scopes: ["operator"]) { fullKey } }');
    expect(refused.json.errors[0].extensions.code).toBe('forbidden');
  });

  it('list users page by page, the latest first, and find them by part of their address or name', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      ids.unshift(await addUser(server, `paged-${count}_x%@example.org`));
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { json } = await owner.graphql(
        'query ($after: String) { users(first: 2, after: $after, search: "PAGED-") { totalCount nodes { id email } pageInfo { hasNextPage endCursor } } }',
        { after },
      );
      expect(json.data.users.totalCount).toBe(5);
      seen.push(...json.data.users.nodes.map((user: { id: string }) => user.id));
      after = json.data.users.pageInfo.hasNextPage ? json.data.users.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(ids);
    const literal = await owner.graphql('{ users(search: "_x%@") { totalCount } }');
    expect(literal.json.data.users.totalCount).toBe(5);
    const none = await owner.graphql('{ users(search: "paged%5") { totalCount } }');
    expect(none.json.data.users.totalCount).toBe(0);
    const one = await owner.graphql(
      `query ($id: ID!) { user(id: $id) { email isOwner changedLimits closedAt
        plan { name perMinute usage { minute { used } day { used limit remaining } } } } }`,
      { id: ids[0] },
    );
    expect(one.json.data.user).toEqual({
      email: 'paged-4_x%@example.org',
      isOwner: false,
      // A minute belongs to a key or session, and none of this user's is asking.
      plan: { name: 'FREE', perMinute: 30, usage: { minute: null, day: { used: 0, limit: 10_000, remaining: 10_000 } } },
      changedLimits: [],
      closedAt: null,
    });
    const unknown = await owner.graphql('{ user(id: "user_0") { id } }');
    expect(unknown.json.errors[0].extensions.code).toBe('not_found');
  });

  it('setPlan holds from the next call on, and is written down with both plans', async () => {
    const id = await addUser(server);
    const person = await signedIn(server, id);
    const limitOf = async () => (await person.graphql('{ viewer { plan { name perDay } } }')).json.data.viewer.plan;
    expect(await limitOf()).toEqual({ name: 'FREE', perDay: 10_000 });
    const changed = await owner.graphql('mutation ($id: ID!) { setPlan(userId: $id, plan: PRO) { plan { name } } }', { id });
    expect(changed.json.data.setPlan.plan.name).toBe('PRO');
    expect(await limitOf()).toEqual({ name: 'PRO', perDay: 100_000 });
    await owner.graphql('mutation ($id: ID!) { setPlan(userId: $id, plan: PRO) { id } }', { id });
    const rows = await server.gateway.db
      .selectFrom('auditRows')
      .selectAll()
      .where('target', '=', id)
      .where('action', '=', 'user.plan_changed')
      .execute();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ userId: id, details: { from: 'free', to: 'pro' }, requestId: expect.stringMatching(/^req_/) });
  });

  it('setLimits changes what is given, keeps what is not, takes `none` for no limit and null for the plan’s own', async () => {
    const id = await addUser(server);
    const person = await signedIn(server, id);
    const set = async (limits: string) => {
      const { json } = await owner.graphql(`mutation ($id: ID!) { setLimits(userId: $id, ${limits}) { changedLimits } }`, { id });
      return json.data?.setLimits.changedLimits ?? json.errors[0].extensions.code;
    };
    const limits = async () => (await person.graphql('{ viewer { plan { perMinute perDay connections apiKeys } } }')).json.data.viewer.plan;
    expect(await set('perMinute: { max: 2 }, connections: { none: true }')).toEqual(['PER_MINUTE', 'CONNECTIONS']);
    expect(await limits()).toEqual({ perMinute: 2, perDay: 10_000, connections: null, apiKeys: 1 });
    expect(await set('perDay: { max: 0 }')).toEqual(['PER_MINUTE', 'PER_DAY', 'CONNECTIONS']);
    expect(await limits()).toEqual({ perMinute: 2, perDay: 0, connections: null, apiKeys: 1 });
    expect(await set('perMinute: null, perDay: null')).toEqual(['CONNECTIONS']);
    expect(await limits()).toEqual({ perMinute: 30, perDay: 10_000, connections: null, apiKeys: 1 });
    for (const wrong of ['perDay: {}', 'perDay: { max: 3, none: true }', 'perDay: { max: -1 }'])
      expect(await set(wrong)).toBe('bad_request');
    expect(await set('connections: null')).toEqual([]);
    expect((await server.gateway.db.selectFrom('users').select('limits').where('id', '=', id).executeTakeFirstOrThrow()).limits).toBeNull();
  });

  it('auditRows says who did what, page by page', async () => {
    const id = await addUser(server);
    await owner.graphql('mutation ($id: ID!) { a: setPlan(userId: $id, plan: PRO) { id } b: setPlan(userId: $id, plan: FREE) { id } }', {
      id,
    });
    const query = `query ($id: ID!, $after: String, $action: String) {
      auditRows(userId: $id, action: $action, first: 1, after: $after) { totalCount nodes { actor action target details } pageInfo { endCursor } } }`;
    const first = (await owner.graphql(query, { id, action: 'user' })).json.data.auditRows;
    expect(first).toMatchObject({
      totalCount: 2,
      nodes: [{ action: 'user.plan_changed', target: id, details: { from: 'pro', to: 'free' } }],
    });
    const second = (await owner.graphql(query, { id, after: first.pageInfo.endCursor, action: 'user.plan_changed' })).json.data.auditRows;
    expect(second.nodes[0].details).toEqual({ from: 'free', to: 'pro' });
    const actor = second.nodes[0].actor as string;
    // The operator's session can be told apart after it has ended.
    const byActor = await owner.graphql('query ($actor: ID) { auditRows(actor: $actor, action: "user.signed_in") { nodes { userId } } }', {
      actor,
    });
    const ownerId = (await owner.graphql('{ viewer { user { id } } }')).json.data.viewer.user.id;
    expect(byActor.json.data.auditRows.nodes).toEqual([{ userId: ownerId }]);
    expect((await owner.graphql(query, { id, action: 'api_key' })).json.data.auditRows.totalCount).toBe(0);
  });

  it('createSignInLink makes a link for any user, and none for one who is unknown', async () => {
    const id = await addUser(server, 'forgetful@example.org');
    const { json } = await owner.graphql('mutation ($id: ID!) { createSignInLink(userId: $id) { url expiresAt } }', { id });
    const person = new Browser(server);
    await person.open(json.data.createSignInLink.url);
    expect(await person.whoAmI()).toBe('forgetful@example.org');
    expect(Date.parse(json.data.createSignInLink.expiresAt) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    const unknown = await owner.graphql('mutation { createSignInLink(userId: "user_0") { url } }');
    expect(unknown.json.errors[0].extensions.code).toBe('not_found');
  });

  it('createSignInLink makes one in a session alone, since a key would open what others have connected', async () => {
    const ownerId = (await owner.graphql('{ viewer { user { id } } }')).json.data.viewer.user.id;
    const link = 'mutation ($id: ID!) { createSignInLink(userId: $id) { url } }';
    const key = await makeKey(owner, ['operator']);
    for (const id of [ownerId, await addUser(server)]) {
      const refused = await server.graphql(link, { id }, { authorization: key });
      expect(refused.json.errors[0]).toMatchObject({
        message: expect.stringContaining('npm run sign-in-link'),
        extensions: { code: 'forbidden' },
      });
      expect((await owner.graphql(link, { id })).json.data.createSignInLink.url).toContain('/api/auth/link?token=');
    }
  });
});
