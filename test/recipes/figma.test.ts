/** Figma takes refresh tokens at an address of their own, which gives no new one, and the client by Basic at both. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { startTestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const lifetimeMs = 7_776_000_000;
let stand: HardStand;
let tokens: number;
/** What renewals are answered with instead of a token. */
let refusal: { status: number; body: object } | undefined;

beforeAll(async () => {
  stand = await startHardStand('figma', ['www.figma.com', 'api.figma.com']);
});
beforeEach(async () => {
  tokens = 0;
  refusal = undefined;
  stand.server.gateway.clock.offsetMs = 0;
  stand.upstream.play = ({ target }, response) => {
    const json = (status: number, value: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (target.startsWith('/v1/oauth/')) {
      const isRenewal = target === '/v1/oauth/refresh';
      if (isRenewal && refusal) return json(refusal.status, refusal.body);
      tokens += 1;
      const answer = { access_token: `figu_${tokens}`, token_type: 'bearer', expires_in: lifetimeMs / 1000 };
      return json(200, isRenewal ? answer : { ...answer, user_id: 42, user_id_string: '42', refresh_token: 'figur_1' });
    }
    if (target === '/v1/me') return json(200, { id: '42', handle: 'Ada', email: 'ada@acme.example', img_url: '' });
    return json(200, { comments: [], id: '7' });
  };
  for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/figma/${endpoint}`, { body: { params } });
const comments = () => call('list_comments', { file_key: 'hch8' });
const basic = `Basic ${Buffer.from('the-client:secret').toString('base64')}`;

async function consent() {
  const body = { integration: 'figma', scopes: ['file_comments:read', 'file_comments:write'] };
  const started = await stand.server.request('POST', '/v1/connect', { body });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'c-1' })).status).toBe(200);
  return url;
}

it('is connected by a client that says who it is in Basic, and not in the body', async () => {
  const url = await consent();
  expect(url.searchParams.get('scope')).toBe('current_user:read file_comments:read file_comments:write');
  const [token, me] = stand.upstream.received;
  expect([token?.target, token?.headers.authorization]).toEqual(['/v1/oauth/token', basic]);
  const sent = new URLSearchParams(String(token?.body));
  expect([sent.get('grant_type'), sent.get('code'), sent.get('client_secret')]).toEqual(['authorization_code', 'c-1', null]);
  expect([me?.target, me?.headers.authorization]).toEqual(['/v1/me', 'Bearer figu_1']);
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', auth_type: 'oauth2' }]);
});

it('without named scopes is not asked for those of variables, which few apps may have, nor for the older one', async () => {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'figma' } });
  const { url } = await openLink(stand.server, started.json.oauth_url);
  const asked = url.searchParams.get('scope')?.split(' ') ?? [];
  expect(asked).toEqual(expect.arrayContaining(['current_user:read', 'file_content:read', 'file_comments:write', 'webhooks:write']));
  expect(asked.filter((scope) => scope.startsWith('file_variables') || scope === 'files:read')).toEqual([]);
});

it('is renewed at the refresh endpoint, again and again with the token that the consent gave', async () => {
  await consent();
  for (const round of [1, 2]) {
    stand.server.gateway.clock.offsetMs = round * lifetimeMs;
    stand.upstream.received.length = 0;
    await Promise.all([comments(), comments()]);
    const [renewed, ...calls] = stand.upstream.received.map(linesOf);
    expect(renewed).toEqual([
      'POST /v1/oauth/refresh',
      'host: api.figma.com',
      'accept-encoding: identity',
      'accept: application/json',
      `authorization: ${basic}`,
      'content-length: 46',
      'content-type: application/x-www-form-urlencoded',
      'user-agent: skillett',
      'grant_type=refresh_token&refresh_token=figur_1',
    ]);
    expect(calls.map((lines) => lines.find((line) => line.startsWith('authorization')))).toEqual([
      `authorization: Bearer figu_${round + 1}`,
      `authorization: Bearer figu_${round + 1}`,
    ]);
  }
});

it('a failure of the refresh endpoint that passes keeps the connection, and the end of the grant ends it', async () => {
  await consent();
  stand.server.gateway.clock.offsetMs = lifetimeMs;
  refusal = { status: 503, body: { status: 503, err: 'Try again' } };
  expect((await comments()).json.error).not.toBe('token_expired');
  refusal = undefined;
  expect((await comments()).status).toBe(200);
  stand.server.gateway.clock.offsetMs = 2 * lifetimeMs;
  refusal = { status: 400, body: { error: 'invalid_grant' } };
  const ended = await comments();
  expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
});

it('a personal token goes in a header of its own; a read asks for Markdown, a write pins the comment', async () => {
  const connected = await stand.server.request('POST', '/v1/connect', {
    body: { integration: 'figma', credentials: { api_key: 'figd_1' } },
  });
  expect(connected.json).toMatchObject({ status: 'connected' });
  stand.upstream.received.length = 0;
  await comments();
  const pin = { node_id: '1:2', node_offset: { x: 0, y: 0 } };
  await call('post_comment', { file_key: 'hch8', message: 'The handle is on the wrong side.', client_meta: pin });
  const [read, write] = stand.upstream.received.map(linesOf);
  const body = '{"message":"The handle is on the wrong side.","client_meta":{"node_id":"1:2","node_offset":{"x":0,"y":0}}}';
  expect(read?.[0]).toBe('GET /v1/files/hch8/comments?as_md=true');
  expect(write).toEqual([
    'POST /v1/files/hch8/comments',
    'host: api.figma.com',
    'accept-encoding: identity',
    'accept: application/json',
    `content-length: ${body.length}`,
    'content-type: application/json',
    'user-agent: skillett',
    'x-figma-token: figd_1',
    body,
  ]);
});

it('a file is not asked for without its scope, and is read two levels deep unless the caller says otherwise', async () => {
  await consent();
  stand.upstream.received.length = 0;
  const narrow = await call('get_file', { file_key: 'hch8' });
  expect([narrow.status, narrow.text.includes('file_content:read'), stand.asked()]).toEqual([403, true, []]);
  const body = { integration: 'figma', credentials: { api_key: 'figd_1' } };
  await stand.server.request('POST', '/v1/connect', { body });
  stand.upstream.received.length = 0;
  expect((await call('get_file', { file_key: 'hch8' })).status).toBe(200);
  expect(stand.asked()).toEqual(['GET api.figma.com/v1/files/hch8?depth=2']);
});

it('a limit says how long it lasts, and a comment is not posted twice', async () => {
  await consent();
  stand.upstream.received.length = 0;
  stand.upstream.answer(429, { 'content-type': 'application/json', 'retry-after': '90' }, '{"status":429,"err":"Rate limit exceeded"}');
  const limited = await call('post_comment', { file_key: 'hch8', message: 'Seen.' });
  expect([limited.status, Number(limited.headers.get('retry-after')) > 80, stand.upstream.received.length]).toEqual([429, true, 1]);
});

it('where an installation has its API elsewhere, the refresh endpoint is there as well, under its own rules', async () => {
  const upstream = await Upstream.start();
  const moved = await startTestServer({
    env: {
      SKILLETT_FIGMA_CLIENT_ID: 'the-client',
      SKILLETT_FIGMA_CLIENT_SECRET: 'secret',
      SKILLETT_FIGMA_BASE_URL: `${upstream.origin}/figma`,
      SKILLETT_FIGMA_TOKEN_URL: `${upstream.origin}/elsewhere/token`,
    },
  });
  upstream.json('{"access_token":"figu_1","refresh_token":"figur_1","token_type":"bearer","expires_in":3600,"id":"42","handle":"Ada"}');
  const started = await moved.request('POST', '/v1/connect', { body: { integration: 'figma', scopes: ['file_comments:read'] } });
  await (await openLink(moved, started.json.oauth_url)).comeBack({ code: 'c-1' });
  moved.gateway.clock.offsetMs = 3_600_000;
  expect((await moved.request('POST', '/v1/figma/list_comments', { body: { params: { file_key: 'hch8' } } })).status).toBe(200);
  expect(upstream.received.map(({ target }) => target)).toEqual([
    '/elsewhere/token',
    '/figma/v1/me',
    '/figma/v1/oauth/refresh',
    '/figma/v1/files/hch8/comments?as_md=true',
  ]);
  await moved.close();
  await upstream.close();
});
