/** APIs of people's own, by the front door: using, changing, sharing and removing them, and who sees them. Each import starts a process of its own. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addUser } from '../admission/people.ts';
import { callTool, postTo } from '../mcp/stand.ts';
import { codeOf, OwnStand } from './stand.ts';

let stand: OwnStand;
beforeAll(async () => {
  stand = await OwnStand.open();
});
beforeEach(() => stand.begin());
afterAll(() => stand.close());

describe('what was imported', () => {
  it('is used over REST, GraphQL, MCP and the proxy at once, with parameters checked and its own records', async () => {
    await stand.acme();
    const read = await stand.run('list_notes', { page_size: 3 });
    expect(read.text).toBe('{"status":200,"data":{"id":12345678901234567890}}');
    const made = await stand.server.graphql(
      'mutation { execute(integration: "acme", endpoint: "create_note", params: {text: "hi"}) { ok call { service { slug } } } }',
      {},
      stand.bearer(),
    );
    expect(made.json.data.execute).toEqual({ ok: true, call: { service: { slug: 'acme' } } });
    const called = await callTool(postTo(stand.server), stand.key, 'execute', { endpoint: 'acme.delete_notes', params: { id: '7' } });
    expect([called.failed, called.text]).toEqual([false, expect.stringContaining('12345678901234567890')]);
    expect((await stand.server.request('POST', '/v1/proxy/acme', { ...stand.bearer(), body: { method: 'GET', path: '/x' } })).status).toBe(
      200,
    );
    expect(stand.upstream.received.map(({ method, target, body }) => [method, target, body.toString()])).toEqual([
      ['GET', '/notes?page%5Bsize%5D=3', ''],
      ['POST', '/notes', '{"text":"hi"}'],
      ['DELETE', '/notes/7', ''],
      ['GET', '/x', ''],
    ]);
    expect((await stand.run('list_notes', { page_size: 11 })).json.message).toContain('at most 10');
    expect((await stand.run('create_note', {})).json.message).toContain('`text` is required');
    const found = await callTool(postTo(stand.server), stand.key, 'find', { want: ['list notes'] });
    expect(found.text).toContain('acme');
    const all = await callTool(postTo(stand.server), stand.key, 'find', { endpoint: 'acme' });
    expect(all.text).toMatch(/^acme: [\s\S]*: .*\bcreate_note\b/);
    const others = await stand.newKey(await addUser(stand.server.gateway.database));
    const unseen = await callTool(postTo(stand.server), others, 'find', { endpoint: 'acme' });
    expect([unseen.failed, unseen.json.error]).toEqual([true, 'not_found']);
    const listed = await stand.server.request('GET', '/v1/skills', stand.bearer());
    expect(listed.json.integrations.map(({ slug }: { slug: string }) => slug)).toContain('acme');
    const document = await stand.server.request('GET', '/v1/skills/acme/list_notes', {
      ...stand.bearer(),
      headers: { accept: 'text/markdown' },
    });
    expect(document.text).toContain('Imported: ');
    expect((await stand.server.request('GET', '/v1/acme/download', stand.bearer())).status).toBe(200);
    const metrics = (
      await stand.server.request('GET', '/metrics', { authorization: `Bearer ${await stand.newKey(stand.ada, ['operator'])}` })
    ).text;
    expect(metrics).toContain('integration="imported"');
    expect(metrics).not.toContain('acme');
  });

  it('has scopes of its own, which are checked', async () => {
    await stand.acme();
    const make = (scopes: string[]) => stand.server.request('POST', '/api-keys', { ...stand.bearer(), body: { name: 'narrow', scopes } });
    expect((await make(['acme:read'])).status).toBe(201);
    expect((await make(['acme.create_not'])).json.message).toContain('Did you mean `acme.create_note`?');
    const reader = await stand.newKey(stand.ada, ['acme:read']);
    expect((await stand.run('list_notes', {}, reader)).status).toBe(200);
    expect((await stand.run('create_note', { text: 'x' }, reader)).status).toBe(403);
    expect((await stand.run('list_notes', {}, await stand.newKey(stand.ada, ['github']))).json.error).toBe('scope_not_allowed');
  });

  it('is nobody else’s: its slug answers as one that nobody has, byte for byte, and is free for them', async () => {
    await stand.acme();
    const eve = await addUser(stand.server.gateway.database);
    const hers = await stand.newKey(eve);
    const asks = (slug: string) => [
      stand.server.request('GET', `/v1/skills/${slug}`, stand.bearer(hers)),
      stand.server.request('GET', `/v1/skills/${slug}/list_notes`, stand.bearer(hers)),
      stand.server.request('GET', `/v1/${slug}/download`, stand.bearer(hers)),
      stand.run('list_notes', {}, hers, slug),
      stand.server.request('POST', `/v1/proxy/${slug}`, { ...stand.bearer(hers), body: { method: 'GET', path: '/' } }),
      stand.server.request('POST', '/v1/connect', { ...stand.bearer(hers), body: { integration: slug } }),
      stand.server.request('POST', '/api-keys', { ...stand.bearer(hers), body: { name: 'x', scopes: [slug] } }),
      stand.server.graphql(`{ integration(slug: "${slug}") { slug } }`, {}, stand.bearer(hers)),
      stand.server.graphql(`mutation { removeIntegration(slug: "${slug}") { slug } }`, {}, stand.bearer(hers)),
      stand.importing({ slug, document: JSON.stringify(stand.description()) }, hers, 'updateIntegration'),
    ];
    const plain = (text: string, slug: string) => text.replaceAll(slug, 'SLUG').replaceAll(/req_[0-9a-f]+/g, 'REQ');
    const [foreign, unknown] = await Promise.all([Promise.all(asks('acme')), Promise.all(asks('zzzz'))]);
    for (const [at, answer] of foreign.entries())
      expect([at, answer.status, plain(answer.text, 'acme')]).toEqual([
        at,
        unknown[at]?.status,
        plain(unknown[at]?.text as string, 'zzzz'),
      ]);
    expect(stand.upstream.received).toEqual([]);
    expect(
      (await stand.acme({ document: JSON.stringify(stand.description({ servers: [{ url: stand.other.origin }] })) }, hers)).json.data.it
        .endpointCount,
    ).toBe(3);
    expect((await stand.run('list_notes', {}, hers)).json.data).toEqual({ other: true });
    expect((await stand.run('list_notes')).text).toContain('12345678901234567890');
  });

  it('has a slug that nothing else has that its owner sees, and one that can be a slug', async () => {
    await stand.acme();
    const again = await stand.acme();
    expect([codeOf(again), again.json.errors[0].message]).toEqual(['conflict', expect.stringContaining('`updateIntegration`')]);
    expect(codeOf(await stand.importing({ slug: 'github', document: JSON.stringify(stand.description()) }))).toBe('conflict');
    for (const slug of ['proxy', 'connect', 'operator', 'Acme', 'a-b', '1a', 'a'.repeat(41), '../x'])
      expect([slug, codeOf(await stand.importing({ slug, document: JSON.stringify(stand.description()) }))]).toEqual([slug, 'bad_request']);
  });

  it('is made, changed and removed by keys with everything alone', async () => {
    const narrow = await stand.newKey(stand.ada, ['acme', 'github']);
    expect(codeOf(await stand.acme({}, narrow))).toBe('forbidden');
    await stand.acme();
    expect(codeOf(await stand.remove(narrow))).toBe('forbidden');
    expect(
      codeOf(await stand.importing({ slug: 'acme', document: JSON.stringify(stand.description()) }, narrow, 'updateIntegration')),
    ).toBe('forbidden');
    expect((await stand.remove()).json.data.removeIntegration.slug).toBe('acme');
  });

  it.each(['importIntegration', 'updateIntegration'])(
    '%s stores nothing for a key that is revoked, or a user who is closed, while the description is fetched',
    async (field) => {
      const { db } = stand.server.gateway;
      const versionOf = async () =>
        (await stand.server.graphql('{ integration(slug: "acme") { version } }', {}, stand.bearer())).json.data?.integration.version;
      let asked = () => {};
      let answer = () => {};
      stand.upstream.play = (_request, response) => {
        answer = () => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(stand.description()));
        asked();
      };
      const during = async (token: string, change: () => Promise<unknown>) => {
        const fetched = new Promise<void>((resolve) => {
          asked = resolve;
        });
        const imported = stand.importing({ slug: 'acme', url: `${stand.upstream.origin}/openapi.json` }, token, field);
        await fetched;
        await change();
        answer();
        return imported;
      };
      if (field === 'updateIntegration') await stand.acme();
      const before = await versionOf();

      const revoke = 'mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }';
      const revoked = await stand.newKey(stand.ada);
      expect(codeOf(await during(revoked, () => stand.server.graphql(revoke, { id: revoked }, stand.bearer())))).toBe('api_key_revoked');
      expect(await versionOf()).toBe(before);
      const sibling = await stand.newKey(stand.ada);
      expect(
        (await during(stand.key, () => stand.server.graphql(revoke, { id: sibling }, stand.bearer()))).json.data.it.endpointCount,
      ).toBe(3);
      expect(await versionOf()).toBe(before === undefined ? '1.0.0' : '1.1.0');

      const stored = () => db.selectFrom('ownIntegrations').select(['slug', 'recipe']).where('ownerId', '=', grace).execute();
      const grace = await addUser(stand.server.gateway.database);
      const second = await stand.newKey(grace);
      if (field === 'updateIntegration') await stand.acme({}, second);
      expect(await stored()).toHaveLength(field === 'updateIntegration' ? 1 : 0);
      const close = 'mutation ($id: ID!) { closeUser(userId: $id) { __typename } }';
      const operator = await stand.newKey(stand.ada, ['operator']);
      const closing = () => stand.server.graphql(close, { id: grace }, stand.bearer(operator));
      expect(codeOf(await during(second, closing))).toMatch(/^(unauthorized|api_key_revoked)$/);
      // Closing takes what is theirs, and nothing comes after it.
      expect(await stored()).toEqual([]);
    },
  );

  it('is at most twenty to a user', async () => {
    const one = JSON.stringify(stand.description({ paths: { '/a': { get: {} } } }));
    for (let at = 0; at < 20; at += 1) expect((await stand.importing({ slug: `own_${at}`, document: one })).json.errors).toBeUndefined();
    expect(codeOf(await stand.importing({ slug: 'own_20', document: one }))).toBe('plan_limit_reached');
  }, 120_000);
});

describe('an account', () => {
  const secured = (more: object = {}) =>
    JSON.stringify(stand.description({ components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }, ...more }));
  const connect = (token = stand.key, account?: string) =>
    stand.server.request('POST', '/v1/connect', {
      ...stand.bearer(token),
      body: { integration: 'acme', credentials: { token: 'the-secret' }, ...(account ? { account } : {}) },
    });
  const update = (document: string) => stand.importing({ slug: 'acme', document }, stand.key, 'updateIntegration');

  it('is connected by the credential that the description names, under the name that the person gives', async () => {
    await stand.acme({ document: secured() });
    expect((await stand.run('list_notes')).json.error).toBe('integration_not_connected');
    expect((await connect(stand.key, 'work')).json.status).toBe('connected');
    expect((await stand.run('list_notes')).status).toBe(200);
    expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer the-secret');
    const { json } = await stand.server.request('GET', '/v1/connect', stand.bearer());
    expect(json.connections).toMatchObject([{ integration: 'acme', account: 'work', status: 'connected' }]);
  });

  it('stays where only operations change, and ends where requests go to another origin or carry it otherwise, until the person connects again', async () => {
    await stand.acme({ document: secured() });
    await connect();
    const same = await update(secured({ paths: { '/more': { get: { operationId: 'listMore' } } } }));
    expect(same.json.data.it).toMatchObject({ endedConnections: 0, integration: { version: '1.1.0' } });
    expect((await stand.run('list_more')).status).toBe(200);
    expect((await stand.run('list_notes')).json.error).toBe('not_found');
    stand.upstream.received.length = 0;
    const moved = await update(secured({ servers: [{ url: stand.other.origin }] }));
    expect(moved.json.data.it.endedConnections).toBe(1);
    expect((await stand.run('list_notes')).json.error).toBe('token_expired');
    expect([...stand.upstream.received, ...stand.other.received]).toEqual([]);
    const { json } = await stand.server.graphql('{ connections { nodes { reconnectReason } } }', {}, stand.bearer());
    expect(json.data.connections.nodes[0].reconnectReason).toContain(`to ${stand.other.origin} now, and went to ${stand.upstream.origin}`);
    await connect();
    expect((await stand.run('list_notes')).json.data).toEqual({ other: true });
    const key2 = secured({
      servers: [{ url: stand.other.origin }],
      components: { securitySchemes: { k: { type: 'apiKey', in: 'query', name: 'k' } } },
    });
    expect((await update(key2)).json.data.it.endedConnections).toBe(1);
    expect(stand.other.received).toHaveLength(1);
  });

  it('goes with the integration', async () => {
    await stand.acme({ document: secured() });
    await connect();
    expect((await stand.remove()).json.data.removeIntegration.connections).toBe(1);
    expect((await stand.run('list_notes')).json.error).toBe('not_found');
    await stand.acme({ document: secured() });
    expect((await stand.run('list_notes')).json.error).toBe('integration_not_connected');
    expect((await stand.server.request('GET', '/v1/connect', stand.bearer())).json.connections).toEqual([]);
  });
});

describe('sharing', () => {
  it('shows it to everybody, takes an operator, and leaves a slug that no other gets', async () => {
    const secured = JSON.stringify(stand.description({ components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } }));
    const operator = await stand.newKey(stand.ada, ['*', 'operator']);
    const eve = await stand.newKey(await addUser(stand.server.gateway.database));
    await stand.common({ document: secured });
    expect(codeOf(await stand.share(true, stand.key))).toBe('forbidden');
    expect((await stand.run('list_notes', {}, eve, 'common')).status).toBe(404);
    expect((await stand.share(true, operator)).json.data.shareIntegration.slug).toBe('common');
    const credentials = { token: 'of-eve' };
    expect(
      (await stand.server.request('POST', '/v1/connect', { ...stand.bearer(eve), body: { integration: 'common', credentials } })).json
        .status,
    ).toBe('connected');
    expect((await stand.run('list_notes', {}, eve, 'common')).status).toBe(200);
    expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer of-eve');
    expect(codeOf(await stand.remove(eve, 'common'))).toBe('not_found');
    expect(codeOf(await stand.common({}, eve))).toBe('conflict');
    const mine = await stand.newKey(await addUser(stand.server.gateway.database));
    expect(codeOf(await stand.importing({ slug: 'private', document: secured }, mine))).toBeUndefined();
    await stand.importing({ slug: 'private', document: secured }, operator);
    expect(
      codeOf(
        await stand.server.graphql('mutation { shareIntegration(slug: "private", shared: true) { slug } }', {}, stand.bearer(operator)),
      ),
    ).toBe('conflict');
    await stand.share(false, operator);
    expect((await stand.run('list_notes', {}, eve, 'common')).status).toBe(404);
    expect(codeOf(await stand.common({}, eve))).toBe('conflict');
    await stand.share(true, operator);
    expect((await stand.run('list_notes', {}, eve, 'common')).json.error).toBe('integration_not_connected');
    await stand.remove(operator, 'common');
    expect((await stand.run('list_notes', {}, eve, 'common')).status).toBe(404);
    for (const token of [eve, operator]) expect(codeOf(await stand.common({}, token))).toBe('conflict');
    const rows = await stand.server.gateway.db
      .selectFrom('auditRows')
      .select('action')
      .where('userId', '=', stand.ada)
      .orderBy('id')
      .execute();
    expect(rows.map(({ action }) => action).filter((action) => action.startsWith('integration.'))).toEqual([
      'integration.imported',
      'integration.shared',
      'integration.imported',
      'integration.unshared',
      'integration.shared',
      'integration.removed',
    ]);
  });

  it('and importing as the owner opens what the installation may reach, which no other user’s address does', async () => {
    const inside = { document: JSON.stringify(stand.description({ servers: [{ url: stand.internal.origin }] })) };
    await stand.acme({ slug: 'inner', ...inside });
    const refused = await stand.run('list_notes', {}, stand.key, 'inner');
    expect([refused.status, refused.json.error]).toEqual([502, 'upstream_unreachable']);
    expect(refused.json.message).toContain('by sharing');
    expect(stand.internal.received).toHaveLength(0);
    await stand.acme({ slug: 'of_owner', ...inside }, stand.server.key);
    expect((await stand.run('list_notes', {}, stand.server.key, 'of_owner')).status).toBe(200);
    const operator = await stand.newKey(stand.ada, ['*', 'operator']);
    const shared = (is: boolean) =>
      stand.server.graphql(
        'mutation ($is: Boolean!) { shareIntegration(slug: "inner", shared: $is) { slug } }',
        { is },
        stand.bearer(operator),
      );
    await shared(true);
    expect((await stand.run('list_notes', {}, stand.key, 'inner')).status).toBe(200);
    await shared(false);
    expect((await stand.run('list_notes', {}, stand.key, 'inner')).json.error).toBe('upstream_unreachable');
    expect(stand.internal.received).toHaveLength(2);
  });
});
