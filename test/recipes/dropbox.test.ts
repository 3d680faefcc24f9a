/** Dropbox: tokens that end after four hours beside a refresh token that stays, files as the body, and 409 for almost every refusal. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let grants = 0;
/** The scopes of the consent. */
let asked = '';
/** What the token endpoint says to the next renewal, instead of a token. */
let refusal: object | undefined;
let answer: { status: number; body: object };

beforeAll(async () => {
  stand = await startHardStand('dropbox', ['www.dropbox.com', 'api.dropboxapi.com', 'content.dropboxapi.com']);
});
beforeEach(async () => {
  stand.server.gateway.clock.offsetMs = 0;
  for (const { connection_id: id } of (await stand.server.request('GET', '/v1/connect')).json.connections)
    await stand.server.request('DELETE', `/v1/connect/${id}`);
  grants = 0;
  refusal = undefined;
  answer = { status: 200, body: { entries: [], cursor: 'c', has_more: false } };
  stand.upstream.play = ({ target, body }, response) => {
    const send = (status: number, json: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    if (target === '/2/users/get_current_account') return void send(200, { account_id: 'dbid:1', email: 'ada@acme.example' });
    if (target !== '/oauth2/token') return void send(answer.status, answer.body);
    const isFirst = new URLSearchParams(body.toString()).get('grant_type') === 'authorization_code';
    if (!isFirst && refusal) return void send(400, refusal);
    grants += 1;
    send(200, grantOf(grants, isFirst));
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

/** A renewal answers no refresh token, scope or account. */
const grantOf = (count: number, isFirst: boolean) => ({
  access_token: `sl.${count}`,
  token_type: 'bearer',
  expires_in: 14400,
  ...(isFirst && { refresh_token: 'rt', scope: asked, uid: '1', account_id: 'dbid:1' }),
});
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/dropbox/${endpoint}`, { body: { params } });

async function consent() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'dropbox' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  asked = url.searchParams.get('scope') ?? '';
  await comeBack({ code: 'c1' });
  return url;
}

it('consent asks for a token that can be renewed, and the one refresh token renews again and again until it is taken back', async () => {
  const url = await consent();
  expect(url.searchParams.get('token_access_type')).toBe('offline');
  expect(asked.split(' ')).toContain('account_info.read');
  expect((await stand.server.request('GET', '/v1/connect')).json.connections).toMatchObject([
    { status: 'connected', account: 'ada@acme.example' },
  ]);
  const verified = stand.upstream.received.find(({ target }) => target.startsWith('/2/'));
  // A route without an argument takes neither a body nor a type of one.
  expect([verified?.body.length, verified?.headers['content-type']]).toEqual([0, undefined]);
  for (const count of [2, 3]) {
    stand.upstream.received.length = 0;
    stand.server.gateway.clock.offsetMs = (count - 1) * 5 * 3_600_000;
    expect((await call('list_folder', { path: '' })).status).toBe(200);
    const [renewal, read] = stand.upstream.received;
    expect(Object.fromEntries(new URLSearchParams(renewal?.body.toString()))).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'rt',
    });
    expect(read?.headers.authorization).toBe(`Bearer sl.${count}`);
    expect(read?.body.toString()).toBe('{"path":""}');
  }
  refusal = { error: 'invalid_grant', error_description: 'refresh token is invalid or revoked' };
  stand.server.gateway.clock.offsetMs = 20 * 3_600_000;
  const ended = await call('list_folder', { path: '' });
  expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
});

it('a file is the body as it is, and what it is for stands in a header as JSON', async () => {
  await consent();
  stand.upstream.received.length = 0;
  const content = Buffer.from([0, 0xff, 0x0d, 0x0a, 0x7f]);
  const params = { target: { path: '/Zürich 😀.bin', mode: 'overwrite' }, content: content.toString('base64') };
  expect((await call('upload_file', params)).status).toBe(200);
  const [request] = stand.upstream.received;
  expect(request?.body.equals(content)).toBe(true);
  expect(request && linesOf(request).slice(0, -1)).toEqual([
    'POST /2/files/upload',
    'host: content.dropboxapi.com',
    'accept-encoding: identity',
    'accept: */*',
    'authorization: Bearer sl.1',
    'content-length: 5',
    'content-type: application/octet-stream',
    'dropbox-api-arg: {"path":"/Z\\u00fcrich \\ud83d\\ude00.bin","mode":"overwrite"}',
    'user-agent: skillett',
  ]);
  expect((await call('upload_text', { target: { path: '/a.md' }, text: 'Zürich' })).status).toBe(200);
  expect(stand.upstream.received[1]?.body.toString()).toBe('Zürich');
});

it('what Dropbox refuses with 409 comes as it is, with its summary', async () => {
  await consent();
  const refused = { error_summary: 'path/not_found/..', error: { '.tag': 'path', path: { '.tag': 'not_found' } } };
  answer = { status: 409, body: refused };
  expect((await call('get_metadata', { path: '/nowhere' })).json).toMatchObject({ status: 409, error: refused });
});
