import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode, SkillettError } from '../../src/core/errors.ts';
import type { Principal } from '../../src/core/principal.ts';
import { disconnect, renameConnection, setDefaultConnection } from '../../src/domains/connections/change-connection.ts';
import { credentialFor, renewCredential } from '../../src/domains/connections/connections.ts';
import { findConnectionView, listConnections } from '../../src/domains/connections/list-connections.ts';
import { type NewConnection, startConnection } from '../../src/domains/connections/start-connection.ts';
import { Upstream } from '../support/upstream.ts';
import { makeIntegration } from './gateway.ts';
import { createStand, type Stand } from './stand.ts';

let stand: Stand;
let upstream: Upstream;

beforeAll(async () => {
  upstream = await Upstream.start();
  const settings = { baseUrl: upstream.origin };
  stand = await createStand([
    makeIntegration(
      'notes',
      { auth: [{ type: 'bearer', create_url: 'https://notes.example/tokens', how: 'Make a token with the right Notes.' }] },
      settings,
      { list_notes: {} },
    ),
    makeIntegration(
      'keys',
      {
        auth: [
          {
            type: 'api_key',
            in: 'query',
            name: 'key',
            how: 'Copy the key.',
            fields: { team: { description: 'the team, T and digits', pattern: '^T[0-9]+$', header: 'X-Team' } },
          },
        ],
        success: { when: 'ok' },
        verify: { path: '/check', account: { id: 'team.id', label: 'team.name' } },
      },
      settings,
    ),
    makeIntegration(
      'desk',
      {
        auth: [
          { type: 'basic', how: 'Use your address and an app password.' },
          { type: 'bearer', how: 'Make a token.' },
        ],
      },
      settings,
    ),
    makeIntegration('open', { auth: [{ type: 'none' }] }, settings),
  ]);
});

beforeEach(() => {
  upstream.reset();
  // Answers with whose token it was, as a service does.
  upstream.play = (request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    response
      .writeHead(token.startsWith('bad') ? 401 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ id: token.split('-')[0], login: token.split('-')[0] }));
  };
});

afterAll(async () => {
  await stand.close();
  await upstream.close();
});

function connect(principal: Principal, integration: string, credentials: unknown, account?: string) {
  const request: NewConnection = { integration, account, scopes: undefined, credentials };
  return startConnection(stand.gateway, principal, request, 'req_1');
}

async function refusal(attempt: Promise<unknown>, code: ErrorCode): Promise<SkillettError> {
  const error = await attempt.then(
    () => expect.unreachable('nothing was refused'),
    (thrown: SkillettError) => thrown,
  );
  expect(error).toMatchObject({ code });
  return error;
}

