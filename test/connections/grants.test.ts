/** Connections for which the gateway asks for tokens itself, at a real authorisation server, and at one that answers as no good one would. */
import { sql } from 'kysely';
import { type MutableResponse, OAuth2Server } from 'oauth2-mock-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/core/context.ts';
import type { Principal } from '../../src/core/principal.ts';
import { credentialFor, renewCredential } from '../../src/domains/connections/connections.ts';
import { takeLease } from '../../src/domains/connections/credential/refresh-store.ts';
import { resealCredentials } from '../../src/domains/connections/credential/reseal.ts';
import { startConnection } from '../../src/domains/connections/start-connection.ts';
import { Upstream } from '../support/upstream.ts';
import { makeIntegration, openStandGateway } from './gateway.ts';
import { createStand, type Stand } from './stand.ts';
import { machine, TokenServer } from './token-server.ts';

let stand: Stand;
/** Another process of the same installation. */
let other: Gateway;
let server: TokenServer;
let upstream: Upstream;
let mock: OAuth2Server;

const way = { type: 'client_credentials', how: 'Make a client.', create_url: 'https://machines.example/clients' };

beforeAll(async () => {
  server = await TokenServer.start();
  upstream = await Upstream.start();
  mock = new OAuth2Server();
  await mock.issuer.keys.generate('RS256');
  await mock.start(0, '127.0.0.1');
  const mockOrigin = (mock.issuer.url as string).replace('localhost', '127.0.0.1');
  mock.issuer.url = mockOrigin;
  const real = { baseUrl: `${server.origin}/api`, tokenUrl: `${server.origin}/token` };
  const played = { baseUrl: upstream.origin, tokenUrl: `${upstream.origin}/token` };
  const mocked = { baseUrl: upstream.origin, tokenUrl: `${mockOrigin}/token` };
  const settings = { machines: real, odd: played, mocked, placed: { tokenUrl: `${upstream.origin}/token` } };
  const integrations = [
    makeIntegration(
      'machines',
      {
        auth: [
          {
            ...way,
            token_url: 'https://machines.example/token',
            token_endpoint_auth_method: 'client_secret_basic',
            parameters: { scope: 'notes' },
          },
        ],
        verify: { path: '/me', account: { id: 'id', label: 'id' } },
      },
      real,
    ),
    makeIntegration(
      'odd',
      { auth: [{ ...way, token_url: 'https://odd.example/token', account: '{client_id}', final_errors: ['gone'] }], verify: undefined },
      played,
    ),
    makeIntegration(
      'mocked',
      { auth: [{ ...way, token_url: 'https://mocked.example/token', account: '{client_id}' }], verify: undefined },
      mocked,
    ),
  ];
  integrations.push(
    makeIntegration('placed', {
      auth: [{ ...way, token_url: 'https://login.placed.example/token', account: '{client_id}' }],
      base_url: 'https://{instance}/v1',
      variables: { instance: { description: 'Its host.', from: { token_answer: "split(instance_url, '/')[2]" } } },
      hosts: ['*.placed.example'],
      verify: undefined,
    }),
  );
  stand = await createStand(integrations, settings);
  other = await openStandGateway(stand.databaseUrl, stand.masterKey, integrations, settings);
});

afterAll(async () => {
  await other.outbound.close();
  await other.database.close();
  await stand.close();
  await server.close();
  await upstream.close();
  await mock.stop();
});

beforeEach(() => {
  upstream.reset();
  stand.gateway.clock.offsetMs = 0;
  other.clock.offsetMs = 0;
  server.granted = 0;
  server.refused = 0;
  server.tokenSeconds = 3600;
  server.used.length = 0;
});

const given = { client_id: machine.client_id, client_secret: machine.client_secret };

async function connect(slug: string, credentials: object = given, by?: Principal) {
  const ada = by ?? (await stand.addUser());
  const request = { integration: slug, account: undefined, scopes: undefined, credentials };
  const { id } = await startConnection(stand.gateway, ada, request, 'req_1');
  return { ada, id, integration: stand.integration(slug) };
}

async function tokenOf(gateway: Gateway, slug: string, id: string) {
  return (await credentialFor(gateway, stand.integration(slug), await stand.admitted(id))).headers.authorization;
}

/** The odd server answers every token request alike. */
const answerToken = (body: object, status = 200) => upstream.json(JSON.stringify(body), status);
const pass = (seconds: number) => {
  for (const gateway of [stand.gateway, other]) gateway.clock.offsetMs += seconds * 1000;
};

