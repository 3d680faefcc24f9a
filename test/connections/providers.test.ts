/** The bundled recipes against what their providers answer, good and bad, as the providers document it. */

import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handleOAuthCallback } from '../../src/app/oauth-callback.ts';
import type { Principal } from '../../src/core/principal.ts';
import { disconnect } from '../../src/domains/connections/change-connection.ts';
import { credentialFor, requireProviderScopes } from '../../src/domains/connections/connections.ts';
import { findConnectionView } from '../../src/domains/connections/list-connections.ts';
import { startConnection } from '../../src/domains/connections/start-connection.ts';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';
import { type ReceivedRequest, Upstream } from '../support/upstream.ts';
import { createStand, type Stand } from './stand.ts';

type Answer = { status?: number; type?: string; body: unknown };

let stand: Stand;
let upstream: Upstream;
let ada: Principal;
/** Answers by the path that is asked, in turn; the last one stays. */
let answers: Record<string, Answer[]>;

beforeAll(async () => {
  upstream = await Upstream.start();
  const of = (base: string, token: string) => ({
    baseUrl: upstream.origin + base,
    tokenUrl: upstream.origin + token,
    clientId: 'the-client',
    clientSecret: 'the secret',
  });
  const settings = {
    github: of('', '/login/oauth/access_token'),
    gmail: of('/gmail/v1', '/token'),
    slack: of('/api', '/api/oauth.v2.access'),
    notion: of('/v1', '/v1/oauth/token'),
  };
  const catalogue = await loadCatalogue({
    bundledFolder: path.resolve(import.meta.dirname, '../../recipes'),
    extraFolder: undefined,
    integrations: new Map(Object.entries(settings)),
  });
  stand = await createStand(
    Object.keys(settings).flatMap((slug) => catalogue.find(slug) ?? []),
    settings,
  );
});

afterAll(async () => {
  await stand.close();
  await upstream.close();
});

beforeEach(async () => {
  upstream.reset();
  answers = {};
  upstream.play = (request, response) => {
    const queue = answers[new URL(request.target, upstream.origin).pathname];
    const answer = queue && (queue.length > 1 ? queue.shift() : queue[0]);
    const { status = 200, type = 'application/json', body } = answer ?? { status: 404, body: { message: 'no such path in this test' } };
    response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : body === null ? '' : JSON.stringify(body));
  };
  stand.gateway.clock.offsetMs = 0;
  await stand.gateway.db.deleteFrom('users').execute();
  ada = await stand.addUser();
});

async function consent(integration: string) {
  const request = { integration, account: undefined, scopes: undefined, credentials: undefined };
  const { id, oauthUrl } = await startConnection(stand.gateway, ada, request, 'req_1');
  const url = new URL(oauthUrl as string);
  const query = new URLSearchParams({ state: url.searchParams.get('state') as string, code: 'the-code' });
  const page = await handleOAuthCallback(stand.gateway, { query, findSession: async () => undefined, requestId: 'req_2' });
  return { id, url, page, view: await findConnectionView(stand.gateway, ada, id) };
}

const asked = (path: string): ReceivedRequest[] =>
  upstream.received.filter((request) => new URL(request.target, upstream.origin).pathname === path);
const form = (request: ReceivedRequest | undefined) => Object.fromEntries(new URLSearchParams(request?.body.toString()));
const basic = `Basic ${Buffer.from('the-client:the+secret').toString('base64')}`;

async function authorization(integration: string, id: string): Promise<string | undefined> {
  return (await credentialFor(stand.gateway, stand.integration(integration), await stand.admitted(id))).headers.authorization;
}

