/**
 * The bundled recipes against what their providers answer at the token, verification and revocation endpoints, good and
 * bad, as the providers document it; through the doors of a whole server. Each provider is one local upstream, which the
 * settings of an operator put in its place. In one file although it is long: one server has the settings of them all.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type ReceivedRequest, Upstream } from '../support/upstream.ts';

type Answer = { status?: number; type?: string; body: unknown };

let server: TestServer;
let upstream: Upstream;
/** Answers by the path that is asked, in turn; the last one stays. */
let answers: Record<string, Answer[]>;

beforeAll(async () => {
  upstream = await Upstream.start();
  const settings = (slug: string, base: string, token: string): Record<string, string> => ({
    [`SKILLETT_${slug}_BASE_URL`]: upstream.origin + base,
    [`SKILLETT_${slug}_TOKEN_URL`]: upstream.origin + token,
    [`SKILLETT_${slug}_CLIENT_ID`]: 'the-client',
    [`SKILLETT_${slug}_CLIENT_SECRET`]: 'the secret',
  });
  server = await startTestServer({
    env: {
      PUBLIC_URL: 'https://gateway.example',
      ...settings('GITHUB', '', '/login/oauth/access_token'),
      ...settings('GMAIL', '/gmail/v1', '/token'),
      ...settings('SLACK', '/api', '/api/oauth.v2.access'),
      ...settings('NOTION', '/v1', '/v1/oauth/token'),
    },
  });
});

afterAll(async () => {
  await server.close();
  await upstream.close();
});

beforeEach(async () => {
  upstream.reset();
  answers = {};
  upstream.play = (request, response) => {
    const queue = answers[pathOf(request)];
    const answer = queue && (queue.length > 1 ? queue.shift() : queue[0]);
    const { status = 200, type = 'application/json', body } = answer ?? { status: 404, body: { message: 'no such path in this test' } };
    response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : body === null ? '' : JSON.stringify(body));
  };
  server.gateway.clock.offsetMs = 0;
  await server.gateway.db.deleteFrom('connections').execute();
});

const pathOf = (request: ReceivedRequest): string => new URL(request.target, upstream.origin).pathname;
const asked = (path: string): ReceivedRequest[] => upstream.received.filter((request) => pathOf(request) === path);
const form = (request: ReceivedRequest | undefined) => Object.fromEntries(new URLSearchParams(request?.body.toString()));
const json = (request: ReceivedRequest | undefined) => JSON.parse(request?.body.toString() as string);
const basic = `Basic ${Buffer.from('the-client:the+secret').toString('base64')}`;
const redirectUri = 'https://gateway.example/oauth/callback';
/** Later than any answer of these tests says that its token lives. */
const passHours = (hours: number): void => {
  server.gateway.clock.offsetMs += hours * 3_600_000;
};

/** Connects by consent, as an agent and the person's browser do. `callback`: what the provider adds to the redirect. */
async function consent(integration: string, callback: Record<string, string> = {}) {
  const started = await server.request('POST', '/v1/connect', { body: { integration } });
  expect(started.status).toBe(200);
  const { oauth_url: link, connection_id: id } = started.json;
  const { url, comeBack } = await openLink(server, link);
  const page = await comeBack({ code: 'the-code', ...callback });
  const outcome = (await server.request('GET', `/v1/connect/${id}`)).json;
  const row = await server.gateway.db.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirst();
  return { id: id as string, url, page, outcome, row };
}

const call = (integration: string, endpoint: string, params: unknown = {}) =>
  server.request('POST', `/v1/${integration}/${endpoint}`, { body: { params } });

/** The Authorization header of every call so far to one path of the API. */
const authorizations = (path: string) => asked(path).map((request) => request.headers.authorization);

async function disconnect(id: string): Promise<string | null> {
  const answer = await server.request('DELETE', `/v1/connect/${id}`);
  expect(answer.status).toBe(204);
  return answer.headers.get('x-skillett-revoked');
}

