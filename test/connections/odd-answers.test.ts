/** Providers that answer what no RFC foresees: each is told to the person or the agent, and costs neither the connection nor the server. */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { githubSettings } from '../support/github-settings.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

type Answer = (response: ServerResponse) => void;

let server: TestServer;
let github: Upstream;
let tokenAnswer: Answer;
let account: Answer;

const send =
  (text: string, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
const json = (body: unknown, status = 200) => send(JSON.stringify(body), status);
const token = (over: object = {}) => json({ access_token: 'at', refresh_token: 'rt', expires_in: 3600, scope: 'repo', ...over });
const noToken = 'without a token or an error code';

beforeAll(async () => {
  github = await Upstream.start();
  server = await startTestServer({
    env: {
      ...githubSettings(github.origin, '/token'),
    },
  });
});

afterAll(async () => {
  await server.close();
  await github.close();
});

beforeEach(async () => {
  await server.gateway.db.deleteFrom('connections').execute();
  tokenAnswer = token();
  account = json({ id: 1, login: 'ada' });
  github.play = (request, response) => {
    if (request.target === '/token') return tokenAnswer(response);
    return request.target === '/user' ? account(response) : json({ name: 'bug' })(response);
  };
});

async function connect(): Promise<{ status: number; text: string; state: unknown }> {
  const { json: started } = await server.request('POST', '/v1/connect', { body: { integration: 'github' } });
  const { comeBack } = await openLink(server, started.oauth_url);
  const page = await comeBack({ code: 'c' });
  const { json: told } = await server.request('GET', `/v1/connect/${started.connection_id}`);
  return { status: page.status, text: page.text, state: told };
}

const unreadable: [string, Answer, string][] = [
  ['a token with a line end', token({ access_token: 'a\nb' }), 'a token that no request can carry'],
  ['a token beyond ASCII', token({ access_token: 'at€' }), 'a token that no request can carry'],
  ['a number for a token', token({ access_token: 5 }), noToken],
  ['a page of HTML', send('<html>', 400, { 'content-type': 'text/html' }), noToken],
  ['a page of HTML with status 200', send('<html>', 200, { 'content-type': 'text/html' }), noToken],
  ['a list', json([]), noToken],
  ['null', json(null), noToken],
  ['a redirect', send('', 302, { location: 'https://evil.example/' }), noToken],
  ['an error that is an object', json({ error: { code: 'x' } }, 400), noToken],
  ['what cannot be unpacked', send('junk', 200, { 'content-encoding': 'gzip' }), 'cannot be unpacked'],
  ['more than a token takes', token({ access_token: 'x'.repeat(2_000_000) }), 'more than fits here'],
];

describe('a consent', () => {
  it.each(unreadable)('that is answered with %s fails in a sentence', async (_name, answer, words) => {
    tokenAnswer = answer;
    const { status, text, state } = await connect();
    expect(status).toBe(400);
    expect(text).toContain(words);
    expect(state).toEqual({ status: 'error', integration: 'github', reason: 'failed' });
  });

  it('whose provider breaks off, or repeats itself at length, is told in few words', async () => {
    tokenAnswer = (response) => void response.destroy();
    expect((await connect()).text).toContain('The service cannot be reached, so nothing was connected.');
    tokenAnswer = json({ error: 'x'.repeat(500_000), error_description: `<b>${'y'.repeat(5_000)}` }, 400);
    const { text } = await connect();
    expect(text.replace(/<style>.*<\/style>/s, '').length).toBeLessThan(2_000);
    expect(text).toContain('&lt;b&gt;');
  });

  it.each([
    ['an object', { id: { a: 1 }, login: 'ada' }],
    ['a text with a NUL', { id: 'a\0b', login: 'ada' }],
    ['half a megabyte', { id: 'x'.repeat(500_000), login: 'ada' }],
    ['nothing', { login: 'ada' }],
  ])('whose account has %s for an id is not kept', async (_name, body) => {
    account = json(body);
    expect((await connect()).text).toContain('does not name the account');
  });

  it.each([
    ['a reversing control and a line end', 'a\u202e\nda', 'a da'],
    ['a sign that ends where the name is cut', `${'x'.repeat(99)}😀y`, `${'x'.repeat(99)}😀`],
    ['an object', { a: 1 }, '7'],
  ])('whose account is called by %s is kept under a name that can be shown', async (_name, login, shown) => {
    account = json({ id: 7, login });
    expect((await connect()).state).toMatchObject({ status: 'connected' });
    expect((await server.request('GET', '/v1/connect')).json.connections).toMatchObject([{ account: shown }]);
  });

  it.each([
    ['scopes that are a number', { scope: 5 }, { providerScopes: expect.arrayContaining(['repo']) }],
    ['a scope longer than any', { scope: `repo ${'x'.repeat(100_000)}` }, { providerScopes: ['repo'] }],
    [
      'more scopes than any service has',
      { scope: Array.from({ length: 10_000 }, (_, at) => `s${at}`).join(' ') },
      { providerScopes: Array.from({ length: 300 }, (_, at) => `s${at}`) },
    ],
    ['a scope with a NUL', { scope: 'repo a\0b' }, { providerScopes: ['repo'] }],
    ['a lifetime as text', { expires_in: '3600' }, { accessExpiresAt: expect.any(Date) }],
    ['a lifetime that is none', { expires_in: [5] }, { accessExpiresAt: null }],
    ['a lifetime that is over', { expires_in: -5 }, { accessExpiresAt: null }],
  ])('that is answered with %s is kept', async (_name, over, row) => {
    tokenAnswer = token(over);
    expect((await connect()).state).toMatchObject({ status: 'connected' });
    expect(await server.gateway.db.selectFrom('connections').selectAll().execute()).toMatchObject([row]);
  });
});

describe('a refresh', () => {
  const call = () => server.request('POST', '/v1/github/get_label', { body: { params: { repo: 'octo/hello', name: 'bug' } } });

  it.each(unreadable)('that is answered with %s keeps the connection, and the next one mends it', async (_name, answer, words) => {
    await connect();
    await server.gateway.db
      .updateTable('connections')
      .set({ accessExpiresAt: new Date(0) })
      .execute();
    tokenAnswer = answer;
    const failed = await call();
    expect([failed.status, failed.json.error]).toEqual([502, 'upstream_unexpected']);
    expect(failed.json.message).toContain(words);
    const rows = await server.gateway.db.selectFrom('connections').selectAll().execute();
    expect(rows).toMatchObject([{ status: 'connected', credentialVersion: 1, refreshHolder: null }]);
    tokenAnswer = token({ scope: 'repo a\0b' });
    expect((await call()).json).toEqual({ status: 200, data: { name: 'bug' } });
  });
});