describe('GitHub', () => {
  const tokenPath = '/login/oauth/access_token';

  it('gives an OAuth app a token without end, with its scopes between commas', async () => {
    answers = {
      [tokenPath]: [{ body: { access_token: 'gho_1', scope: 'repo,gist', token_type: 'bearer' } }],
      '/user': [{ body: { login: 'octocat', id: 583231 } }],
      '/applications/the-client/token': [{ status: 204, body: null }],
    };
    const { id, url, view } = await consent('github');
    expect(url.origin + url.pathname).toBe('https://github.com/login/oauth/authorize');
    expect(url.searchParams.get('scope')).toContain('repo');
    expect(asked(tokenPath)[0]?.headers.accept).toBe('application/json');
    expect(form(asked(tokenPath)[0])).toMatchObject({ client_id: 'the-client', client_secret: 'the secret', code: 'the-code' });
    expect(asked('/user')[0]?.headers.authorization).toBe('Bearer gho_1');
    expect(view?.connection).toMatchObject({
      account: 'octocat',
      providerAccountId: '583231',
      providerScopes: ['repo', 'gist'],
      accessExpiresAt: null,
      refreshable: false,
    });
    const github = stand.integration('github');
    const need = (name: string) => () =>
      requireProviderScopes(stand.gateway, github.endpoints.get(name) as never, view?.connection as never);
    expect(need('create_issue')).not.toThrow();
    expect(await disconnect(stand.gateway, ada, id, 'req_3')).toEqual({ revoked: 'true' });
    const [revocation] = asked('/applications/the-client/token');
    expect(revocation).toMatchObject({ method: 'DELETE', headers: { authorization: basic } });
    expect(JSON.parse(revocation?.body.toString() as string)).toEqual({ access_token: 'gho_1' });
  });

  it('may answer in a form, whatever was asked for', async () => {
    answers = {
      [tokenPath]: [{ type: 'application/x-www-form-urlencoded', body: 'access_token=gho_2&scope=public_repo&token_type=bearer' }],
      '/user': [{ body: { login: 'octocat', id: 583231 } }],
    };
    const { view } = await consent('github');
    expect(view?.connection?.providerScopes).toEqual(['public_repo']);
    const github = stand.integration('github');
    const row = view?.connection as never;
    const refused = [...github.endpoints.values()].filter((endpoint) => {
      try {
        requireProviderScopes(stand.gateway, endpoint, row);
        return false;
      } catch (error) {
        expect(error).toMatchObject({ code: 'consent_required' });
        return true;
      }
    });
    expect(refused.length).toBeLessThan(github.endpoints.size);
  });

  it('gives a GitHub App a token of eight hours that has no scopes, and a refresh token for one use', async () => {
    const tokens = (at: number) => ({
      access_token: `ghu_${at}`,
      expires_in: 28_800,
      refresh_token: `ghr_${at}`,
      refresh_token_expires_in: 15_897_600,
      scope: '',
      token_type: 'bearer',
    });
    answers = {
      [tokenPath]: [
        { body: tokens(1) },
        { body: tokens(2) },
        { body: { error: 'bad_refresh_token', error_description: 'The refresh token passed is incorrect or expired.' } },
      ],
      '/user': [{ body: { login: 'octocat', id: 583231 } }],
    };
    const { id, view } = await consent('github');
    expect(view?.connection).toMatchObject({ providerScopes: null, refreshable: true });
    const github = stand.integration('github');
    for (const endpoint of github.endpoints.values())
      expect(() => requireProviderScopes(stand.gateway, endpoint, view?.connection as never)).not.toThrow();
    stand.gateway.clock.offsetMs = 28_790_000;
    expect(await authorization('github', id)).toBe('Bearer ghu_2');
    expect(form(asked(tokenPath)[1])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'ghr_1',
      client_id: 'the-client',
      client_secret: 'the secret',
    });
    expect((await stand.admitted(id)).providerScopes).toBeNull();
    stand.gateway.clock.offsetMs = 60_000_000;
    await expect(authorization('github', id)).rejects.toMatchObject({ code: 'token_expired' });
    expect(await stand.admitted(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'bad_refresh_token' });
  });

  it('says with status 200 that a code is wrong', async () => {
    answers = {
      [tokenPath]: [{ body: { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' } }],
    };
    const { page, view } = await consent('github');
    expect(page).toMatchObject({ status: 400 });
    expect(page.html).toContain('bad_verification_code: The code passed is incorrect or expired.');
    expect(view).toMatchObject({ status: 'error', reason: 'failed' });
  });
});

describe('Google', () => {
  const tokenPath = '/token';
  const me = '/gmail/v1/users/me/profile';
  const tokens = {
    access_token: 'ya29.1',
    expires_in: 3599,
    refresh_token: '1//r',
    scope: 'https://www.googleapis.com/auth/gmail.modify',
    token_type: 'Bearer',
  };

  it('is asked for offline access, and its refresh answers bring no new refresh token', async () => {
    answers = {
      [tokenPath]: [{ body: tokens }, { body: { access_token: 'ya29.2', expires_in: 3599, scope: tokens.scope, token_type: 'Bearer' } }],
      [me]: [{ body: { emailAddress: 'ada@example.org', messagesTotal: 1, threadsTotal: 1, historyId: '1' } }],
      '/revoke': [{ body: {} }],
    };
    const { id, url, view } = await consent('gmail');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ access_type: 'offline', prompt: 'consent' });
    expect(view?.connection).toMatchObject({ account: 'ada@example.org', providerScopes: [tokens.scope], refreshable: true });
    for (const offsetMs of [3_600_000, 7_200_000]) {
      stand.gateway.clock.offsetMs = offsetMs;
      expect(await authorization('gmail', id)).toBe('Bearer ya29.2');
    }
    expect(
      asked(tokenPath)
        .slice(1)
        .map((request) => form(request).refresh_token),
    ).toEqual(['1//r', '1//r']);
    expect(await disconnect(stand.gateway, ada, id, 'req_3')).toEqual({ revoked: 'true' });
    expect(asked('/revoke')).toHaveLength(1);
  });

  it('names its issuer in the redirect', async () => {
    answers = { [tokenPath]: [{ body: tokens }], [me]: [{ body: { emailAddress: 'ada@example.org' } }] };
    const request = { integration: 'gmail', account: undefined, scopes: undefined, credentials: undefined };
    for (const [iss, status] of [
      ['https://accounts.google.com', 200],
      ['https://accounts.google.com.evil.example', 400],
    ] as const) {
      const { oauthUrl } = await startConnection(stand.gateway, ada, request, 'req_1');
      const state = new URL(oauthUrl as string).searchParams.get('state') as string;
      const query = new URLSearchParams({ state, code: 'the-code', iss });
      expect(await handleOAuthCallback(stand.gateway, { query, findSession: async () => undefined, requestId: 'req_2' })).toMatchObject({
        status,
      });
    }
  });

  it('ends a grant with invalid_grant', async () => {
    answers = {
      [tokenPath]: [
        { body: tokens },
        { status: 400, body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' } },
      ],
      [me]: [{ body: { emailAddress: 'ada@example.org' } }],
    };
    const { id } = await consent('gmail');
    stand.gateway.clock.offsetMs = 3_600_000;
    await expect(authorization('gmail', id)).rejects.toMatchObject({ code: 'token_expired' });
    expect(await stand.admitted(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'invalid_grant' });
  });
});

describe('Slack', () => {
  const tokenPath = '/api/oauth.v2.access';
  const tokens = (at: number) => ({
    ok: true,
    app_id: 'A1',
    authed_user: { id: 'U1' },
    scope: 'chat:write,channels:read',
    token_type: 'bot',
    access_token: `xoxb-${at}`,
    bot_user_id: 'U0',
    team: { id: 'T1', name: 'Analytical Engines' },
    enterprise: null,
    is_enterprise_install: false,
  });

  it('separates scopes by commas and names the workspace in the token answer', async () => {
    answers = {
      [tokenPath]: [{ body: tokens(1) }],
      '/api/auth.test': [{ body: { ok: true, team_id: 'T1', team: 'Analytical Engines', user_id: 'U0' } }],
      '/api/auth.revoke': [{ body: { ok: true, revoked: true } }],
    };
    const { id, url, view } = await consent('slack');
    expect(url.searchParams.get('scope')).toMatch(/^[a-z:._]+(,[a-z:._]+)*$/);
    expect(view?.connection?.account).toContain('Analytical Engines');
    expect(view?.connection).toMatchObject({ providerScopes: ['chat:write', 'channels:read'], accessExpiresAt: null });
    expect(await authorization('slack', id)).toBe('Bearer xoxb-1');
    expect(await disconnect(stand.gateway, ada, id, 'req_3')).toEqual({ revoked: 'true' });
    expect(asked('/api/auth.revoke')[0]?.headers.authorization).toBe('Bearer xoxb-1');
  });

  it('says ok: false with status 200, to a code, to a refresh and to a revocation', async () => {
    answers = { [tokenPath]: [{ body: { ok: false, error: 'invalid_code' } }] };
    const refused = await consent('slack');
    expect(refused.page.html).toContain('invalid_code');
    const rotating = { ...tokens(1), expires_in: 43_200, refresh_token: 'xoxe-1' };
    answers = {
      [tokenPath]: [{ body: rotating }, { body: { ok: false, error: 'invalid_refresh_token' } }],
      '/api/auth.test': [{ body: { ok: true, team_id: 'T1', team: 'Analytical Engines', user_id: 'U0' } }],
      '/api/auth.revoke': [{ body: { ok: false, error: 'token_revoked' } }],
    };
    const { id } = await consent('slack');
    stand.gateway.clock.offsetMs = 43_200_000;
    await expect(authorization('slack', id)).rejects.toMatchObject({ code: 'token_expired' });
    expect(await stand.admitted(id)).toMatchObject({ statusReason: 'invalid_refresh_token' });
    expect(await disconnect(stand.gateway, ada, id, 'req_3')).toEqual({ revoked: 'false' });
  });

  it('that is overloaded keeps the connection', async () => {
    answers = {
      [tokenPath]: [
        { body: { ...tokens(1), expires_in: 43_200, refresh_token: 'xoxe-1' } },
        { status: 429, body: { ok: false, error: 'ratelimited' } },
      ],
      '/api/auth.test': [{ body: { ok: true, team_id: 'T1', team: 'Analytical Engines', user_id: 'U0' } }],
    };
    const { id } = await consent('slack');
    stand.gateway.clock.offsetMs = 43_200_000;
    await expect(authorization('slack', id)).rejects.toMatchObject({ code: 'upstream_unreachable' });
    expect(await stand.admitted(id)).toMatchObject({ status: 'connected' });
  });
});

describe('Notion', () => {
  const tokenPath = '/v1/oauth/token';
  const tokens = (at: number) => ({
    access_token: `ntn_${at}`,
    refresh_token: `nrt_${at}`,
    token_type: 'bearer',
    bot_id: '0f7ed8a1',
    workspace_id: '1c2d',
    workspace_name: 'Analytical Engines',
    workspace_icon: null,
    owner: { type: 'user', user: { object: 'user', id: 'u1' } },
    duplicated_template_id: null,
  });

  it('takes JSON with Basic authentication and knows no scopes', async () => {
    answers = {
      [tokenPath]: [{ body: tokens(1) }],
      '/v1/users/me': [{ body: { object: 'user', id: '0f7ed8a1', type: 'bot', bot: { workspace_name: 'Analytical Engines' } } }],
      '/v1/oauth/revoke': [{ body: {} }],
    };
    const { id, url, view } = await consent('notion');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ owner: 'user', client_id: 'the-client' });
    expect(url.searchParams.has('scope')).toBe(false);
    const [exchange] = asked(tokenPath);
    expect(exchange?.headers).toMatchObject({ authorization: basic, 'content-type': 'application/json' });
    const body = JSON.parse(exchange?.body.toString() as string);
    expect(body).toMatchObject({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: 'https://gateway.example/oauth/callback',
    });
    expect(body).not.toHaveProperty('client_secret');
    expect(view?.connection?.account).toContain('Analytical Engines');
    expect(view?.connection).toMatchObject({ providerScopes: null });
    expect(await authorization('notion', id)).toBe('Bearer ntn_1');
  });

  it('refuses a code with an error of RFC 6749', async () => {
    answers = { [tokenPath]: [{ status: 400, body: { error: 'invalid_grant', error_description: 'Invalid code: could not find code' } }] };
    const { page, view } = await consent('notion');
    expect(page.html).toContain('invalid_grant');
    expect(view).toMatchObject({ status: 'error', reason: 'failed' });
  });
});