const readRow = (id: string) => server.gateway.db.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('GitHub', () => {
  const tokenPath = '/login/oauth/access_token';
  const issuePath = '/repos/octocat/hello-world/issues';
  const newIssue = { repo: 'octocat/hello-world', title: 'Found a bug' };
  const user = { body: { login: 'octocat', id: 583231 } };

  it('tells of its second limit in words, and is left alone for a minute', async () => {
    const said = {
      documentation_url: 'https://docs.github.com/',
      message: 'You have exceeded a secondary rate limit. Please wait a few minutes.',
    };
    answers = {
      '/user': [user],
      '/repos/octocat/hello-world': [
        { status: 403, body: said },
        { status: 403, body: { message: 'Not Found' } },
      ],
    };
    await server.request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token: 'ghp_1' } } });
    const limited = await call('github', 'get_repo', { repo: 'octocat/hello-world' });
    expect([limited.status, limited.json.error, limited.headers.get('retry-after')]).toEqual([403, said, '60']);
    expect(asked('/repos/octocat/hello-world')).toHaveLength(1);
    const refused = await call('github', 'get_repo', { repo: 'octocat/hello-world' });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([403, null]);
  });

  it('gives an OAuth app a token without end, with its scopes between commas', async () => {
    answers = {
      [tokenPath]: [{ body: { access_token: 'gho_1', scope: 'repo,gist', token_type: 'bearer' } }],
      '/user': [user],
      [issuePath]: [{ status: 201, body: { number: 7 } }],
      '/applications/the-client/token': [{ status: 204, body: null }],
    };
    const { id, url, outcome, row } = await consent('github');
    expect(url.origin + url.pathname).toBe('https://github.com/login/oauth/authorize');
    expect(url.searchParams.get('scope')?.split(' ')).toContain('repo');
    expect(asked(tokenPath)[0]?.headers.accept).toBe('application/json');
    expect(form(asked(tokenPath)[0])).toMatchObject({
      grant_type: 'authorization_code',
      client_id: 'the-client',
      client_secret: 'the secret',
      code: 'the-code',
      redirect_uri: redirectUri,
    });
    expect(authorizations('/user')).toEqual(['Bearer gho_1']);
    expect(outcome).toEqual({ status: 'connected', integration: 'github' });
    expect(row).toMatchObject({
      account: 'octocat',
      providerAccountId: '583231',
      providerScopes: ['repo', 'gist'],
      accessExpiresAt: null,
      refreshable: false,
    });
    expect(await call('github', 'create_issue', newIssue)).toMatchObject({ json: { status: 201, data: { number: 7 } } });
    expect(asked(issuePath)[0]?.headers).toMatchObject({ authorization: 'Bearer gho_1', accept: 'application/vnd.github+json' });
    expect(await disconnect(id)).toBe('true');
    const [revocation] = asked('/applications/the-client/token');
    expect(revocation).toMatchObject({ method: 'DELETE', headers: { authorization: basic } });
    expect(json(revocation)).toEqual({ access_token: 'gho_1' });
    expect(asked('/applications/the-client/token')).toHaveLength(1);
  });

  it('may answer in a form, whatever was asked for, and grant less than was asked for', async () => {
    answers = {
      [tokenPath]: [{ type: 'application/x-www-form-urlencoded', body: 'access_token=gho_2&scope=gist&token_type=bearer' }],
      '/user': [user],
      [issuePath]: [{ body: [] }],
      '/search/issues': [{ body: { total_count: 0, items: [] } }],
    };
    expect((await consent('github')).row).toMatchObject({ providerScopes: ['gist'] });
    const refused = await call('github', 'create_issue', newIssue);
    expect([refused.status, refused.json.error]).toEqual([403, 'consent_required']);
    expect(asked(issuePath)).toEqual([]);
    expect((await call('github', 'search_issues', { q: 'bug' })).json.status).toBe(200);
    expect(authorizations('/search/issues')).toEqual(['Bearer gho_2']);
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
      '/user': [user],
      [issuePath]: [{ status: 201, body: { number: 7 } }],
    };
    const { id, row } = await consent('github');
    expect(row).toMatchObject({ providerScopes: null, refreshable: true });
    const lifetime = Number(row?.accessExpiresAt) - Date.now();
    expect(lifetime).toBeGreaterThan(28_700_000);
    expect(lifetime).toBeLessThan(28_860_000);
    expect((await call('github', 'create_issue', newIssue)).status).toBe(201);
    passHours(8);
    expect((await call('github', 'create_issue', newIssue)).status).toBe(201);
    expect(authorizations(issuePath)).toEqual(['Bearer ghu_1', 'Bearer ghu_2']);
    expect(form(asked(tokenPath)[1])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'ghr_1',
      client_id: 'the-client',
      client_secret: 'the secret',
    });
    expect((await readRow(id)).providerScopes).toBeNull();
    passHours(8);
    const ended = await call('github', 'create_issue', newIssue);
    expect(ended.json.error).toBe('token_expired');
    expect(form(asked(tokenPath)[2]).refresh_token).toBe('ghr_2');
    expect(await readRow(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'bad_refresh_token' });
  });

  it.each([
    ['bad_verification_code', 'The code passed is incorrect or expired.'],
    ['incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.'],
  ])('says with status 200 that something is wrong: %s', async (error, description) => {
    for (const answer of [
      { body: { error, error_description: description } },
      { type: 'application/x-www-form-urlencoded', body: new URLSearchParams({ error, error_description: description }).toString() },
    ]) {
      answers = { [tokenPath]: [answer] };
      const { page, outcome, row } = await consent('github');
      expect(page.status).toBe(400);
      expect(page.text).toContain(`${error}: ${description}`);
      expect(outcome).toEqual({ status: 'error', integration: 'github', reason: 'failed' });
      expect(row).toBeUndefined();
    }
  });
});

