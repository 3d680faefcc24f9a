/**
 * Consent, from its start to the end of the grant. The file is long because all blocks share one provider, whose answers they bend,
 * and one installation, which takes longer to set up than most blocks to run.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handleOAuthCallback } from '../../src/app/pages/oauth-callback.ts';
import type { SkillettError } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import type { Principal } from '../../src/core/principal.ts';
import { generateKey } from '../../src/domains/api-keys/api-keys.ts';
import { disconnect } from '../../src/domains/connections/change-connection.ts';
import { credentialFor, requireProviderScopes } from '../../src/domains/connections/connections.ts';
import { openConsent } from '../../src/domains/connections/consent/consent-browser.ts';
import { type Consent, findConsent } from '../../src/domains/connections/consent/consent-store.ts';
import { endExpiredConsents } from '../../src/domains/connections/consent/end-consents.ts';
import { findConnectionView, listConnections } from '../../src/domains/connections/list-connections.ts';
import { setOAuthClient } from '../../src/domains/connections/oauth2/oauth-clients.ts';
import { startConnection } from '../../src/domains/connections/start-connection.ts';
import { Upstream } from '../support/upstream.ts';
import { makeIntegration } from './gateway.ts';
import { createStand, type Stand } from './stand.ts';

let stand: Stand;
let upstream: Upstream;
/** What the provider was asked at its token endpoint, and which tokens it was told to revoke. */
let tokenRequests: URLSearchParams[];
let revoked: string[];
/** The account that consents next. */
let account: string;
let ada: Principal;

const register = { url: 'https://forge.example/apps', how: 'Register an app.' };
const oauth2 = {
  type: 'oauth2',
  authorize_url: 'https://forge.example/authorize?audience=api',
  token_url: 'https://forge.example/token',
  register,
  scopes: {
    all: { description: 'Everything.', implies: ['things:write'] },
    'things:write': { description: 'Write.', implies: ['things:read'] },
    'things:read': { description: 'Read.' },
    admin: { description: 'Administer.' },
  },
  always_scopes: ['profile'],
  authorize_parameters: { prompt: 'consent' },
  revocation: { url: 'https://forge.example/revoke', style: 'rfc7009' },
};

beforeAll(async () => {
  upstream = await Upstream.start();
  const settings = {
    baseUrl: upstream.origin,
    clientId: 'client',
    clientSecret: 'secret',
    authorizeUrl: `${upstream.origin}/authorize?audience=api`,
    tokenUrl: `${upstream.origin}/token`,
  };
  const endpoints = {
    list_things: { provider_scopes: [['things:read', 'all']] },
    make_thing: { method: 'POST', provider_scopes: ['things:write'] },
  };
  const bare = { ...settings, clientId: '', clientSecret: '' };
  stand = await createStand(
    [
      makeIntegration('forge', { auth: [oauth2] }, settings, endpoints),
      makeIntegration('mill', { auth: [{ ...oauth2, issuer: 'https://forge.example/' }] }, { baseUrl: upstream.origin }, {}),
      makeIntegration('quarry', { auth: [oauth2] }),
      makeIntegration('bare', { auth: [oauth2, { type: 'bearer', how: 'Make a token.' }] }, bare),
    ],
    {
      forge: settings,
      mill: { clientId: 'client', clientSecret: 'secret', tokenUrl: `${upstream.origin}/token` },
      quarry: { extraScopes: ['admin'] },
    },
  );
});

afterAll(async () => {
  await stand.close();
  await upstream.close();
});

beforeEach(async () => {
  upstream.reset();
  tokenRequests = [];
  revoked = [];
  account = 'ada';
  upstream.play = (request, response) => {
    const answer = (body: unknown, status = 200) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const form = new URLSearchParams(request.body.toString());
    if (request.target === '/token') {
      tokenRequests.push(form);
      return answer({ access_token: `at-${account}`, refresh_token: `rt-${account}`, expires_in: 3600, scope: 'profile things:read' });
    }
    if (request.target === '/revoke') {
      revoked.push(form.get('token') as string);
      return answer({});
    }
    return answer({ id: request.headers.authorization, login: request.headers.authorization?.replace('Bearer at-', '') });
  };
  // Each test starts in an installation with one user.
  await stand.gateway.db.deleteFrom('users').execute();
  ada = await stand.addUser();
});

/** In which browser a state was made, and for whom. */
const browsers = new Map<string, { cookie: string; starter: Principal }>();