describe('a credential', () => {
  it('is proven at the service, names its account, and travels with calls in the form of the recipe', async () => {
    const ada = await stand.addUser();
    const started = await connect(ada, 'notes', { token: 'ada-1' });
    expect(started).toMatchObject({ status: 'connected', oauthUrl: undefined });
    expect(upstream.received.map(({ method, target, headers }) => [method, target, headers.authorization])).toEqual([
      ['GET', '/me', 'Bearer ada-1'],
    ]);
    const admitted = await stand.admitted(started.id);
    expect(admitted).toMatchObject({ account: 'ada', authType: 'bearer', status: 'connected', credentialVersion: 1 });
    const injected = await credentialFor(stand.gateway, stand.integration('notes'), admitted);
    expect(injected).toEqual({ version: 1, variables: {}, headers: { authorization: 'Bearer ada-1' }, query: {}, path: {} });
    expect(await renewCredential(stand.gateway, stand.integration('notes'), admitted, injected)).toBeUndefined();
  });

  it('goes into the query with its further fields in headers, when the recipe says so', async () => {
    const ada = await stand.addUser();
    upstream.json('{"ok":true,"team":{"id":7,"name":"Blue"}}');
    const { id } = await connect(ada, 'keys', { api_key: 'k 1'.replace(' ', '+'), team: 'T1' });
    expect(upstream.received[0]).toMatchObject({ target: '/check?key=k%2B1', headers: { 'x-team': 'T1' } });
    const injected = await credentialFor(stand.gateway, stand.integration('keys'), await stand.admitted(id));
    expect(injected).toMatchObject({ headers: { 'x-team': 'T1' }, query: { key: 'k+1' } });
    expect(await findConnectionView(stand.gateway, ada, id)).toMatchObject({ connection: { account: 'Blue', providerAccountId: '7' } });
  });

  it('is sent as Basic in UTF-8', async () => {
    const ada = await stand.addUser();
    upstream.json('{"id":"1","login":"ada"}');
    const { id } = await connect(ada, 'desk', { username: 'ada@example.org', password: ' pä:ss ' });
    const expected = `Basic ${Buffer.from('ada@example.org: pä:ss ').toString('base64')}`;
    expect(upstream.received[0]?.headers.authorization).toBe(expected);
    expect((await credentialFor(stand.gateway, stand.integration('desk'), await stand.admitted(id))).headers).toEqual({
      authorization: expected,
    });
  });

  it('stands in the database sealed, and in no log line, audit row or consent', async () => {
    const ada = await stand.addUser();
    const { id } = await connect(ada, 'notes', { token: 'ada-planted-7f3a' });
    const { db } = stand.gateway;
    const tables = await Promise.all([
      db.selectFrom('connections').selectAll().execute(),
      db.selectFrom('consents').selectAll().execute(),
      db.selectFrom('auditRows').selectAll().execute(),
      db.selectFrom('settings').selectAll().execute(),
    ]);
    expect(tables[0].length).toBeGreaterThan(0);
    expect(tables[2].some((row) => row.action === 'connection.created' && row.target === id && row.actor === ada.holderId)).toBe(true);
    expect(JSON.stringify(tables) + stand.log.join()).not.toContain('planted');
  });

  it('does not open when it stands in the row of another connection', async () => {
    const ada = await stand.addUser();
    const first = await stand.admitted((await connect(ada, 'notes', { token: 'ada-1' })).id);
    const second = await stand.admitted((await connect(ada, 'notes', { token: 'bob-1' })).id);
    const notes = stand.integration('notes');
    await expect(credentialFor(stand.gateway, notes, { ...first, credential: second.credential })).rejects.toThrow();
    await expect(credentialFor(stand.gateway, notes, first)).resolves.toMatchObject({ headers: { authorization: 'Bearer ada-1' } });
  });
});

describe('what is refused', () => {
  it('a form that the integration does not take, naming those it takes', async () => {
    const ada = await stand.addUser();
    const error = await refusal(connect(ada, 'notes', { api_key: 'x' }), 'bad_request');
    expect(error.message).toContain('"token"');
    for (const credentials of [{}, { token: 7 }, 'ada-1', ['ada-1'], { token: 'ada-1', team: 'T1' }])
      await refusal(connect(ada, 'notes', credentials), 'bad_request');
    const both = await refusal(connect(ada, 'desk', { username: 'ada' }), 'bad_request');
    expect(both.message).toMatch(/"username".*"password".*"token"/);
    await refusal(connect(ada, 'keys', { api_key: 'k', team: 'blue' }), 'bad_request');
    await refusal(connect(ada, 'notes', { token: 'a\r\nx-evil: 1' }), 'bad_request');
    await refusal(connect(ada, 'desk', { username: 'a:b', password: 'c' }), 'bad_request');
    expect(upstream.received).toEqual([]);
  });

  it('a connect that names scopes where nobody can consent, and one that needs no connection', async () => {
    const ada = await stand.addUser();
    const request = { integration: 'notes', account: undefined, scopes: ['read'], credentials: undefined };
    const error = await refusal(startConnection(stand.gateway, ada, request, 'req_1'), 'bad_request');
    expect(error.message).toContain('knows no scopes');
    const started = await connect(ada, 'notes', undefined);
    expect(started).toEqual({ id: started.id, status: 'pending', oauthUrl: `https://gateway.example/connect/${started.id}` });
    expect((await refusal(connect(ada, 'open', undefined), 'bad_request')).message).toContain('needs no connection');
    expect((await refusal(connect(ada, 'nowhere', undefined), 'not_found')).message).toBe('Integration not found.');
  });

  it('a credential that the service refuses, with its page, and nothing is stored', async () => {
    const ada = await stand.addUser();
    const error = await refusal(connect(ada, 'notes', { token: 'bad-1' }), 'credential_rejected');
    expect(error.action).toBe('https://notes.example/tokens');
    expect(error.message).toContain('right Notes');
    upstream.json('{"ok":false}');
    await refusal(connect(ada, 'keys', { api_key: 'k', team: 'T1' }), 'credential_rejected');
    expect((await listConnections(stand.gateway, ada, { first: 10 })).total).toBe(0);
  });

  it.each([
    [503, '{}', 'upstream_unreachable'],
    [429, '{}', 'upstream_unreachable'],
    [200, '<html>', 'upstream_unexpected'],
    [200, '{"login":"ada"}', 'upstream_unexpected'],
  ] as const)('a service that answers %i %s cannot prove it', async (status, body, code) => {
    const ada = await stand.addUser();
    upstream.json(body, status);
    await refusal(connect(ada, 'notes', { token: 'ada-1' }), code);
  });

  it('an integration beyond the scopes of the key', async () => {
    const narrow = await stand.addUser({ scopes: ['desk.read_something'] });
    await refusal(connect(narrow, 'notes', { token: 'ada-1' }), 'scope_not_allowed');
    const wide = await stand.addUser({ scopes: ['notes'] });
    await expect(connect(wide, 'notes', { token: 'ada-1' })).resolves.toMatchObject({ status: 'connected' });
  });

  it.each(['notes:read', 'notes.list_notes'])('a credential from a key with the scope %s, before the service is asked', async (scope) => {
    const narrow = await stand.addUser({ scopes: [scope] });
    const error = await refusal(connect(narrow, 'notes', { token: 'ada-1' }), 'forbidden');
    expect(error.message).toContain('a key with the scope `notes` or `*`');
    expect(error.message).toContain('leave `credentials` out');
    expect(upstream.received).toEqual([]);
    expect((await listConnections(stand.gateway, narrow, { first: 10 })).total).toBe(0);
  });
});