describe('Google', () => {
  const tokenPath = '/token';
  const profilePath = '/gmail/v1/users/me/profile';
  const profile = { body: { emailAddress: 'ada@example.org', messagesTotal: 1, threadsTotal: 1, historyId: '1' } };
  const tokens = {
    access_token: 'ya29.1',
    expires_in: 3599,
    refresh_token: '1//r',
    scope: 'https://www.googleapis.com/auth/gmail.modify',
    token_type: 'Bearer',
  };
  const { refresh_token: _, ...renewed } = { ...tokens, access_token: 'ya29.2' };

  it('is asked for offline access, and its refresh answers bring no new refresh token', async () => {
    answers = {
      [tokenPath]: [{ body: tokens }, { body: renewed }, { body: { ...renewed, access_token: 'ya29.3' } }],
      [profilePath]: [profile],
      '/revoke': [{ body: {} }],
    };
    const { id, url, row } = await consent('gmail');
    expect(url.origin + url.pathname).toBe('https://accounts.google.com/o/oauth2/v2/auth');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ access_type: 'offline', prompt: 'consent' });
    expect(row).toMatchObject({ account: 'ada@example.org', providerScopes: [tokens.scope], refreshable: true });
    for (const token of ['ya29.2', 'ya29.3']) {
      passHours(1);
      expect((await call('gmail', 'get_profile')).json.data.emailAddress).toBe('ada@example.org');
      expect(authorizations(profilePath).at(-1)).toBe(`Bearer ${token}`);
    }
    expect(
      asked(tokenPath)
        .slice(1)
        .map((request) => form(request).refresh_token),
    ).toEqual(['1//r', '1//r']);
    expect((await readRow(id)).providerScopes).toEqual([tokens.scope]);
    expect(await disconnect(id)).toBe('true');
    const [revocation] = asked('/revoke');
    expect(revocation?.method).toBe('POST');
    expect(form(revocation)).toMatchObject({ token: '1//r', token_type_hint: 'refresh_token' });
  });

  it('names its issuer in the redirect, and no other is believed', async () => {
    answers = { [tokenPath]: [{ body: tokens }], [profilePath]: [profile] };
    expect((await consent('gmail', { iss: 'https://accounts.google.com' })).page.status).toBe(200);
    expect(asked(tokenPath)).toHaveLength(1);
    const { page, outcome } = await consent('gmail', { iss: 'https://accounts.google.com.evil.example' });
    expect(page.status).toBe(400);
    expect(outcome.status).toBe('error');
    expect(asked(tokenPath)).toHaveLength(1);
  });

  it('ends a grant with invalid_grant and status 400, and keeps it while it is away', async () => {
    answers = {
      [tokenPath]: [
        { body: tokens },
        { status: 503, body: { error: 'backend_error' } },
        { status: 400, body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' } },
      ],
      [profilePath]: [profile],
    };
    const { id } = await consent('gmail');
    passHours(2);
    expect((await call('gmail', 'get_profile')).json.error).toBe('upstream_unreachable');
    expect((await readRow(id)).status).toBe('connected');
    expect((await call('gmail', 'get_profile')).json.error).toBe('token_expired');
    expect(await readRow(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'invalid_grant' });
  });
});