/** Starts a consent and opens its link; `url` is the provider's page. */
async function start(principal = ada, options: { integration?: string; account?: string; scopes?: string[] } = {}) {
  const request = { integration: options.integration ?? 'forge', account: options.account, scopes: options.scopes, credentials: undefined };
  const started = await startConnection(stand.gateway, principal, request, 'req_1');
  expect(started.oauthUrl).toBe(`https://gateway.example/connect/${started.id}`);
  return { id: started.id, ...(await open(principal, started.id)) };
}

async function open(principal: Principal, id: string, cookie?: string) {
  const opened = await stand.open(principal, id, cookie);
  browsers.set(opened.url.searchParams.get('state') as string, { cookie: opened.cookie, starter: principal });
  return opened;
}

/** Comes back from the provider, in the browser that went there and as the starter unless another is given. */
function answer(url: URL, parameters: Record<string, string>, other: { session?: Principal | null; cookie?: string } = {}) {
  const state = url.searchParams.get('state') as string;
  const { cookie, starter } = browsers.get(state) as { cookie: string; starter: Principal };
  const session = other.session === undefined ? starter : other.session;
  return handleOAuthCallback(stand.gateway, {
    query: new URLSearchParams({ state, ...parameters }),
    cookie: other.cookie ?? cookie,
    findSession: async () => session ?? undefined,
    requestId: 'req_2',
  });
}

const view = (id: string, principal = ada) => findConnectionView(stand.gateway, principal, id);