describe('accounts', () => {
  it('are several per integration, the first of them the default until the user chooses', async () => {
    const ada = await stand.addUser();
    const first = await connect(ada, 'notes', { token: 'work-1' });
    const second = await connect(ada, 'notes', { token: 'home-1' }, 'private');
    const accounts = async () => {
      const page = await listConnections(stand.gateway, ada, { first: 10 });
      return page.rows.map((row) => [row.connection?.account, row.connection?.isDefault]);
    };
    expect(await accounts()).toEqual([
      ['work', true],
      ['private', false],
    ]);
    await setDefaultConnection(stand.gateway, ada, second.id, 'req_1');
    expect(await accounts()).toEqual([
      ['work', false],
      ['private', true],
    ]);
    await refusal(renameConnection(stand.gateway, ada, first.id, 'private', 'req_1'), 'conflict');
    await renameConnection(stand.gateway, ada, first.id, 'office', 'req_1');
    expect((await accounts()).map(([name]) => name)).toEqual(['office', 'private']);
    await disconnect(stand.gateway, ada, second.id, 'req_1');
    expect(await accounts()).toEqual([['office', true]]);
  });

  it('that are connected again get the new credential under the old id, and both ids answer', async () => {
    const ada = await stand.addUser({ connectionsMax: 1 });
    const first = await connect(ada, 'notes', { token: 'ada-1' });
    await stand.gateway.db
      .updateTable('connections')
      .set({ status: 'reconnect_needed', statusReason: 'gone' })
      .where('id', '=', first.id)
      .execute();
    const again = await connect(ada, 'notes', { token: 'ada-2' });
    expect(again.id).not.toBe(first.id);
    const row = await stand.admitted(first.id);
    expect(row).toMatchObject({ status: 'connected', statusReason: null, credentialVersion: 2 });
    expect((await credentialFor(stand.gateway, stand.integration('notes'), row)).headers.authorization).toBe('Bearer ada-2');
    expect(await findConnectionView(stand.gateway, ada, again.id)).toMatchObject({
      id: again.id,
      status: 'connected',
      connection: { id: first.id },
    });
    expect((await listConnections(stand.gateway, ada, { first: 10 })).total).toBe(1);
  });

  it('keep their names apart', async () => {
    const ada = await stand.addUser();
    upstream.json('{"id":"1","login":"ada"}');
    await connect(ada, 'desk', { token: 'x' });
    upstream.json('{"id":"2","login":"ada"}');
    await refusal(connect(ada, 'desk', { token: 'x' }, 'ada'), 'conflict');
    await connect(ada, 'desk', { token: 'x' });
    const page = await listConnections(stand.gateway, ada, { first: 10 });
    expect(page.rows.map((row) => row.connection?.account)).toEqual(['ada', 'ada (2)']);
  });

  it('are counted against the plan exactly, however many are connected at once', async () => {
    const ada = await stand.addUser({ connectionsMax: 3 });
    const attempts = await Promise.allSettled(Array.from({ length: 20 }, (_, at) => connect(ada, 'notes', { token: `u${at}-1` })));
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(3);
    const refused = attempts.find((attempt) => attempt.status === 'rejected');
    expect(refused?.reason).toMatchObject({
      code: 'plan_limit_reached',
      message: 'Plan limit reached: maximum 3 connections.',
      action: '/billing',
    });
    expect((await listConnections(stand.gateway, ada, { first: 10 })).total).toBe(3);
  });
});