describe('Slack', () => {
  const tokenPath = '/api/oauth.v2.access';
  const postPath = '/api/chat.postMessage';
  const message = { channel: 'C012AB3CD', text: 'Hello' };
  const identity = { ok: true, url: 'https://analytical.slack.com/', team: 'Analytical Engines', user: 'skillett', team_id: 'T1' };
  const test = { body: { ...identity, user_id: 'U0', bot_id: 'B1', is_enterprise_install: false } };
  const posted = { body: { ok: true, channel: 'C012AB3CD', ts: '1503435956.000247' } };
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
  const rotating = (at: number) => ({ ...tokens(at), expires_in: 43_200, refresh_token: `xoxe-${at}` });

  it('separates scopes by commas, and its bot token has no end', async () => {
    answers = {
      [tokenPath]: [{ body: tokens(1) }],
      '/api/auth.test': [test],
      [postPath]: [posted],
      '/api/auth.revoke': [{ body: { ok: true, revoked: true } }],
    };
    const { id, url, row } = await consent('slack');
    expect(url.origin + url.pathname).toBe('https://slack.com/oauth/v2/authorize');
    expect(url.searchParams.get('scope')).toMatch(/^[a-z:._]+(,[a-z:._]+)+$/);
    expect(url.searchParams.get('scope')?.split(',')).toEqual(expect.arrayContaining(['chat:write', 'channels:read', 'users:read']));
    expect(form(asked(tokenPath)[0])).toEqual({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: redirectUri,
      client_id: 'the-client',
      client_secret: 'the secret',
    });
    expect(row).toMatchObject({
      account: 'Analytical Engines (skillett)',
      providerAccountId: 'T1/U0',
      providerScopes: ['chat:write', 'channels:read'],
      accessExpiresAt: null,
      refreshable: false,
    });
    expect((await call('slack', 'send_message', message)).json).toEqual({ status: 200, data: posted.body });
    expect(asked(postPath)[0]?.headers).toMatchObject({
      authorization: 'Bearer xoxb-1',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(json(asked(postPath)[0])).toEqual(message);
    expect((await call('slack', 'list_users')).json.error).toBe('consent_required');
    expect(await disconnect(id)).toBe('true');
    expect(asked('/api/auth.revoke')[0]).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer xoxb-1' } });
  });

  it('puts a token of a person under authed_user', async () => {
    const { access_token: _token, scope: _scope, ...outer } = tokens(1);
    const person = { id: 'U1', scope: 'chat:write', access_token: 'xoxe.xoxp-1', token_type: 'user', expires_in: 43_200 };
    answers = {
      [tokenPath]: [
        { body: { ...outer, authed_user: { ...person, refresh_token: 'xoxe-1' } } },
        // A refresh of it is answered without the nesting.
        { body: { ok: true, access_token: 'xoxe.xoxp-2', refresh_token: 'xoxe-2', expires_in: 43_200, token_type: 'user' } },
      ],
      '/api/auth.test': [{ body: { ...identity, user: 'ada', user_id: 'U1' } }],
      [postPath]: [posted],
    };
    const { id, row } = await consent('slack');
    expect(row).toMatchObject({ account: 'Analytical Engines (ada)', providerScopes: ['chat:write'], refreshable: true });
    await call('slack', 'send_message', message);
    passHours(12);
    await call('slack', 'send_message', message);
    expect(authorizations(postPath)).toEqual(['Bearer xoxe.xoxp-1', 'Bearer xoxe.xoxp-2']);
    expect(form(asked(tokenPath)[1])).toMatchObject({ grant_type: 'refresh_token', refresh_token: 'xoxe-1' });
    expect((await readRow(id)).providerScopes).toEqual(['chat:write']);
  });

  it('takes a bot token and leaves a refresh token of the person beside it alone', async () => {
    const person = { id: 'U1', scope: 'search:read', access_token: 'xoxp-1', token_type: 'user', refresh_token: 'xoxe-p', expires_in: 60 };
    answers = { [tokenPath]: [{ body: { ...tokens(1), authed_user: person } }], '/api/auth.test': [test] };
    const { row } = await consent('slack');
    expect(authorizations('/api/auth.test')).toEqual(['Bearer xoxb-1']);
    expect(row).toMatchObject({ providerScopes: ['chat:write', 'channels:read'], accessExpiresAt: null, refreshable: false });
  });

  it('rotates tokens where the app asks for it, and keeps what a refresh does not repeat', async () => {
    const { expires_in: _seconds, scope: _scope, ...bare } = rotating(2);
    answers = {
      [tokenPath]: [{ body: rotating(1) }, { body: bare }, { body: rotating(3) }],
      '/api/auth.test': [test],
      [postPath]: [posted],
    };
    const { id } = await consent('slack');
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await call('slack', 'send_message', message)).json.data.ok).toBe(true);
      passHours(12);
    }
    expect(authorizations(postPath)).toEqual(['Bearer xoxb-1', 'Bearer xoxb-2', 'Bearer xoxb-3']);
    expect(asked(tokenPath).map((request) => form(request).refresh_token)).toEqual([undefined, 'xoxe-1', 'xoxe-2']);
    expect((await readRow(id)).providerScopes).toEqual(['chat:write', 'channels:read']);
  });

  it('says ok: false with status 200, to a code, to a refresh and to a revocation', async () => {
    answers = { [tokenPath]: [{ body: { ok: false, error: 'invalid_code' } }] };
    const refused = await consent('slack');
    expect(refused.page.text).toContain('invalid_code');
    expect(refused.outcome).toMatchObject({ status: 'error', reason: 'failed' });
    answers = {
      [tokenPath]: [{ body: rotating(1) }, { body: { ok: false, error: 'invalid_refresh_token' } }],
      '/api/auth.test': [test],
      '/api/auth.revoke': [{ body: { ok: false, error: 'token_revoked' } }],
    };
    const { id } = await consent('slack');
    passHours(12);
    expect((await call('slack', 'send_message', message)).json.error).toBe('token_expired');
    expect(await readRow(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'invalid_refresh_token' });
    expect(await disconnect(id)).toBe('false');
  });

  it.each([
    ['not_in_channel', 403],
    ['channel_not_found', 404],
    ['invalid_blocks', 400],
    ['is_archived', 409],
    ['ratelimited', 429],
    ['fatal_error', 500],
    ['a_code_of_tomorrow', 422],
  ])('says ok: false with status 200 to a call, which is a failure: %s', async (error, status) => {
    const refused = `{"ok": false, "error": "${error}"}`;
    answers = { [tokenPath]: [{ body: tokens(1) }], '/api/auth.test': [test], [postPath]: [{ body: refused }] };
    const { id } = await consent('slack');
    const answer = await call('slack', 'send_message', message);
    expect([answer.status, answer.text]).toEqual([status, `{"status":${status},"error":${refused}}`]);
    expect((await readRow(id)).status).toBe('connected');
  });

  it.each(['token_expired', 'invalid_auth', 'token_revoked', 'account_inactive', 'not_authed'])(
    'says %s with status 200 before the announced time, and the token is renewed once',
    async (error) => {
      answers = {
        [tokenPath]: [{ body: rotating(1) }, { body: rotating(2) }, { body: rotating(3) }],
        '/api/auth.test': [test],
        [postPath]: [{ body: { ok: false, error } }, posted, { body: { ok: false, error } }],
      };
      const { id } = await consent('slack');
      expect((await call('slack', 'send_message', message)).json.data.ok).toBe(true);
      expect(authorizations(postPath)).toEqual(['Bearer xoxb-1', 'Bearer xoxb-2']);
      server.gateway.clock.offsetMs += 60_000;
      const ended = await call('slack', 'send_message', message);
      expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
      expect(authorizations(postPath)).toEqual(['Bearer xoxb-1', 'Bearer xoxb-2', 'Bearer xoxb-2', 'Bearer xoxb-3']);
      expect(await readRow(id)).toMatchObject({ status: 'reconnect_needed', statusReason: error });
    },
  );

  it.each([
    ['429', { status: 429, body: { ok: false, error: 'ratelimited' } }],
    ['200 with an error of its own', { body: { ok: false, error: 'internal_error' } }],
    ['502 in HTML', { status: 502, type: 'text/html', body: '<p>Bad gateway' }],
  ])('that is overloaded keeps the connection: %s', async (_how, overloaded) => {
    answers = { [tokenPath]: [{ body: rotating(1) }, overloaded, { body: rotating(2) }], '/api/auth.test': [test], [postPath]: [posted] };
    const { id } = await consent('slack');
    passHours(12);
    expect((await call('slack', 'send_message', message)).json.error).toBe('upstream_unreachable');
    expect((await readRow(id)).status).toBe('connected');
    expect((await call('slack', 'send_message', message)).json.data.ok).toBe(true);
    expect(authorizations(postPath)).toEqual(['Bearer xoxb-2']);
  });

  it('refuses a pasted token with status 200, and accepts one as the account that a consent would name', async () => {
    answers = { '/api/auth.test': [{ body: { ok: false, error: 'invalid_auth' } }, test] };
    const body = { integration: 'slack', credentials: { token: 'xoxb-pasted' } };
    const refused = await server.request('POST', '/v1/connect', { body });
    expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
    const connected = await server.request('POST', '/v1/connect', { body });
    expect(connected.json.status).toBe('connected');
    expect(await readRow(connected.json.connection_id)).toMatchObject({
      providerAccountId: 'T1/U0',
      account: 'Analytical Engines (skillett)',
    });
  });
});