describe('a consent', () => {
  it('starts at the provider with a state, an S256 challenge and the scopes that the endpoints need', async () => {
    const { id, url } = await start();
    expect(url.href.startsWith(`${upstream.origin}/authorize?audience=api&prompt=consent&response_type=code`)).toBe(true);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: 'client',
      redirect_uri: 'https://gateway.example/oauth/callback',
      scope: 'profile things:write',
      code_challenge_method: 'S256',
    });
    expect(Buffer.from(url.searchParams.get('state') as string, 'base64url')).toHaveLength(32);
    expect(await view(id)).toMatchObject({ status: 'pending', integration: 'forge', reason: null });
  });

  it('becomes a connection under the same id, redeemed with the verifier of its challenge', async () => {
    const { id, url } = await start();
    const page = await answer(url, { code: 'c1' });
    expect(page.status).toBe(200);
    expect(page.html).toContain('Forge is connected');
    const [asked] = tokenRequests;
    expect(Object.fromEntries(asked as URLSearchParams)).toMatchObject({
      grant_type: 'authorization_code',
      code: 'c1',
      redirect_uri: 'https://gateway.example/oauth/callback',
      client_id: 'client',
      client_secret: 'secret',
    });
    const challenge = createHash('sha256')
      .update(asked?.get('code_verifier') as string)
      .digest('base64url');
    expect(challenge).toBe(url.searchParams.get('code_challenge'));
    expect(await view(id)).toMatchObject({
      status: 'connected',
      connection: { id, account: 'ada', providerScopes: ['profile', 'things:read'] },
    });
    const injected = await credentialFor(stand.gateway, stand.integration('forge'), await stand.admitted(id));
    expect(injected.headers).toEqual({ authorization: 'Bearer at-ada' });
  });

  it('asks a bounded key only for what its endpoints need, and refuses it anything more', async () => {
    const narrow: Principal = { ...ada, kind: 'api_key', scopes: ['forge:read'] };
    expect((await start(narrow)).url.searchParams.get('scope')).toBe('profile things:read');
    await expect(start(narrow, { scopes: ['admin'] })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(start(ada, { scopes: ['nothing'] })).rejects.toMatchObject({ code: 'bad_request' });
    expect((await start(ada, { scopes: ['admin'] })).url.searchParams.get('scope')).toBe('profile admin');
  });

  it('that adds a scope keeps those that the account has', async () => {
    await answer((await start()).url, { code: 'c1' });
    expect((await start(ada, { scopes: ['admin'] })).url.searchParams.get('scope')).toBe('profile admin things:read');
  });

  it('of an account that is connected already renews it, also at the limit of the plan', async () => {
    ada = { ...ada, limits: { ...ada.limits, connections: 1 } };
    await stand.gateway.db.updateTable('users').set({ limits: '{"connections":1}' }).where('id', '=', ada.userId).execute();
    const first = await start();
    await answer(first.url, { code: 'c1' });
    const second = await start();
    expect((await answer(second.url, { code: 'c2' })).status).toBe(200);
    expect(await view(second.id)).toMatchObject({ id: second.id, status: 'connected', connection: { id: first.id, credentialVersion: 2 } });
    expect((await listConnections(stand.gateway, ada, { first: 10 })).total).toBe(1);

    account = 'bob';
    const third = await start();
    const page = await answer(third.url, { code: 'c3' });
    expect(page.html).toContain('Plan limit reached: maximum 1 connections.');
    expect(revoked).toEqual(['at-bob']);
    expect(await view(third.id)).toMatchObject({ status: 'error', reason: 'failed' });
  });

  it('does not give a name that belongs to another account, and leaves that account alone', async () => {
    await answer((await start()).url, { code: 'c1' });
    account = 'bob';
    const page = await answer((await start(ada, { account: 'ada' })).url, { code: 'c2' });
    expect(page.html).toContain('already belongs to another Forge account');
    expect(revoked).toEqual(['at-bob']);
  });

  it('whose account cannot be asked for ends its grant, unless that may be the grant of an account that is connected', async () => {
    const play = upstream.play;
    const away: typeof play = (request, response, incoming) =>
      request.target === '/me' ? void response.writeHead(503).end() : play(request, response, incoming);
    upstream.play = away;
    expect((await answer((await start()).url, { code: 'c1' })).status).toBe(400);
    expect(revoked).toEqual(['at-ada']);
    upstream.play = play;
    expect((await answer((await start()).url, { code: 'c2' })).status).toBe(200);
    upstream.play = away;
    expect((await answer((await start()).url, { code: 'c3' })).status).toBe(400);
    expect(revoked).toEqual(['at-ada']);
    expect((await listConnections(stand.gateway, ada, { first: 10 })).rows).toMatchObject([{ status: 'connected' }]);
  });

  it('cannot start beyond the plan when there is nothing it could renew', async () => {
    await expect(start({ ...ada, limits: { ...ada.limits, connections: 0 } })).rejects.toMatchObject({ code: 'plan_limit_reached' });
  });

  it('can be cancelled, and then ends in nothing', async () => {
    const { id, url } = await start();
    expect(await disconnect(stand.gateway, ada, id, 'req_1')).toEqual({ revoked: 'unsupported' });
    expect((await answer(url, { code: 'c1' })).status).toBe(400);
    expect(await view(id)).toBeUndefined();
    expect(tokenRequests).toEqual([]);
  });

  it('is cancelled by the narrow key that asked for it, or by a key for the whole integration, and by no other narrow one', async () => {
    const asker: Principal = { ...ada, kind: 'api_key', holderId: 'key_1', scopes: ['forge:read'] };
    const [one, two] = [await start(asker), await start(asker)];
    const other = { ...asker, holderId: 'key_2' };
    await expect(disconnect(stand.gateway, other, one.id, 'req_1')).rejects.toMatchObject({ code: 'forbidden' });
    expect(await view(one.id)).toMatchObject({ status: 'pending' });
    await disconnect(stand.gateway, asker, one.id, 'req_1');
    await disconnect(stand.gateway, { ...other, scopes: ['forge'] }, two.id, 'req_1');
    for (const { id } of [one, two]) expect(await view(id)).toBeUndefined();
  });

  it('that is cancelled while the code is redeemed leaves no token alive', async () => {
    const { id, url } = await start();
    const play = upstream.play;
    upstream.play = async (request, response, incoming) => {
      if (request.target === '/me') await disconnect(stand.gateway, ada, id, 'req_1');
      return play(request, response, incoming);
    };
    expect((await answer(url, { code: 'c1' })).html).toContain('cancelled');
    expect(revoked).toEqual(['at-ada']);
  });
});

it('a consent that is being finished when its time runs out is neither ended nor revoked by the sweep', async () => {
  const { id, url } = await start();
  const play = upstream.play;
  stand.gateway.clock.offsetMs = 595_000;
  try {
    upstream.play = async (request, response, incoming) => {
      if (request.target === '/token') {
        stand.gateway.clock.offsetMs = 610_000;
        await endExpiredConsents(stand.gateway);
      }
      return play(request, response, incoming);
    };
    expect((await answer(url, { code: 'c1' })).status).toBe(200);
  } finally {
    stand.gateway.clock.offsetMs = 0;
  }
  expect(await view(id)).toMatchObject({ status: 'connected' });
  expect(revoked).toEqual([]);
});