describe('disconnecting', () => {
  it('deletes the credential at once, says that the service cannot be told, and forgets every id', async () => {
    const ada = await stand.addUser();
    const first = await connect(ada, 'notes', { token: 'ada-1' });
    const again = await connect(ada, 'notes', { token: 'ada-2' });
    expect(await disconnect(stand.gateway, ada, again.id, 'req_1')).toEqual({ revoked: 'unsupported' });
    for (const { id } of [first, again]) {
      expect(await findConnectionView(stand.gateway, ada, id)).toBeUndefined();
      await refusal(disconnect(stand.gateway, ada, id, 'req_1'), 'not_found');
    }
  });

  it('and every other look or change answers not_found for the id of somebody else, and beyond the scopes of a key', async () => {
    const ada = await stand.addUser();
    const bob = await stand.addUser();
    const { id } = await connect(ada, 'notes', { token: 'ada-1' });
    const narrow: Principal = { ...ada, kind: 'api_key', scopes: ['desk'] };
    for (const principal of [bob, narrow]) {
      expect(await findConnectionView(stand.gateway, principal, id)).toBeUndefined();
      expect((await listConnections(stand.gateway, principal, { first: 10 })).total).toBe(0);
      const errors = await Promise.all([
        refusal(disconnect(stand.gateway, principal, id, 'req_1'), 'not_found'),
        refusal(disconnect(stand.gateway, principal, 'conn_0', 'req_1'), 'not_found'),
        refusal(setDefaultConnection(stand.gateway, principal, id, 'req_1'), 'not_found'),
        refusal(renameConnection(stand.gateway, principal, id, 'x', 'req_1'), 'not_found'),
      ]);
      expect(new Set(errors.map((error) => error.message))).toEqual(new Set(['Connection not found.']));
    }
    expect(await findConnectionView(stand.gateway, { ...ada, scopes: ['notes.list_notes'] }, id)).toMatchObject({ status: 'connected' });
  });
});

it('a key for reads alone uses a connection but cannot change it; one for the integration can', async () => {
  const ada = await stand.addUser();
  const { id } = await connect(ada, 'notes', { token: 'ada-1' });
  const reader: Principal = { ...ada, kind: 'api_key', scopes: ['notes:read'] };
  await refusal(disconnect(stand.gateway, reader, id, 'req_1'), 'forbidden');
  await refusal(renameConnection(stand.gateway, reader, id, 'x', 'req_1'), 'forbidden');
  await refusal(setDefaultConnection(stand.gateway, reader, id, 'req_1'), 'forbidden');
  expect(await disconnect(stand.gateway, { ...reader, scopes: ['notes'] }, id, 'req_1')).toEqual({ revoked: 'unsupported' });
});

it('a credential that does not open any more can still be disconnected', async () => {
  const ada = await stand.addUser();
  const [first, second] = [await connect(ada, 'notes', { token: 'ada-1' }), await connect(ada, 'notes', { token: 'bob-1' })];
  const { credential } = await stand.admitted(second.id);
  await stand.gateway.db.updateTable('connections').set({ credential }).where('id', '=', first.id).execute();
  expect(await disconnect(stand.gateway, ada, first.id, 'req_1')).toEqual({ revoked: 'unsupported' });
});

it('a frozen connection sends nothing', async () => {
  const ada = await stand.addUser();
  const { id } = await connect(ada, 'notes', { token: 'ada-1' });
  const row = await stand.admitted(id);
  await refusal(credentialFor(stand.gateway, stand.integration('notes'), { ...row, frozenAt: new Date() }), 'connection_frozen');
});

it('pages of connections follow each other without gap or repetition', async () => {
  const ada = await stand.addUser();
  for (let at = 0; at < 5; at += 1) await connect(ada, 'notes', { token: `p${at}-1` });
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await listConnections(stand.gateway, ada, { first: 2, after });
    seen.push(...page.rows.map((row) => row.connection?.account ?? ''));
    expect(page.total).toBe(5);
    after = page.hasNextPage ? page.cursors.at(-1) : undefined;
  } while (after !== undefined);
  expect(seen).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
});
