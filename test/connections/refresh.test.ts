/** Refreshes: when, at whose cost, and what the provider's answers do. One file, since every test sets the answers of the same provider. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { IntegrationSettings } from '../../src/core/config/integration-settings.ts';
import type { Gateway } from '../../src/core/context.ts';
import type { Outbound, OutboundRequest } from '../../src/core/outbound/outbound.ts';
import { disconnect } from '../../src/domains/connections/change-connection.ts';
import { credentialFor, renewCredential } from '../../src/domains/connections/connections.ts';
import { refreshIdleConnections } from '../../src/domains/connections/credential/idle-refresh.ts';
import { finishRefreshes } from '../../src/domains/connections/credential/refresh.ts';
import { takeLease } from '../../src/domains/connections/credential/refresh-store.ts';
import { Upstream } from '../support/upstream.ts';
import { makeIntegration, openStandGateway } from './gateway.ts';
import { type OAuthSeed, seedOAuthConnection } from './seed.ts';
import { createStand, type Stand } from './stand.ts';

let stand: Stand;
/** Another process of the same installation. */
let other: Gateway;
let upstream: Upstream;
let forgeSettings: IntegrationSettings;
let tokenRequests: URLSearchParams[];
let revoked: string[];
/** What the token endpoint answers next. */
let tokenAnswer: { status: number; body: unknown };

const oauth2 = {
  type: 'oauth2',
  authorize_url: 'https://forge.example/authorize',
  token_url: 'https://forge.example/token',
  register: { url: 'https://forge.example/apps', how: 'Register an app.' },
  scopes: {},
  refresh: { idle_days: 30, final_errors: ['token_gone'] },
  revocation: { url: 'https://forge.example/revoke', style: 'rfc7009' },
};

beforeAll(async () => {
  upstream = await Upstream.start();
  const settings = { baseUrl: upstream.origin, clientId: 'client', clientSecret: 'secret', tokenUrl: `${upstream.origin}/token` };
  forgeSettings = settings;
  const integrations = [
    makeIntegration('forge', { auth: [oauth2] }, settings),
    makeIntegration('steady', { auth: [{ ...oauth2, refresh: { reusable: true, send_scope: true } }] }, settings),
    makeIntegration('bare', { auth: [oauth2] }),
  ];
  const all = { forge: settings, steady: settings };
  stand = await createStand(integrations, all);
  other = await openStandGateway(stand.databaseUrl, stand.masterKey, integrations, all);
});

afterAll(async () => {
  await other.outbound.close();
  await other.database.close();
  await stand.close();
  await upstream.close();
});