describe('a callback', () => {
  it('nobody asked for gets a calm page and a line in the log', async () => {
    const lines = stand.log.length;
    const query = new URLSearchParams({ state: 'made-up', code: '"><script>' });
    const page = await handleOAuthCallback(stand.gateway, { query, cookie: '', findSession: async () => undefined, requestId: 'req_3' });
    expect(page.status).toBe(400);
    expect(page.html).toContain('Nothing to finish here');
    expect(page.html).not.toContain('<script');
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(stand.log.slice(lines).join()).toContain('req_3');
    const bare = await handleOAuthCallback(stand.gateway, {
      query: new URLSearchParams(),
      cookie: '',
      findSession: async () => undefined,
      requestId: 'req_3',
    });
    expect(bare.status).toBe(400);
  });

  it('works once: a replay changes nothing, also when many come together', async () => {
    const { id, url } = await start();
    const pages = await Promise.all(Array.from({ length: 10 }, () => answer(url, { code: 'c1' })));
    expect(pages.map((page) => page.status).sort()).toEqual([200, ...Array(9).fill(400)]);
    expect(tokenRequests).toHaveLength(1);
    expect(await view(id)).toMatchObject({ status: 'connected' });
  });

  it('comes too late after ten minutes, and the consent says so', async () => {
    const { id, url } = await start();
    stand.gateway.clock.offsetMs = 599_000;
    expect(await view(id)).toMatchObject({ status: 'pending' });
    stand.gateway.clock.offsetMs = 601_000;
    try {
      expect((await answer(url, { code: 'c1' })).status).toBe(400);
      expect(await view(id)).toMatchObject({ status: 'error', reason: 'expired' });
      expect(await endExpiredConsents(stand.gateway)).toBeGreaterThan(0);
    } finally {
      stand.gateway.clock.offsetMs = 0;
    }
    expect(await view(id)).toMatchObject({ status: 'error', reason: 'expired' });
    expect(tokenRequests).toEqual([]);
  });

  it('tells a denial from a failure of the provider', async () => {
    const denied = await start();
    const words = 'The <user>\u202e has \u{e0041}denied\n\nyour "application"';
    const refused = await answer(denied.url, { error: 'access_denied', error_description: words });
    expect(refused.html).toContain('was declined');
    expect(refused.html).toContain('In the words of Forge:');
    expect(refused.html).toContain('<blockquote>access_denied: The &lt;user&gt; has denied your &quot;application&quot;</blockquote>');
    expect(await view(denied.id)).toMatchObject({ status: 'error', reason: 'denied' });
    const failed = await start();
    const page = await answer(failed.url, { error: 'server_error', error_description: '<b>down</b>' });
    expect(page.html).toContain('<blockquote>server_error: &lt;b&gt;down&lt;/b&gt;</blockquote>');
    expect(await view(failed.id)).toMatchObject({ status: 'error', reason: 'failed' });
    const empty = await start();
    expect((await answer(empty.url, {})).status).toBe(400);
  });

  it('is refused when it names another issuer, and taken when it names the right one (RFC 9207)', async () => {
    const wrong = await start();
    expect((await answer(wrong.url, { code: 'c1', iss: 'https://evil.example' })).status).toBe(400);
    expect(tokenRequests).toEqual([]);
    expect((await answer((await start()).url, { code: 'c1', iss: `${upstream.origin}/` })).status).toBe(200);
    const named = await start(ada, { integration: 'mill' });
    expect((await answer(named.url, { code: 'c1', iss: 'https://forge.example' })).status).toBe(400);
    expect((await answer((await start(ada, { integration: 'mill' })).url, { code: 'c1', iss: 'https://forge.example/' })).status).toBe(200);
    expect(tokenRequests).toHaveLength(2);
  });

  it('fails when the provider refuses the code, cannot be reached, or names no account', async () => {
    for (const [body, status] of [
      ['{"error":"invalid_grant"}', 400],
      ['{"error":"invalid_grant","error_description":"old"}', 200],
      ['', 503],
      ['<html>', 200],
    ] as const) {
      upstream.answer(status, { 'content-type': 'application/json' }, body);
      const { id, url } = await start();
      expect((await answer(url, { code: 'c1' })).status).toBe(400);
      expect(await view(id)).toMatchObject({ status: 'error', reason: 'failed' });
    }
  });
});

