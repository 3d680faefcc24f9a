/** Objects beside ids: in full for who may see them, null for everybody else, and one query however many rows ask. */
import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newTimeOrderedId } from '../../src/core/ids.ts';
import { addConnection, addKey, addUser, type TestKey } from '../admission/people.ts';
import { browserEnv } from '../people/browser.ts';
import { signedInOwner } from '../people/person.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let upstream: Upstream;
/** The text of every statement of resolvers. */
const statements: string[] = [];

beforeAll(async () => {
  upstream = await Upstream.start();
  upstream.json('[]');
  server = await startTestServer({ env: { ...browserEnv, SKILLETT_HACKERNEWS_BASE_URL: upstream.origin } });
  const counter: KyselyPlugin = {
    transformQuery: ({ node }) => {
      statements.push(node.kind);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  server.gateway.db = server.gateway.db.withPlugin(counter);
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

async function ask(key: TestKey, query: string, variables: Record<string, unknown> = {}) {
  const { json } = await server.graphql(query, variables, { authorization: `Bearer ${key.id}` });
  if (json.errors) throw new Error(JSON.stringify(json.errors));
  return json.data;
}

async function addCall(userId: string, call: { keyId?: string | null; connectionId?: string | null; integration?: string } = {}) {
  const id = newTimeOrderedId('call', Date.now());
  await server.gateway.db
    .insertInto('skillCalls')
    .values({
      id,
      userId,
      keyId: call.keyId ?? null,
      connectionId: call.connectionId ?? null,
      account: null,
      integration: call.integration ?? 'github',
      endpoint: 'list_issues',
      door: 'rest',
      parameterNames: [],
      outcome: 'succeeded',
      requestId: 'req_1',
      startedAt: new Date(),
    } as never)
    .execute();
  return id;
}

const callQuery = `query ($id: ID!) { call(id: $id) {
  integration service { id slug name } keyId key { id name parent { id } } connectionId connection { id account service { slug } } } }`;

describe('objects beside ids', () => {
  it('show in full what the ids name', async () => {
    const userId = await addUser(server.gateway.database);
    const [key, child] = [await addKey(server.gateway.database, userId), await addKey(server.gateway.database, userId)];
    await server.gateway.db.updateTable('apiKeys').set({ parentId: key.id }).where('id', '=', child.id).execute();
    const connection = await addConnection(server.gateway.database, userId, { integration: 'github', account: 'ada' });
    const id = await addCall(userId, { keyId: child.id, connectionId: connection });
    expect((await ask(key, callQuery, { id })).call).toEqual({
      integration: 'github',
      service: { id: 'github', slug: 'github', name: 'GitHub' },
      keyId: child.id,
      key: { id: child.id, name: 'test', parent: { id: key.id } },
      connectionId: connection,
      connection: { id: connection, account: 'ada', service: { slug: 'github' } },
    });
    const counted = await ask(key, '{ callCounts(by: [INTEGRATION, KEY]) { integration service { name } keyId key { name } calls } }');
    expect(counted.callCounts).toEqual([
      { integration: 'github', service: { name: 'GitHub' }, keyId: child.id, key: { name: 'test' }, calls: 1 },
    ]);
    const { viewer, endpoint } = await ask(
      child,
      '{ viewer { key { id } } endpoint(integration: "github", name: "create_issue") { id service { id } } }',
    );
    expect(viewer.key.id).toBe(child.id);
    expect(endpoint).toEqual({ id: 'github.create_issue', service: { id: 'github' } });
  });

  it('show the row of a call beside its answer', async () => {
    const userId = await addUser(server.gateway.database);
    const key = await addKey(server.gateway.database, userId);
    const query = `{ a: read(integration: "hackernews", endpoint: "list_updates") { callId call { id door integration key { id } } }
      b: read(integration: "hackernews", endpoint: "list_top_stories") { callId call { id } } }`;
    const { a, b } = await ask(key, query);
    expect(a.call).toEqual({ id: a.callId, door: 'GRAPHQL', integration: 'hackernews', key: { id: key.id } });
    expect(b.call).toEqual({ id: b.callId });
    const narrow = await addKey(server.gateway.database, userId, { scopes: ['hackernews'] });
    const seen = await ask(narrow, query);
    expect(seen.a.call.id).toBe(seen.a.callId);
  });

  it('are null when what the id names is gone, and a revoked key is still shown', async () => {
    const userId = await addUser(server.gateway.database);
    const key = await addKey(server.gateway.database, userId);
    const revoked = await addKey(server.gateway.database, userId, { revoked: true });
    const id = await addCall(userId, { keyId: revoked.id, connectionId: 'conn_gone', integration: 'no_such_recipe' });
    expect((await ask(key, callQuery, { id })).call).toMatchObject({
      integration: 'no_such_recipe',
      service: null,
      key: { id: revoked.id, parent: null },
      connectionId: 'conn_gone',
      connection: null,
    });
    const session = await addCall(userId);
    expect((await ask(key, callQuery, { id: session })).call).toMatchObject({
      keyId: null,
      key: null,
      connectionId: null,
      connection: null,
    });
  });

  it('never show what is somebody else’s, nor what is beyond the scopes of a key', async () => {
    const [ada, bob] = [await addUser(server.gateway.database), await addUser(server.gateway.database)];
    const adas = await addKey(server.gateway.database, ada);
    const adasConnection = await addConnection(server.gateway.database, ada, { integration: 'github' });
    const bobs = await addKey(server.gateway.database, bob);
    // Rows as no caller can write them: even so nothing of Ada's shows.
    await server.gateway.db.updateTable('apiKeys').set({ parentId: adas.id }).where('id', '=', bobs.id).execute();
    const planted = await addCall(bob, { keyId: adas.id, connectionId: adasConnection });
    const shown = { keyId: adas.id, key: null, connectionId: adasConnection, connection: null };
    expect((await ask(bobs, callQuery, { id: planted })).call).toMatchObject(shown);
    expect((await ask(bobs, '{ viewer { key { parentId parent { id } } } }')).viewer.key).toEqual({ parentId: adas.id, parent: null });

    const narrow = await addKey(server.gateway.database, ada, { scopes: ['slack'] });
    await server.gateway.db.updateTable('apiKeys').set({ parentId: adas.id }).where('id', '=', narrow.id).execute();
    const own = await addCall(ada, { keyId: narrow.id, connectionId: adasConnection });
    const { call, viewer, integration, connections } = await ask(
      narrow,
      `query ($id: ID!) { call(id: $id) { key { id parent { id } } connection { id } } viewer { key { parent { id } } }
        integration(slug: "github") { connections { totalCount nodes { id } } } connections(integration: "github") { totalCount } }`,
      { id: own },
    );
    expect(call).toEqual({ key: { id: narrow.id, parent: null }, connection: null });
    expect(viewer.key).toEqual({ parent: null });
    expect(integration.connections).toEqual({ totalCount: 0, nodes: [] });
    expect(connections.totalCount).toBe(0);
    // The twin: with the integration in its scopes the connection shows.
    const wide = await addKey(server.gateway.database, ada, { scopes: ['github:read'] });
    const theirs = await addCall(ada, { keyId: wide.id, connectionId: adasConnection });
    expect((await ask(wide, callQuery, { id: theirs })).call.connection).toMatchObject({ id: adasConnection });
  });
});

describe('connections of an integration', () => {
  it('are those of the user, page by page, on the integration and by the filter alike', async () => {
    const userId = await addUser(server.gateway.database);
    const key = await addKey(server.gateway.database, userId);
    await addConnection(server.gateway.database, await addUser(server.gateway.database), { integration: 'github' });
    const ids: string[] = [];
    for (const account of ['a', 'b', 'c']) {
      const id = await addConnection(server.gateway.database, userId, { integration: 'github', account });
      // Those of one millisecond have no order of their own.
      const createdAt = new Date(Date.now() - 10_000 + ids.push(id) * 1_000);
      await server.gateway.db.updateTable('connections').set({ createdAt }).where('id', '=', id).execute();
    }
    await addConnection(server.gateway.database, userId, { integration: 'slack', account: 'd' });
    const page = 'totalCount nodes { id } pageInfo { hasNextPage endCursor }';
    const first = await ask(
      key,
      `{ connections(integration: "github", first: 2) { ${page} } integration(slug: "github") { connections(first: 2) { ${page} } } }`,
    );
    expect(first.connections).toEqual(first.integration.connections);
    expect(first.connections).toMatchObject({ totalCount: 3, nodes: [{ id: ids[0] }, { id: ids[1] }], pageInfo: { hasNextPage: true } });
    const { integration } = await ask(
      key,
      `query ($after: String) { integration(slug: "github") { connections(first: 2, after: $after) { ${page} } } }`,
      { after: first.connections.pageInfo.endCursor },
    );
    expect(integration.connections).toMatchObject({ totalCount: 3, nodes: [{ id: ids[2] }], pageInfo: { hasNextPage: false } });
    expect((await ask(key, '{ connections(integration: "nothing") { totalCount nodes { id } } }')).connections.totalCount).toBe(0);
    const wrong = await server.graphql(
      '{ integration(slug: "github") { connections(after: "x") { totalCount } } }',
      {},
      { authorization: `Bearer ${key.id}` },
    );
    expect(wrong.json.errors[0].extensions.code).toBe('bad_request');
  });
});

describe('a page costs as many statements as one row', () => {
  it.each([
    ['calls', '{ calls(first: $n) { nodes { service { name } key { name parent { name } } connection { account service { name } } } } }'],
    ['integrations', '{ integrations(first: $n) { nodes { connections(first: 3) { totalCount nodes { account } } } } }'],
    ['connect methods', '{ calls(first: $n) { nodes { service { connectMethods { type ready } } } } }'],
    ['API keys', '{ apiKeys(first: $n) { nodes { lastUsedAt parent { parent { name } } } } }'],
  ])('%s', async (_what, query) => {
    const userId = await addUser(server.gateway.database);
    const root = await addKey(server.gateway.database, userId);
    for (let at = 0; at < 10; at += 1) {
      const key = await addKey(server.gateway.database, userId);
      await server.gateway.db.updateTable('apiKeys').set({ parentId: root.id }).where('id', '=', key.id).execute();
      const connectionId = await addConnection(server.gateway.database, userId, { integration: 'github', account: `account ${at}` });
      await addCall(userId, { keyId: key.id, connectionId });
    }
    const count = async (rows: number) => {
      statements.length = 0;
      await ask(root, query.replace('$n', String(rows)));
      return statements.length;
    };
    await count(1);
    const one = await count(2);
    expect(one).toBeGreaterThan(0);
    expect(await count(10)).toBe(one);
  });
});

it('rows of calls beside their answers cost one statement, however many reads there are and whenever each is answered', async () => {
  const key = await addKey(server.gateway.database, await addUser(server.gateway.database));
  let received = 0;
  upstream.play = (_request, response) => {
    received += 1;
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'), 20 * received);
  };
  const read = async (reads: number, fields: string) => {
    const aliases = Array.from(
      { length: reads },
      (_, at) => `r${at}: read(integration: "hackernews", endpoint: "get_item", params: { id: ${at + 1} }) { callId ${fields} }`,
    );
    statements.length = 0;
    received = 0;
    const answered = await ask(key, `{ ${aliases.join(' ')} }`);
    expect(received).toBe(reads);
    return Object.values(answered) as { callId: string; call?: { id: string; endpoint: string } }[];
  };
  await read(5, '');
  const without = statements.length;
  const answered = await read(25, 'call { id endpoint }');
  expect(answered.map(({ call }) => call)).toEqual(answered.map(({ callId }) => ({ id: callId, endpoint: 'get_item' })));
  const withRows = statements.length;
  await read(1, 'call { id endpoint }');
  expect([withRows, statements.length]).toEqual([without + 1, without + 1]);
  upstream.reset();
  upstream.json('[]');
});

it('circles between types stay within the limits of depth and complexity', async () => {
  const circle = (pages: number, rows: string) =>
    Array.from({ length: pages }).reduce((inner: string) => `connections${rows} { nodes { service { ${inner} } } }`, 'slug');
  for (const [document, limit] of [
    [`{ ${circle(2, '(first: 100)')} }`, 'complexity'],
    [`{ ${circle(3, '')} }`, 'complexity'],
    [`{ ${circle(5, '(first: 1)')} }`, 'levels deep'],
    [`{ viewer { key { ${'parent { '.repeat(12)}id${' }'.repeat(12)} } } }`, 'levels deep'],
    ['{ calls(first: 100) { nodes { service { endpoints(first: 100) { nodes { name } } } } } }', 'complexity'],
  ] as const) {
    const { json } = await server.graphql(document);
    expect(json.errors?.[0].message, document).toContain(limit);
  }
  // The twins: what is within them is answered.
  for (const document of [`{ ${circle(2, '(first: 20)')} }`, `{ viewer { key { ${'parent { '.repeat(8)}id${' }'.repeat(8)} } } }`])
    expect((await server.graphql(document)).json.errors, document).toBeUndefined();
});

it('an operator sees users and connections of the audit trail, of bulk reports and of what a key has touched; nobody else does', async () => {
  const owner = await signedInOwner(server);
  const userId = await addUser(server.gateway.database);
  const key = await addKey(server.gateway.database, userId);
  const connection = await addConnection(server.gateway.database, userId, { integration: 'github', account: 'ada' });
  await addCall(userId, { keyId: key.id, connectionId: connection });
  const operating = `mutation ($userId: ID!) {
    freezeConnections(target: { userId: $userId }) { outcomes { userId user { id email } connection { id service { slug } } } } }`;
  const frozen = await owner.graphql(operating, { userId });
  const user = { id: userId, email: `${userId}@example.org` };
  expect(frozen.json.data.freezeConnections.outcomes).toEqual([
    { userId, user, connection: { id: connection, service: { slug: 'github' } } },
  ]);
  const looking = `query ($keyId: ID!, $userId: ID!) {
    reachOfKey(keyId: $keyId, since: "2020-01-01T00:00:00Z") { user { id email } service { slug } connection { account } }
    auditRows(first: 1, userId: $userId) { nodes { action user { id email } } } }`;
  const seen = await owner.graphql(looking, { keyId: key.id, userId });
  expect(seen.json.data).toEqual({
    reachOfKey: [{ user, service: { slug: 'github' }, connection: { account: 'ada' } }],
    auditRows: { nodes: [{ action: 'connection.frozen', user }] },
  });
  const refused = await server.graphql(looking, { keyId: key.id, userId });
  expect(refused.json.errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code)).toEqual(['forbidden']);
});