beforeEach(() => {
  upstream.reset();
  stand.gateway.clock.offsetMs = 0;
  tokenRequests = [];
  revoked = [];
  tokenAnswer = { status: 200, body: { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 3600 } };
  upstream.play = async (request, response) => {
    const form = new URLSearchParams(request.body.toString());
    if (request.target === '/revoke') revoked.push(form.get('token') as string);
    else tokenRequests.push(form);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { status, body } = request.target === '/token' ? tokenAnswer : { status: 200, body: {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
});

async function seed(options: Partial<OAuthSeed> = {}) {
  const ada = await stand.addUser();
  const id = await seedOAuthConnection(stand.gateway, { userId: ada.userId, integration: 'forge', ...options });
  return { ada, id, connection: await stand.admitted(id) };
}

const forge = () => stand.integration('forge');
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('ahead of expiry', () => {
  it('a token with less than a minute left is renewed, one with more is used as it is', async () => {
    const fresh = await seed({ expiresInSeconds: 90 });
    expect(await credentialFor(stand.gateway, forge(), fresh.connection)).toMatchObject({ version: 1, ...bearer('at-1') });
    expect(tokenRequests).toEqual([]);
    const { id, connection } = await seed({ leftSeconds: 50, expiresInSeconds: 3600 });
    expect(await credentialFor(stand.gateway, forge(), connection)).toMatchObject({ version: 2, ...bearer('at-2') });
    expect(Object.fromEntries(tokenRequests[0] as URLSearchParams)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'rt-1',
      client_id: 'client',
      client_secret: 'secret',
    });
    const row = await stand.admitted(id);
    expect(row).toMatchObject({ credentialVersion: 2, refreshHolder: null, refreshUntil: null });
    expect(row.accessExpiresAt?.getTime()).toBeGreaterThan(Date.now() + 3500_000);
  });

  it('a provider that is away costs no call while the token still works', async () => {
    tokenAnswer = { status: 503, body: {} };
    const { id, connection } = await seed({ leftSeconds: 50, expiresInSeconds: 3600 });
    expect(await credentialFor(stand.gateway, forge(), connection)).toMatchObject({ version: 1, ...bearer('at-1') });
    stand.gateway.clock.offsetMs = 51_000;
    await expect(credentialFor(stand.gateway, forge(), await stand.admitted(id))).rejects.toMatchObject({ code: 'upstream_unreachable' });
    tokenAnswer = { status: 200, body: { access_token: 'at-2', expires_in: 3600 } };
    expect(await credentialFor(stand.gateway, forge(), await stand.admitted(id))).toMatchObject({ version: 2, ...bearer('at-2') });
  });

  it('an OAuth client that is not set any more costs no call while the token still works, and is named afterwards', async () => {
    const { id, connection } = await seed({ integration: 'bare', leftSeconds: 50, expiresInSeconds: 3600 });
    const bare = stand.integration('bare');
    expect(await credentialFor(stand.gateway, bare, connection)).toMatchObject({ version: 1, ...bearer('at-1') });
    stand.gateway.clock.offsetMs = 51_000;
    const late = credentialFor(stand.gateway, bare, await stand.admitted(id));
    await expect(late).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('SKILLETT_BARE_CLIENT_ID') });
    expect(await stand.admitted(id)).toMatchObject({ status: 'connected', refreshHolder: null });
    expect(tokenRequests).toEqual([]);
  });

  it('a token that has run out without a refresh token asks for a reconnect', async () => {
    const { id, connection } = await seed({ leftSeconds: -1, refreshToken: null });
    await expect(credentialFor(stand.gateway, forge(), connection)).rejects.toMatchObject({
      code: 'token_expired',
      message: 'Token expired and refresh failed. Please reconnect.',
      action: '/dashboard/integrations/forge',
    });
    expect(await stand.admitted(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'expired' });
    const young = await seed({ leftSeconds: 30, expiresInSeconds: 3600, refreshToken: null });
    expect(await credentialFor(stand.gateway, forge(), young.connection)).toMatchObject(bearer('at-1'));
    expect(tokenRequests).toEqual([]);
  });
});

describe('after an upstream 401', () => {
  it('the token is renewed once for all callers of all processes, and a caller that is behind takes what is there', async () => {
    const { connection } = await seed({ expiresInSeconds: 3600 });
    const used = await credentialFor(stand.gateway, forge(), connection);
    const renewed = await Promise.all(
      Array.from({ length: 60 }, (_, at) => renewCredential(at % 2 === 0 ? stand.gateway : other, forge(), connection, used)),
    );
    expect(new Set(renewed.map((credential) => JSON.stringify(credential)))).toEqual(
      new Set([JSON.stringify({ version: 2, variables: {}, headers: { authorization: 'Bearer at-2' }, query: {}, path: {} })]),
    );
    expect(tokenRequests).toHaveLength(1);
    expect(await renewCredential(other, forge(), connection, used)).toMatchObject({ version: 2 });
    expect(tokenRequests).toHaveLength(1);
  });

  it('to a token that is brand-new, there is nothing newer to try', async () => {
    const { connection } = await seed({ expiresInSeconds: 3600 });
    const first = await renewCredential(stand.gateway, forge(), connection, await credentialFor(stand.gateway, forge(), connection));
    expect(await renewCredential(stand.gateway, forge(), connection, first as never)).toBeUndefined();
    stand.gateway.clock.offsetMs = 11_000;
    tokenAnswer.body = { access_token: 'at-3' };
    expect(await renewCredential(stand.gateway, forge(), connection, first as never)).toMatchObject({ version: 3, ...bearer('at-3') });
  });

  it('without a refresh token there is nothing newer to try', async () => {
    const { id, connection } = await seed({ refreshToken: null });
    const used = await credentialFor(stand.gateway, forge(), connection);
    expect(await renewCredential(stand.gateway, forge(), connection, used)).toBeUndefined();
    expect(await stand.admitted(id)).toMatchObject({ status: 'connected' });
  });
});