it('a key that was revoked or has expired meanwhile connects nothing, and its grant is revoked', async () => {
  const key = generateKey();
  const keyId = newId('key');
  const row = { id: keyId, userId: ada.userId, parentId: null, name: 'k', keyPrefix: key.keyPrefix, keyHash: key.keyHash, scopes: ['*'] };
  await stand.gateway.db.insertInto('apiKeys').values(row).execute();
  const asKey: Principal = { ...ada, kind: 'api_key', holderId: keyId, keyId };
  const [kept, late, later] = [await start(asKey), await start(asKey), await start(asKey)];
  expect((await answer(kept.url, { code: 'c1' })).status).toBe(200);
  await stand.gateway.db.updateTable('apiKeys').set({ revokedAt: new Date() }).where('id', '=', keyId).execute();
  account = 'eve';
  expect((await answer(late.url, { code: 'c2' })).html).toContain('was revoked');
  expect(revoked).toEqual(['at-eve']);
  const expiry = { revokedAt: null, expiresAt: new Date(Date.now() - 1_000) };
  await stand.gateway.db.updateTable('apiKeys').set(expiry).where('id', '=', keyId).execute();
  expect((await answer(later.url, { code: 'c3' })).html).toContain('has expired');
  expect(revoked).toEqual(['at-eve', 'at-eve']);
  expect((await listConnections(stand.gateway, ada, { first: 10 })).total).toBe(1);
});

it('consents that failed are forgotten after a month, and those that connected are not', async () => {
  const [connected, failed] = [await start(), await start()];
  await answer(connected.url, { code: 'c1' });
  await answer(failed.url, { error: 'access_denied' });
  stand.gateway.clock.offsetMs = 31 * 86_400_000;
  try {
    await endExpiredConsents(stand.gateway);
  } finally {
    stand.gateway.clock.offsetMs = 0;
  }
  expect(await view(failed.id)).toBeUndefined();
  expect(await view(connected.id)).toMatchObject({ status: 'connected' });
});

describe('who finishes a consent', () => {
  const unchanged = { status: 'pending', reason: null };

  it('is the starter in the browser that opened it, where they are signed in', async () => {
    const { id, url } = await start();
    const page = await answer(url, { code: 'c1' });
    expect(page.html).toContain('Forge is connected');
    expect(page.html).toContain('https://gateway.example/dashboard/integrations/forge');
    expect(page.headers['set-cookie']).toBe(`__Host-skillett_${id}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure`);
    expect(await view(id)).toMatchObject({ status: 'connected' });
  });

  it('is nobody in another browser, also the only user there is, and also with the cookie of another consent', async () => {
    const [one, two] = [await start(), await start()];
    for (const cookie of ['', two.cookie, two.cookie.replace(two.id, one.id), `__Host-skillett_${one.id}=`]) {
      const page = await answer(one.url, { code: 'c1' }, { cookie });
      expect([page.status, page.headers['set-cookie']], cookie).toEqual([403, undefined]);
      expect(page.html).toContain('Another browser opened this link');
    }
    expect(tokenRequests).toEqual([]);
    expect(await view(one.id)).toMatchObject(unchanged);
    expect((await answer(one.url, { code: 'c1' }, { cookie: `a=b; ${two.cookie}; ${one.cookie}` })).status).toBe(200);
  });

  it('is nobody who is not signed in as the starter, however they came by the browser; a denial counts from them as little', async () => {
    const { id, url } = await start();
    const bob = await stand.addUser();
    const somebodyElse = await answer(url, { code: 'c1' }, { session: bob });
    expect([somebodyElse.status, somebodyElse.html]).toEqual([403, expect.stringContaining('signed in as somebody else')]);
    const signedOut = await answer(url, { error: 'access_denied' }, { session: null });
    expect([signedOut.status, signedOut.html]).toEqual([401, expect.stringContaining(`https://gateway.example/connect/${id}`)]);
    expect(tokenRequests).toEqual([]);
    expect(await view(id)).toMatchObject(unchanged);
    expect((await listConnections(stand.gateway, bob, { first: 10 })).total).toBe(0);
    expect((await answer(url, { code: 'c1' })).status).toBe(200);
  });

  it('opens it again in the same browser with the same state, and in another one with a new one, which alone counts then', async () => {
    const first = await start();
    const tab = await open(ada, first.id, first.cookie);
    expect([tab.url.href, tab.cookie]).toEqual([first.url.href, first.cookie]);
    const phone = await open(ada, first.id);
    for (const name of ['state', 'code_challenge']) expect(phone.url.searchParams.get(name)).not.toBe(first.url.searchParams.get(name));
    expect((await answer(first.url, { code: 'c1' })).status).toBe(400);
    expect((await answer(phone.url, { code: 'c2' }, { cookie: first.cookie })).status).toBe(403);
    expect((await answer(phone.url, { code: 'c3' })).status).toBe(200);
    expect(tokenRequests.map((form) => form.get('code'))).toEqual(['c3']);
  });

  it('is nobody after the link was opened by a narrow key’s consent without a person', async () => {
    const narrow: Principal = { ...ada, kind: 'api_key', holderId: 'key_1', scopes: ['forge:read'] };
    const request = { integration: 'forge', account: undefined, scopes: undefined, credentials: undefined };
    const { id } = await startConnection(stand.gateway, narrow, request, 'req_1');
    const consent = (await findConsent(stand.gateway.db, stand.gateway.clock, ada.userId, id)) as Consent;
    expect(consent.needsConfirmation).toBe(true);
    const opening = { secret: undefined, confirmedBy: undefined, requestId: 'req_1' };
    await expect(openConsent(stand.gateway, consent, opening)).rejects.toThrow('Nobody confirmed');
  });

  it('a consent of a user who has gone connects nothing', async () => {
    const { id, url } = await start();
    await stand.gateway.db.updateTable('users').set({ closedAt: new Date() }).where('id', '=', ada.userId).execute();
    await stand.addUser();
    expect((await answer(url, { code: 'c1' })).status).toBe(400);
    expect(revoked).toEqual(['at-ada']);
    expect(await view(id)).toMatchObject({ status: 'error' });
  });

  it('a user whose account is closed while the provider answers has nothing connected', async () => {
    const { id, url } = await start();
    const play = upstream.play;
    upstream.play = async (request, response, incoming) => {
      if (request.target === '/me')
        await stand.gateway.db.updateTable('users').set({ closedAt: new Date() }).where('id', '=', ada.userId).execute();
      return play(request, response, incoming);
    };
    expect((await answer(url, { code: 'c1' })).html).toContain('is not there any more');
    expect(revoked).toEqual(['at-ada']);
    expect(await view(id)).toMatchObject({ status: 'error', reason: 'failed' });
  });
});