describe('an OAuth client of the person', () => {
  it('is proven by really asking for a token, and calls travel with that', async () => {
    const { id } = await connect('machines');
    expect([server.granted, server.used.length]).toEqual([1, 1]);
    const row = await stand.admitted(id);
    expect(row).toMatchObject({ authType: 'client_credentials', account: machine.client_id, status: 'connected', providerScopes: null });
    expect(row.accessExpiresAt?.getTime()).toBeGreaterThan(Date.now() + 3_500_000);
    expect(await tokenOf(stand.gateway, 'machines', id)).toBe(`Bearer ${server.used[0]}`);
    expect(server.granted).toBe(1);
  });

  it('is rejected with what to do where the server refuses it, and nothing is kept', async () => {
    const ada = await stand.addUser();
    await expect(connect('machines', { ...given, client_secret: 'wrong' }, ada)).rejects.toMatchObject({
      code: 'credential_rejected',
      message: 'Machines gives no token for the credential: it answered "invalid_client". Make a client.',
      action: 'https://machines.example/clients',
    });
    expect(await stand.gateway.db.selectFrom('connections').selectAll().where('userId', '=', ada.userId).execute()).toEqual([]);
    expect(server.refused).toBe(1);
  });

  it('is asked for in the two fields, and another form is refused with them', async () => {
    await expect(connect('machines', { client_id: 'x' })).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('"credentials": {"client_id": "…", "client_secret": "…"} (Make a client.)'),
    });
    await expect(connect('machines', { client_id: 'x', client_secret: '' })).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('may be given by a key for the whole integration alone', async () => {
    const narrow = await stand.addUser({ scopes: ['machines:read'] });
    await expect(connect('machines', given, narrow)).rejects.toMatchObject({ code: 'forbidden' });
    expect(server.granted).toBe(0);
    const whole = await stand.addUser({ scopes: ['machines'] });
    expect((await connect('machines', given, whole)).id).toMatch(/^conn_/);
  });

  it('gets a token from the mock server that others test against', async () => {
    const asked: unknown[] = [];
    mock.service.once('beforeResponse', (response: MutableResponse, request: { body: unknown }) => {
      asked.push(request.body);
      expect(response.statusCode).toBe(200);
    });
    const { id } = await connect('mocked');
    expect(await tokenOf(stand.gateway, 'mocked', id)).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
    expect(asked).toEqual([{ grant_type: 'client_credentials', ...given }]);
  });
});

describe('a token that runs out', () => {
  it('is asked for once by 20 calls at once of two processes, and a new one is used by all', async () => {
    const { id } = await connect('machines');
    const first = await tokenOf(stand.gateway, 'machines', id);
    pass(3_590);
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, at) => tokenOf(at % 2 === 0 ? stand.gateway : other, 'machines', id)));
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).not.toBe(first);
    expect(server.granted).toBe(2);
  });

  it('is renewed shortly before its end and not earlier', async () => {
    const { id } = await connect('machines');
    pass(3_500);
    await tokenOf(stand.gateway, 'machines', id);
    expect(server.granted).toBe(1);
    pass(60);
    await tokenOf(stand.gateway, 'machines', id);
    expect(server.granted).toBe(2);
  });

  it('is renewed once after the service refused it', async () => {
    const { id, integration } = await connect('machines');
    const row = await stand.admitted(id);
    const used = await credentialFor(stand.gateway, integration, row);
    const newer = await renewCredential(stand.gateway, integration, row, used);
    expect(newer?.headers.authorization).not.toBe(used.headers.authorization);
    expect(newer?.version).toBe(2);
    // A brand-new one that is refused too means the call.
    expect(await renewCredential(stand.gateway, integration, await stand.admitted(id), newer as never)).toBeUndefined();
    expect(server.granted).toBe(2);
  });

  it('is asked for again where the process that asked died, since asking does no harm', async () => {
    const { id } = await connect('machines');
    pass(3_700);
    await takeLease(stand.gateway.db, stand.gateway.clock, { id, version: 1, holder: 'dead', seconds: 1 });
    pass(2);
    expect(await tokenOf(stand.gateway, 'machines', id)).toMatch(/^Bearer /);
    expect(await stand.admitted(id)).toMatchObject({ status: 'connected', credentialVersion: 2 });
  });

  it.each(['invalid_client', 'invalid_grant', 'unauthorized_client', 'gone'])(
    'ends the connection where the server says %s',
    async (error) => {
      answerToken({ access_token: 'at', expires_in: 100 });
      const { id } = await connect('odd');
      pass(200);
      answerToken({ error, error_description: `${given.client_secret} is wrong` }, 400);
      await expect(tokenOf(stand.gateway, 'odd', id)).rejects.toMatchObject({ code: 'token_expired' });
      expect(await stand.admitted(id)).toMatchObject({ status: 'reconnect_needed', statusReason: error });
    },
  );

  it.each([
    [500, {}, 'upstream_unreachable'],
    [429, {}, 'upstream_unreachable'],
    [400, { error: 'temporarily_unavailable' }, 'upstream_unreachable'],
    [400, { error: 'invalid_scope' }, 'upstream_unexpected'],
    [200, {}, 'upstream_unexpected'],
  ])('keeps the connection where the server answers %i %j', async (status, body, code) => {
    answerToken({ access_token: 'at', expires_in: 100 });
    const { id } = await connect('odd');
    pass(200);
    answerToken(body, status);
    await expect(tokenOf(stand.gateway, 'odd', id)).rejects.toMatchObject({ code });
    answerToken({ access_token: 'at-2' });
    expect(await tokenOf(stand.gateway, 'odd', id)).toBe('Bearer at-2');
  });

  it('goes on being used for its last minute where the server is away', async () => {
    answerToken({ access_token: 'at', expires_in: 100 });
    const { id } = await connect('odd');
    pass(70);
    answerToken({}, 503);
    expect(await tokenOf(stand.gateway, 'odd', id)).toBe('Bearer at');
  });
});