describe('what the provider answers', () => {
  it('without expires_in and refresh_token keeps the old lifetime and the old refresh token', async () => {
    tokenAnswer.body = { access_token: 'at-2' };
    const { id, connection } = await seed({ leftSeconds: -1, expiresInSeconds: 600, providerScopes: ['a'] });
    await credentialFor(stand.gateway, forge(), connection);
    const row = await stand.admitted(id);
    const leftMs = (row.accessExpiresAt as Date).getTime() - Date.now();
    expect(leftMs).toBeGreaterThan(590_000);
    expect(leftMs).toBeLessThan(610_000);
    expect(row.providerScopes).toEqual(['a']);
    stand.gateway.clock.offsetMs = 601_000;
    await credentialFor(stand.gateway, forge(), row);
    expect(tokenRequests.map((form) => form.get('refresh_token'))).toEqual(['rt-1', 'rt-1']);
  });

  it('with narrower scopes replaces those of the connection, and scopes are sent where the recipe says so', async () => {
    tokenAnswer.body = { access_token: 'at-2', expires_in: 60, scope: 'b' };
    const { id, connection } = await seed({ integration: 'steady', leftSeconds: -1, expiresInSeconds: 600, providerScopes: ['a', 'b'] });
    await credentialFor(stand.gateway, stand.integration('steady'), connection);
    expect(tokenRequests[0]?.get('scope')).toBe('a b');
    expect((await stand.admitted(id)).providerScopes).toEqual(['b']);
  });

  it.each([
    ['invalid_grant', 400],
    ['invalid_grant', 200],
    ['token_gone', 200],
  ])('%s with status %i marks the connection, and no call asks again', async (error, status) => {
    tokenAnswer = { status, body: { error, error_description: 'rt-1 was revoked' } };
    const { id, connection } = await seed({ leftSeconds: -1 });
    await expect(credentialFor(stand.gateway, forge(), connection)).rejects.toMatchObject({ code: 'token_expired' });
    const row = await stand.admitted(id);
    expect(row).toMatchObject({ status: 'reconnect_needed', statusReason: error, refreshHolder: null });
    await expect(credentialFor(stand.gateway, forge(), row)).rejects.toMatchObject({ code: 'token_expired' });
    await expect(credentialFor(stand.gateway, forge(), connection)).rejects.toMatchObject({ code: 'token_expired' });
    expect(tokenRequests).toHaveLength(1);
    const audit = await stand.gateway.db.selectFrom('auditRows').selectAll().where('target', '=', id).execute();
    expect(audit).toMatchObject([{ action: 'connection.reconnect_needed', actor: 'system', details: { reason: error } }]);
  });

  it.each([
    [{ status: 503, body: {} }, 'upstream_unreachable'],
    [{ status: 429, body: { error: 'slow' } }, 'upstream_unreachable'],
    [{ status: 400, body: { error: 'temporarily_unavailable' } }, 'upstream_unreachable'],
    [{ status: 401, body: { error: 'invalid_client' } }, 'upstream_unexpected'],
    [{ status: 200, body: { nothing: true } }, 'upstream_unexpected'],
  ])('%j keeps the connection and answers %s', async (answer, code) => {
    tokenAnswer = answer;
    const { id, connection } = await seed({ leftSeconds: -1 });
    await expect(credentialFor(stand.gateway, forge(), connection)).rejects.toMatchObject({ code });
    expect(await stand.admitted(id)).toMatchObject({ status: 'connected', credentialVersion: 1, refreshHolder: null });
    tokenAnswer = { status: 200, body: { access_token: 'at-2' } };
    expect(await credentialFor(stand.gateway, forge(), connection)).toMatchObject(bearer('at-2'));
  });

  it('no answer at all keeps the connection too', async () => {
    upstream.play = (_request, response) => void response.destroy();
    const { id, connection } = await seed({ leftSeconds: -1 });
    await expect(credentialFor(stand.gateway, forge(), connection)).rejects.toMatchObject({ code: 'upstream_unreachable' });
    expect(await stand.admitted(id)).toMatchObject({ status: 'connected', refreshHolder: null });
  });

  it('an answer that does not come in time keeps the connection, and the call is not made', async () => {
    const { gateway } = stand;
    const impatient = {
      ...gateway,
      outbound: {
        send: (request: OutboundRequest) => gateway.outbound.send({ ...request, timeoutMs: request.timeoutMs / 100 }),
      } as Outbound,
    };
    upstream.play = () => {};
    const { id, connection } = await seed({ leftSeconds: -1 });
    await expect(credentialFor(impatient, forge(), connection)).rejects.toMatchObject({
      code: 'upstream_unreachable',
      message: 'The sign-in service of forge did not answer in time. The call was not made; try it again later.',
    });
    expect(await stand.admitted(id)).toMatchObject({ status: 'connected', credentialVersion: 1, refreshHolder: null });
  });

  it('never shows in logs, with the tokens it holds', async () => {
    tokenAnswer = { status: 400, body: { error: 'invalid_client', error_description: 'planted-echo' } };
    const { connection } = await seed({ leftSeconds: -1, accessToken: 'planted-at', refreshToken: 'planted-rt' });
    const error = await credentialFor(stand.gateway, forge(), connection).catch((thrown: unknown) => thrown);
    stand.gateway.log.error({ err: error }, 'as the door logs it');
    expect(stand.log.join()).toContain('as the door logs it');
    expect(stand.log.join()).not.toContain('planted');
  });
});