describe('an OAuth client', () => {
  it('that nobody has set, where only a consent will do, is explained: where to register, what to paste, what to set', async () => {
    const error = (await start(ada, { integration: 'bare', scopes: ['admin'] }).catch((thrown: unknown) => thrown)) as SkillettError;
    expect(error.code).toBe('bad_request');
    expect(error.action).toBe('https://forge.example/apps');
    for (const part of [
      'https://forge.example/apps',
      'https://gateway.example/oauth/callback',
      'SKILLETT_BARE_CLIENT_ID',
      'SKILLETT_BARE_CLIENT_SECRET',
      'setOAuthClient',
    ])
      expect(error.message).toContain(part);
  });

  it('is set by an operator alone, kept sealed, and used with its further scopes', async () => {
    const { gateway } = stand;
    const client = { clientId: 'stored', clientSecret: 'planted-secret', extraScopes: ['offline'] };
    await expect(setOAuthClient(gateway, ada, 'bare', client, 'req_1')).rejects.toMatchObject({ code: 'forbidden' });
    const operator = { ...ada, scopes: ['*', 'operator'] };
    await expect(setOAuthClient(gateway, operator, 'bare', { clientId: 'stored' }, 'req_1')).rejects.toMatchObject({ code: 'bad_request' });
    await setOAuthClient(gateway, operator, 'bare', client, 'req_1');
    const { url } = await start(ada, { integration: 'bare' });
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ client_id: 'stored', scope: 'profile offline' });
    const rows = [
      await gateway.db.selectFrom('settings').selectAll().execute(),
      await gateway.db.selectFrom('auditRows').selectAll().where('action', '=', 'oauth_client.set').execute(),
    ];
    expect(rows[1]).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('planted-secret');
    await setOAuthClient(gateway, operator, 'bare', null, 'req_1');
    await expect(start(ada, { integration: 'bare' })).rejects.toMatchObject({ reason: 'failed' });
  });

  it('of the environment goes before the one that an operator stored, the id with its secret and the scopes each by itself', async () => {
    const { gateway } = stand;
    const operator = { ...ada, scopes: ['*', 'operator'] };
    const stored = { clientId: 'stored', clientSecret: 'stored-secret', extraScopes: ['offline'] };
    for (const slug of ['forge', 'quarry']) await setOAuthClient(gateway, operator, slug, stored, 'req_1');
    const forge = await start();
    expect(Object.fromEntries(forge.url.searchParams)).toMatchObject({ client_id: 'client', scope: 'profile offline things:write' });
    await answer(forge.url, { code: 'c1' });
    expect(tokenRequests[0]?.get('client_secret')).toBe('secret');
    const quarry = await start(ada, { integration: 'quarry' });
    expect(Object.fromEntries(quarry.url.searchParams)).toMatchObject({ client_id: 'stored', scope: 'profile admin' });
    for (const slug of ['forge', 'quarry']) await setOAuthClient(gateway, operator, slug, null, 'req_1');
  });
});