describe('a token answer', () => {
  it.each([1e308, '99999999999999999999', -5, 0, 'soon', null, {}])(
    'that says expires_in %j is taken for as good as it can be',
    async (seconds) => {
      answerToken({ access_token: 'at', expires_in: seconds, token_type: 'BEARER' });
      const { id } = await connect('odd');
      expect(await tokenOf(stand.gateway, 'odd', id)).toBe('Bearer at');
      const { accessExpiresAt } = await stand.admitted(id);
      if (accessExpiresAt) expect(accessExpiresAt.getTime()).toBeLessThan(Date.now() + 3_651 * 86_400_000);
    },
  );

  it.each<[string, string]>([
    ['an object', '{"toString":1}'],
    ['a list of objects', '[{"toString":1},"a"]'],
    ['lists in lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('whose scopes are %s connects all the same', async (_what, scope) => {
    upstream.json(`{"access_token":"at","scope":${scope}}`);
    const { id } = await connect('odd');
    expect(await tokenOf(stand.gateway, 'odd', id)).toBe('Bearer at');
  });

  it.each(['mac', 'DPoP', 'N_A'])('with a token of the type %s connects nothing', async (type) => {
    answerToken({ access_token: 'at', token_type: type });
    await expect(connect('odd')).rejects.toMatchObject({ code: 'upstream_unexpected', message: expect.stringContaining(`"${type}"`) });
  });

  it.each(['a\nb: c', 'ä', '', 7, { a: 1 }, 'a\r\nx-evil: 1'])('with the token %j connects nothing', async (token) => {
    answerToken({ access_token: token });
    await expect(connect('odd')).rejects.toMatchObject({ code: 'upstream_unexpected' });
  });

  it('that redirects takes the secret nowhere', async () => {
    const elsewhere = await Upstream.start();
    upstream.answer(307, { location: `${elsewhere.origin}/token` });
    await expect(connect('odd')).rejects.toMatchObject({ code: 'upstream_unexpected' });
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
  });
});

const poisons = [
  'https://evil.example',
  'https://acme.placed.example.evil.example',
  'https://acme.placed.example@evil.example',
  'https://127.0.0.1',
  'https://{instance}.placed.example',
];

it.each(poisons)('a token answer that names the host %s connects nothing, and moves no connection there later', async (poison) => {
  answerToken({ access_token: 'at', instance_url: poison });
  await expect(connect('placed')).rejects.toMatchObject({ code: 'upstream_unexpected' });
  answerToken({ access_token: 'at', instance_url: 'https://acme.placed.example', expires_in: 100 });
  const { id } = await connect('placed');
  pass(200);
  answerToken({ access_token: 'at-2', instance_url: poison });
  const renewed = await credentialFor(stand.gateway, stand.integration('placed'), await stand.admitted(id));
  expect(renewed).toMatchObject({ headers: { authorization: 'Bearer at-2' }, variables: { instance: 'acme.placed.example' } });
});

it('neither secret nor token is kept where it can be read, and both stay when data keys change', async () => {
  const { id } = await connect('machines');
  const before = await tokenOf(stand.gateway, 'machines', id);
  await stand.gateway.vault.addDataKey(stand.gateway.db);
  await stand.gateway.vault.reload();
  expect(await resealCredentials(stand.gateway, 100)).toBeGreaterThan(0);
  expect((await stand.admitted(id)).credential.startsWith(`${stand.gateway.vault.currentVersion}.`)).toBe(true);
  expect(await tokenOf(stand.gateway, 'machines', id)).toBe(before);
  const { db } = stand.gateway;
  const tables = await sql<{
    name: string;
  }>`select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db);
  const rows = await Promise.all(tables.rows.map(({ name }) => sql`select * from ${sql.id(name)}`.execute(db)));
  const kept = JSON.stringify(rows.map((result) => result.rows)) + stand.log.join('\n');
  expect(kept).toContain(machine.client_id);
  for (const secret of [machine.client_secret, ...server.used]) expect(kept).not.toContain(secret);
});