describe('a lease', () => {
  const leaseOf = (id: string) => takeLease(stand.gateway.db, stand.gateway.clock, { id, version: 1, holder: 'dead', seconds: 30 });

  it('that lapsed with a token that works once asks for a reconnect, and the token is not sent again', async () => {
    const { id, connection } = await seed({ leftSeconds: -1 });
    expect(await leaseOf(id)).toBeDefined();
    expect(await leaseOf(id)).toBeUndefined();
    stand.gateway.clock.offsetMs = 31_000;
    await expect(credentialFor(stand.gateway, forge(), connection)).rejects.toMatchObject({ code: 'token_expired' });
    expect(await stand.admitted(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'refresh_interrupted' });
    expect(tokenRequests).toEqual([]);
  });

  it('that lapsed with a token that may be used again is taken over', async () => {
    const { id, connection } = await seed({ integration: 'steady', leftSeconds: -1 });
    await leaseOf(id);
    stand.gateway.clock.offsetMs = 31_000;
    expect(await credentialFor(stand.gateway, stand.integration('steady'), connection)).toMatchObject(bearer('at-2'));
    expect(tokenRequests).toHaveLength(1);
  });

  it('of a holder that is slow is waited for', async () => {
    const { id, connection } = await seed({ leftSeconds: -1 });
    await leaseOf(id);
    const waiting = credentialFor(stand.gateway, forge(), connection);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(tokenRequests).toEqual([]);
    await stand.gateway.db.updateTable('connections').set({ refreshHolder: null, refreshUntil: null }).where('id', '=', id).execute();
    expect(await waiting).toMatchObject(bearer('at-2'));
  });
});

