/** What a newcomer can try offline: the whole flow of a consent with the sandbox, through the doors. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLink, ownerBrowser } from '../support/consent-link.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ kind: 'embedded', env: { PUBLIC_URL: 'http://gateway.example' } });
});
afterAll(() => server.close());

async function startConsent(): Promise<{ id: string; path: string }> {
  const { json } = await server.request('POST', '/v1/connect', { body: { integration: 'sandbox' } });
  const { url } = await openLink(server, json.oauth_url);
  expect(url.origin + url.pathname).toBe('http://gateway.example/sandbox/authorize');
  return { id: json.connection_id, path: url.pathname + url.search };
}

const press = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  server.request('POST', path, {
    body: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    authorization: null,
  });

/** Presses the button and goes where that leads, as a browser does. */
async function consent(path: string, form: Record<string, string>) {
  const pressed = await press(path, form);
  expect(pressed.status).toBe(303);
  const target = pressed.headers.get('location') as string;
  expect(target.startsWith('http://gateway.example/oauth/callback?')).toBe(true);
  return (await ownerBrowser(server)).open(target);
}

async function credentialOf(id: string): Promise<{ accessToken: string; refreshToken: string }> {
  const { gateway } = server;
  const { credential } = await gateway.db.selectFrom('connections').select('credential').where('id', '=', id).executeTakeFirstOrThrow();
  return JSON.parse(await gateway.vault.open(credential, id));
}

function refreshWith(refreshToken: string): Promise<Response> {
  const { url, client } = server.gateway.sandbox as NonNullable<TestServer['gateway']['sandbox']>;
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: client.id, client_secret: client.secret };
  return fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
}

const account = (accessToken: string) =>
  fetch(`${server.gateway.sandbox?.url}/account`, { headers: { authorization: `Bearer ${accessToken}` } });

it('connects by its consent page, executes, expires, is refreshed, and is revoked with all its tokens', async () => {
  const { id, path } = await startConsent();
  const page = await server.request('GET', path, { authorization: null });
  expect(page.status).toBe(200);
  expect(page.text).toContain('Read, create, change and delete your notes');
  expect(page.text).not.toContain('<script');
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*frame-ancestors 'none'; base-uri 'none'$/);
  expect((await consent(path, { account: 'grace', answer: 'allow' })).text).toContain('The account &quot;grace&quot; can be used');
  expect((await server.request('GET', `/v1/connect/${id}`)).json).toEqual({ status: 'connected', integration: 'sandbox' });

  const call = () => server.request('POST', '/v1/sandbox/create_note', { body: { params: { title: 'Offline' }, account: 'grace' } });
  expect((await call()).json).toMatchObject({ status: 201, data: { title: 'Offline' } });
  const first = await credentialOf(id);
  server.gateway.clock.offsetMs = 121_000;
  try {
    expect((await call()).status).toBe(201);
  } finally {
    server.gateway.clock.offsetMs = 0;
  }
  const second = await credentialOf(id);
  expect(second.accessToken).not.toBe(first.accessToken);
  const reused = await refreshWith(first.refreshToken);
  expect([reused.status, ((await reused.json()) as { error: string }).error]).toEqual([400, 'invalid_grant']);

  expect((await account(second.accessToken)).status).toBe(200);
  const removed = await server.request('DELETE', `/v1/connect/${id}`);
  expect([removed.status, removed.headers.get('x-skillett-revoked')]).toEqual([204, 'true']);
  expect((await refreshWith(second.refreshToken)).status).toBe(400);
  for (const { accessToken } of [first, second]) expect((await account(accessToken)).status).toBe(401);
});

it('reads and writes with the account that one consent connected, and only reads where only reading was asked for', async () => {
  const connect = async (name: string, scopes?: string[]) => {
    const { json } = await server.request('POST', '/v1/connect', { body: { integration: 'sandbox', scopes } });
    const { url } = await openLink(server, json.oauth_url);
    await consent(url.pathname + url.search, { account: name, answer: 'allow' });
  };
  await connect('writer');
  await connect('reader', ['notes:read']);
  const call = async (endpoint: string, params: object, account: string) => {
    const { json } = await server.request('POST', `/v1/sandbox/${endpoint}`, { body: { params, account } });
    return json.status ?? json.error;
  };
  const outcomes = (account: string) =>
    Promise.all([call('list_notes', {}, account), call('get_note', { id: 1 }, account), call('create_note', { title: 'Mine' }, account)]);
  expect(await outcomes('writer')).toEqual([200, 200, 201]);
  expect(await outcomes('reader')).toEqual([200, 200, 'consent_required']);
});

it('can be declined, and asks again for a name that is none', async () => {
  const { id, path } = await startConsent();
  const again = await press(path, { account: '<b>', answer: 'allow' });
  expect([again.status, again.headers.get('location')]).toEqual([400, null]);
  expect(again.text).not.toContain('<b>');
  expect((await consent(path, { account: 'grace', answer: 'deny' })).text).toContain('was declined');
  expect((await server.request('GET', `/v1/connect/${id}`)).json).toMatchObject({ status: 'error', reason: 'denied' });
});

describe('its consent page', () => {
  it.each([
    ['redirect_uri', 'https://evil.example/'],
    ['redirect_uri', 'http://gateway.example/oauth/callback/../evil'],
    ['client_id', 'another'],
    ['response_type', 'token'],
    ['code_challenge_method', 'plain'],
    ['code_challenge', ''],
  ])('sends nobody anywhere with %s=%s', async (name, value) => {
    const { path } = await startConsent();
    const url = new URL(path, 'http://gateway.example');
    url.searchParams.set(name, value);
    for (const answer of [
      await server.request('GET', url.pathname + url.search, { authorization: null }),
      await press(url.pathname + url.search, { account: 'grace', answer: 'allow' }),
    ])
      expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });

  it('takes a code once, and only with the verifier of its challenge', async () => {
    const { path } = await startConsent();
    const pressed = await press(path, { account: 'grace', answer: 'allow' });
    const code = new URL(pressed.headers.get('location') as string).searchParams.get('code') as string;
    const { url, client } = server.gateway.sandbox as NonNullable<TestServer['gateway']['sandbox']>;
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: 'http://gateway.example/oauth/callback',
      code_verifier: 'guessed',
    };
    const body = new URLSearchParams({ ...form, client_id: client.id, client_secret: client.secret });
    expect((await fetch(`${url}/oauth/token`, { method: 'POST', body })).status).toBe(400);
    const browser = await ownerBrowser(server);
    for (const status of [200, 400]) expect((await browser.open(pressed.headers.get('location') as string)).status).toBe(status);
  });
});

it('a token it does not take is refused with the page that connects it, below the address people see', async () => {
  const refused = await server.request('POST', '/v1/connect', { body: { integration: 'sandbox', credentials: { token: 'guessed' } } });
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.json.action_url).toBe('http://gateway.example/dashboard/integrations/sandbox');
  const { json } = await server.graphql(
    '{ sandbox: integration(slug: "sandbox") { documentationUrl } github: integration(slug: "github") { documentationUrl } }',
  );
  expect(json.data.sandbox.documentationUrl).toBe(refused.json.action_url);
  expect(json.data.github.documentationUrl).toMatch(/^https:\/\/docs\.github\.com\//);
});
