/** Netlify: tokens of a consent that do not end, pages in a header, and files that travel as they are. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let token: { status: number; body: object };
let answer: { status: number; headers?: Record<string, string>; body: string };

beforeAll(async () => {
  stand = await startHardStand('netlify', ['app.netlify.com', 'api.netlify.com']);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.server.gateway.clock.offsetMs = 0;
  stand.upstream.reset();
  // Neither an end nor a refresh token: it lasts until it is taken back.
  token = { status: 200, body: { access_token: 'nf_1', token_type: 'Bearer', scope: 'public', created_at: 1_793_779_200 } };
  answer = { status: 200, body: '[]' };
  stand.upstream.play = ({ target }, response) => {
    const { status, headers, body } =
      target === '/oauth/token'
        ? { status: token.status, headers: {}, body: JSON.stringify(token.body) }
        : target === '/api/v1/user'
          ? { status: 200, headers: {}, body: '{"id":"u1","email":"ada@acme.example"}' }
          : answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
});
afterAll(() => stand.close());

const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/netlify/${endpoint}`, { body: { params } });

async function consent() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'netlify' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  return { url, page: await comeBack({ code: 'c' }) };
}

it('a consent without scopes gives a token that is used as long as Netlify takes it', async () => {
  const { url, page } = await consent();
  expect([url.hostname, url.pathname, page.status]).toEqual(['app.netlify.com', '/authorize', 200]);
  expect(await connections()).toMatchObject([{ account: 'ada@acme.example' }]);
  stand.server.gateway.clock.offsetMs = 400 * 86_400_000;
  stand.upstream.received.length = 0;
  expect((await call('list_sites', {})).status).toBe(200);
  expect(stand.upstream.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer nf_1']);
});

it('a code that is refused connects nothing, and a token that was taken back is answered as Netlify says it, without a second try', async () => {
  token = { status: 401, body: { error: 'invalid_grant' } };
  expect((await consent()).page.status).toBe(400);
  expect(await connections()).toEqual([]);
  token = { status: 200, body: { access_token: 'nf_1', token_type: 'Bearer' } };
  await consent();
  stand.upstream.received.length = 0;
  answer = { status: 401, body: '{"code":401,"message":"Access Denied"}' };
  const refused = await call('list_sites', {});
  expect([refused.status, refused.json.error]).toEqual([401, { code: 401, message: 'Access Denied' }]);
  expect(stand.asked()).toEqual(['GET api.netlify.com/api/v1/sites']);
});

it('a deploy names its files by digest, and each file goes as its bytes to its path', async () => {
  await consent();
  stand.upstream.received.length = 0;
  answer.body = '{"id":"d1","required":["907d14fb3af2b0d4f18c2d46abe8aedce17367bd"]}';
  const files = { '/css/a b.css': '907d14fb3af2b0d4f18c2d46abe8aedce17367bd' };
  expect((await call('create_deploy', { site: 'shop.netlify.app', files, draft: true })).status).toBe(200);
  const content = Buffer.from('body{}').toString('base64');
  expect((await call('upload_deploy_file', { deploy: 'd1', path: 'css/a b.css', content })).status).toBe(200);
  const [begun, uploaded] = stand.upstream.received.map(linesOf);
  expect([begun?.[0], begun?.at(-1)]).toEqual([
    'POST /api/v1/sites/shop.netlify.app/deploys',
    '{"files":{"/css/a b.css":"907d14fb3af2b0d4f18c2d46abe8aedce17367bd"},"draft":true}',
  ]);
  expect(uploaded).toEqual([
    'PUT /api/v1/deploys/d1/files/css/a%20b.css',
    'host: api.netlify.com',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer nf_1',
    'content-length: 6',
    'content-type: application/octet-stream',
    'user-agent: skillett',
    'body{}',
  ]);
  expect((await call('upload_deploy_file', { deploy: 'd1', path: '../../sites', content })).status).toBe(400);
  expect(stand.upstream.received).toHaveLength(2);
});

it('variables are the list itself, and a list goes on by its Link header', async () => {
  await consent();
  stand.upstream.received.length = 0;
  const variables = [{ key: 'API_URL', values: [{ context: 'all', value: 'https://api.acme.example' }] }];
  expect((await call('create_env_vars', { account: 'acme', variables })).status).toBe(200);
  expect(JSON.parse(String(stand.upstream.received[0]?.body))).toEqual(variables);
  const next = `http://api.netlify.com:${stand.upstream.port}/api/v1/sites?page=2&per_page=1`;
  answer = { status: 200, headers: { link: `<${next}>; rel="next", <${next}>; rel="last"` }, body: '[{"id":"s1"}]' };
  expect((await call('list_sites', { per_page: 1 })).headers.get('x-skillett-next')).toEqual(expect.any(String));
  answer.headers = {};
  expect((await call('list_sites', { per_page: 1 })).headers.get('x-skillett-next')).toBeNull();
});

it('too many calls are answered with when to come back', async () => {
  await consent();
  answer = { status: 429, body: '{"code":429,"message":"Rate limit"}' };
  const limited = await call('create_build', { site: 'shop.netlify.app' });
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '60']);
});