describe('what happens while the provider answers', () => {
  it('a process that stops waits for it, although no caller does any more, and begins no other', async () => {
    const { id, connection } = await seed({ leftSeconds: -1 });
    const later = await seed({ leftSeconds: -1 });
    const stopping = await openStandGateway(stand.databaseUrl, stand.masterKey, [forge()], { forge: forgeSettings });
    try {
      // As a background job would, whose gateway is another object.
      void credentialFor({ ...stopping }, forge(), connection);
      while (tokenRequests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await stand.admitted(id)).toMatchObject({ credentialVersion: 1 });
      await finishRefreshes(stopping);
      expect(await stand.admitted(id)).toMatchObject({ credentialVersion: 2, refreshHolder: null });
      await expect(credentialFor(stopping, forge(), later.connection)).rejects.toMatchObject({ code: 'unavailable' });
      expect(tokenRequests).toHaveLength(1);
    } finally {
      await stopping.outbound.close();
      await stopping.database.close();
    }
    expect(await credentialFor(stand.gateway, forge(), later.connection)).toMatchObject({ version: 2 });
  });

  it('a reconnect is not overwritten by the token that was on its way', async () => {
    const { ada, id, connection } = await seed({ leftSeconds: -1 });
    const play = upstream.play;
    upstream.play = async (request, response, incoming) => {
      await seedOAuthConnection(stand.gateway, { userId: ada.userId, integration: 'forge', accessToken: 'at-new', over: id });
      return play(request, response, incoming);
    };
    expect(await credentialFor(stand.gateway, forge(), connection)).toMatchObject({ version: 2, ...bearer('at-new') });
  });

  it('a database that is away for a moment does not cost the connection', async () => {
    const { id, connection } = await seed({ leftSeconds: -1 });
    let failures = 0;
    const db = stand.gateway.db.withPlugin({
      transformQuery: ({ node }) => {
        if (tokenRequests.length > 0 && node.kind === 'UpdateQueryNode' && failures < 2) {
          failures += 1;
          throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        }
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    expect(await credentialFor({ ...stand.gateway, db }, forge(), connection)).toMatchObject(bearer('at-2'));
    expect(failures).toBe(2);
    expect(await stand.admitted(id)).toMatchObject({ credentialVersion: 2, status: 'connected' });
    expect(tokenRequests).toHaveLength(1);
  });

  it('a disconnect wins, and the token that nobody holds is revoked', async () => {
    const { ada, id, connection } = await seed({ leftSeconds: -1 });
    const play = upstream.play;
    upstream.play = async (request, response, incoming) => {
      if (request.target === '/token') await disconnect(stand.gateway, ada, id, 'req_1');
      return play(request, response, incoming);
    };
    await expect(credentialFor(stand.gateway, forge(), connection)).rejects.toMatchObject({ code: 'integration_not_connected' });
    expect(revoked).toEqual(['at-1', 'at-2']);
  });

  it('a freeze holds back the new token', async () => {
    const { id, connection } = await seed({ leftSeconds: -1 });
    const play = upstream.play;
    upstream.play = async (request, response, incoming) => {
      await stand.gateway.db.updateTable('connections').set({ frozenAt: new Date() }).where('id', '=', id).execute();
      return play(request, response, incoming);
    };
    await expect(credentialFor(stand.gateway, forge(), connection)).rejects.toMatchObject({ code: 'connection_frozen' });
    expect(await stand.admitted(id)).toMatchObject({ credentialVersion: 2, status: 'connected' });
  });
});

it('idle connections are refreshed before their provider forgets them, and only those', async () => {
  await stand.gateway.db.deleteFrom('connections').execute();
  const idle = await seed({ idleDays: 16, expiresInSeconds: 3600 });
  const active = await seed({ idleDays: 14, expiresInSeconds: 3600 });
  const lasting = await seed({ idleDays: 100, refreshToken: null });
  expect(await refreshIdleConnections(stand.gateway)).toBe(1);
  expect(await stand.admitted(idle.id)).toMatchObject({ credentialVersion: 2 });
  for (const { id } of [active, lasting]) expect(await stand.admitted(id)).toMatchObject({ credentialVersion: 1, status: 'connected' });
  expect(await refreshIdleConnections(stand.gateway)).toBe(0);
});

it('an idle connection that its provider refuses in an odd way keeps no other from being refreshed; one that is away is not asked for all', async () => {
  await stand.gateway.db.deleteFrom('connections').execute();
  const odd = await seed({ idleDays: 17, expiresInSeconds: 3600, refreshToken: 'rt-odd' });
  const sound = await Promise.all([1, 2, 3].map(() => seed({ idleDays: 16, expiresInSeconds: 3600 })));
  const play = upstream.play;
  upstream.play = (request, response, incoming) => {
    tokenAnswer = request.body.includes('rt-odd')
      ? { status: 400, body: { error: 'account_suspended' } }
      : { status: 200, body: { access_token: 'at-2', refresh_token: 'rt-2' } };
    return play(request, response, incoming);
  };
  expect(await refreshIdleConnections(stand.gateway)).toBe(3);
  for (const { id } of sound) expect(await stand.admitted(id)).toMatchObject({ credentialVersion: 2 });
  expect(await stand.admitted(odd.id)).toMatchObject({ credentialVersion: 1, status: 'connected', refreshHolder: null });

  await Promise.all([1, 2, 3, 4].map(() => seed({ idleDays: 16, expiresInSeconds: 3600 })));
  tokenRequests.length = 0;
  tokenAnswer = { status: 503, body: {} };
  upstream.play = play;
  expect(await refreshIdleConnections(stand.gateway)).toBe(0);
  expect(tokenRequests).toHaveLength(3);
});

it('an idle connection whose credential does not open is logged and keeps no other from being refreshed', async () => {
  await stand.gateway.db.deleteFrom('connections').execute();
  const broken = await seed({ idleDays: 17, expiresInSeconds: 3600 });
  const sound = await seed({ idleDays: 16, expiresInSeconds: 3600 });
  await stand.gateway.db
    .updateTable('connections')
    .set({ credential: '1.AAAA' as never })
    .where('id', '=', broken.id)
    .execute();
  expect(await refreshIdleConnections(stand.gateway)).toBe(1);
  expect(await stand.admitted(sound.id)).toMatchObject({ credentialVersion: 2 });
  expect(stand.log.some((line) => line.includes(broken.id) && line.includes('could not be refreshed'))).toBe(true);
  // Nothing was sent for it, so nothing was interrupted.
  expect(await stand.admitted(broken.id)).toMatchObject({ status: 'connected', refreshHolder: null });
});