describe('Notion', () => {
  const tokenPath = '/v1/oauth/token';
  const searchPath = '/v1/search';
  const found = { body: { object: 'list', results: [], has_more: false, next_cursor: null } };
  const unauthorized = { status: 401, body: { object: 'error', status: 401, code: 'unauthorized', message: 'API token is invalid.' } };
  const tokens = (at: number) => ({
    access_token: `ntn_${at}`,
    token_type: 'bearer',
    bot_id: '0f7ed8a1-0000-4000-8000-000000000000',
    workspace_id: '1c2d',
    workspace_name: 'Analytical Engines',
    workspace_icon: null,
    owner: { type: 'user', user: { object: 'user', id: 'u1', name: 'Ada' } },
    duplicated_template_id: null,
  });
  const renewable = (at: number) => ({ ...tokens(at), refresh_token: `nrt_${at}` });

  it('takes JSON with Basic authentication, knows no scopes, and names the account in the token answer', async () => {
    answers = { [tokenPath]: [{ body: tokens(1) }], [searchPath]: [found], '/v1/oauth/revoke': [{ body: { request_id: 'r1' } }] };
    const { id, url, row } = await consent('notion');
    expect(url.origin + url.pathname).toBe('https://api.notion.com/v1/oauth/authorize');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      owner: 'user',
      response_type: 'code',
      client_id: 'the-client',
      redirect_uri: redirectUri,
      state: expect.any(String),
    });
    const [exchange] = asked(tokenPath);
    expect(exchange?.headers).toMatchObject({
      authorization: basic,
      'content-type': 'application/json',
      'notion-version': '2022-06-28',
    });
    expect(json(exchange)).toEqual({ grant_type: 'authorization_code', code: 'the-code', redirect_uri: redirectUri });
    expect(row).toMatchObject({
      account: 'Analytical Engines',
      providerAccountId: tokens(1).bot_id,
      providerScopes: null,
      accessExpiresAt: null,
      refreshable: false,
    });
    expect(upstream.received).toHaveLength(1);
    expect((await call('notion', 'search', { query: 'Roadmap' })).json).toEqual({ status: 200, data: found.body });
    expect(asked(searchPath)[0]?.headers).toMatchObject({ authorization: 'Bearer ntn_1', 'notion-version': '2022-06-28' });
    expect(await disconnect(id)).toBe('true');
    const [revocation] = asked('/v1/oauth/revoke');
    expect(revocation).toMatchObject({ method: 'POST', headers: { authorization: basic, 'content-type': 'application/json' } });
    expect(json(revocation)).toEqual({ token: 'ntn_1' });
  });

  it('says no lifetime with a refresh token, so a 401 is what brings the next one', async () => {
    answers = {
      [tokenPath]: [{ body: renewable(1) }, { body: renewable(2) }, { body: renewable(3) }],
      [searchPath]: [found, unauthorized, found, unauthorized, found],
    };
    const { row } = await consent('notion');
    expect(row).toMatchObject({ accessExpiresAt: null, refreshable: true });
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await call('notion', 'search')).json).toEqual({ status: 200, data: found.body });
      passHours(30 * 24);
    }
    expect(authorizations(searchPath)).toEqual(['ntn_1', 'ntn_1', 'ntn_2', 'ntn_2', 'ntn_3'].map((token) => `Bearer ${token}`));
    expect(asked(tokenPath).slice(1).map(json)).toEqual([
      { grant_type: 'refresh_token', refresh_token: 'nrt_1' },
      { grant_type: 'refresh_token', refresh_token: 'nrt_2' },
    ]);
    expect(asked(tokenPath)[2]?.headers.authorization).toBe(basic);
  });

  it('without a refresh token has its 401 passed on', async () => {
    answers = { [tokenPath]: [{ body: { ...tokens(1), refresh_token: null } }], [searchPath]: [unauthorized] };
    await consent('notion');
    const answer = await call('notion', 'search');
    expect(answer.json).toEqual({ status: 401, error: unauthorized.body });
    expect(asked(tokenPath)).toHaveLength(1);
    expect(asked(searchPath)).toHaveLength(1);
  });

  it('ends a grant with invalid_grant', async () => {
    answers = {
      [tokenPath]: [{ body: renewable(1) }, { status: 400, body: { error: 'invalid_grant' } }],
      [searchPath]: [unauthorized],
    };
    const { id } = await consent('notion');
    expect((await call('notion', 'search')).json.error).toBe('token_expired');
    expect(await readRow(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'invalid_grant' });
  });

  it.each([
    ['as RFC 6749 wants it', { error: 'invalid_grant', error_description: 'Invalid code: could not find code' }],
    ['as its API does', { object: 'error', status: 400, code: 'invalid_grant', message: 'Invalid code: could not find code' }],
  ])('refuses a code %s', async (_how, body) => {
    answers = { [tokenPath]: [{ status: 400, body }] };
    const { page, outcome } = await consent('notion');
    expect(page.status).toBe(400);
    expect(page.text).toContain('invalid_grant: Invalid code: could not find code');
    expect(outcome).toMatchObject({ status: 'error', reason: 'failed' });
  });

  it.each([
    ['the word for a refusal', { status: 400, body: { code: 'invalid_request', message: 'token missing' } }, 'false'],
    ['a failure', { status: 500, body: { code: 'internal_server_error' } }, 'false'],
    ['success', { body: { request_id: 'r1' } }, 'true'],
  ])('answers a revocation with %s', async (_how, answer, revoked) => {
    answers = { [tokenPath]: [{ body: tokens(1) }], '/v1/oauth/revoke': [answer] };
    const { id } = await consent('notion');
    expect(await disconnect(id)).toBe(revoked);
    expect(asked('/v1/oauth/revoke')).toHaveLength(1);
  });

  it('accepts the secret of an internal integration, as the same account that a consent would name', async () => {
    const me = { object: 'user', id: tokens(1).bot_id, type: 'bot', name: 'Skillett', bot: { workspace_name: 'Analytical Engines' } };
    answers = { '/v1/users/me': [unauthorized, { body: me }], [tokenPath]: [{ body: tokens(1) }] };
    const body = { integration: 'notion', credentials: { token: 'ntn_pasted' } };
    const refused = await server.request('POST', '/v1/connect', { body });
    expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
    const connected = await server.request('POST', '/v1/connect', { body });
    expect(connected.json.status).toBe('connected');
    expect(asked('/v1/users/me')[1]?.headers).toMatchObject({ authorization: 'Bearer ntn_pasted', 'notion-version': '2022-06-28' });
    await consent('notion');
    const rows = await server.gateway.db.selectFrom('connections').select(['id', 'account', 'authType']).execute();
    expect(rows).toEqual([{ id: connected.json.connection_id, account: 'Analytical Engines', authType: 'oauth2' }]);
  });
});