describe('scopes of the provider', () => {
  it('are added to the account that lacks them, not to the default', async () => {
    await answer((await start()).url, { code: 'c1' });
    account = 'bob';
    const work = await start(ada, { account: 'work' });
    await answer(work.url, { code: 'c2' });
    await stand.gateway.db
      .updateTable('connections')
      .set({ providerScopes: ['admin'] })
      .where('id', '=', work.id)
      .execute();
    const forge = stand.integration('forge');
    const connection = await stand.admitted(work.id);
    let error: SkillettError | undefined;
    try {
      requireProviderScopes(stand.gateway, forge.endpoints.get('list_things') as never, connection);
    } catch (thrown) {
      error = thrown as SkillettError;
    }
    expect(error?.action).toBe('/dashboard/integrations/forge?scopes=things%3Aread&account=work');
    const again = await start(ada, { account: 'work', scopes: ['things:read'] });
    expect(again.url.searchParams.get('scope')).toBe('profile things:read admin');
    expect((await answer(again.url, { code: 'c3' })).status).toBe(200);
    expect(await view(again.id)).toMatchObject({ connection: { id: work.id, account: 'work' } });
  });

  it('that were not granted are asked for by name and link; those implied by others are there', async () => {
    const { id, url } = await start();
    await answer(url, { code: 'c1' });
    const forge = stand.integration('forge');
    const connection = await stand.admitted(id);
    const need = (name: string, granted: string[] | null) =>
      requireProviderScopes(stand.gateway, forge.endpoints.get(name) as never, { ...connection, providerScopes: granted });
    expect(() => need('list_things', connection.providerScopes)).not.toThrow();
    expect(() => need('make_thing', ['all'])).not.toThrow();
    expect(() => need('make_thing', null)).not.toThrow();
    let error: SkillettError | undefined;
    try {
      need('make_thing', connection.providerScopes);
    } catch (thrown) {
      error = thrown as SkillettError;
    }
    expect(error).toMatchObject({ code: 'consent_required', action: '/dashboard/integrations/forge?scopes=things%3Awrite&account=ada' });
    expect(error?.message).toContain('`things:write`');
    // What the message and the link name adds the scope to this account, and takes none from it.
    const link = new URLSearchParams(error?.action?.split('?')[1]);
    const again = await start(ada, { account: link.get('account') as string, scopes: (link.get('scopes') as string).split(' ') });
    expect(again.url.searchParams.get('scope')).toBe('profile things:write things:read');
  });
});

it('disconnecting revokes at the provider and says whether that worked', async () => {
  const first = await start();
  await answer(first.url, { code: 'c1' });
  expect(await disconnect(stand.gateway, ada, first.id, 'req_1')).toEqual({ revoked: 'true' });
  expect(revoked).toEqual(['at-ada']);
  const second = await start();
  await answer(second.url, { code: 'c1' });
  upstream.json('{"error":"unsupported_token_type"}', 400);
  expect(await disconnect(stand.gateway, ada, second.id, 'req_1')).toEqual({ revoked: 'false' });
  expect((await listConnections(stand.gateway, ada, { first: 10 })).total).toBe(0);
  const audit = await stand.gateway.db
    .selectFrom('auditRows')
    .select(['action', 'details'])
    .where('userId', '=', ada.userId)
    .where('action', '=', 'connection.revoked')
    .orderBy('createdAt')
    .execute();
  expect(audit.map((row) => row.details)).toMatchObject([{ revoked: 'true' }, { revoked: 'false' }]);
});
