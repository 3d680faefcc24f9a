/** Vercel: one team for each connection, in the query of every call, and none where none was given. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; headers?: Record<string, string>; body: string };

beforeAll(async () => {
  stand = await startHardStand('vercel', ['api.vercel.com']);
});
beforeEach(async () => {
  const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
  for (const { connection_id: id } of connections) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.reset();
  answer = { status: 200, body: '{}' };
  stand.upstream.play = ({ target }, response) => {
    const { status, headers, body } = target === '/v2/user' ? { status: 200, headers: {}, body: ada } : answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
});
afterAll(() => stand.close());

const ada = '{"user":{"id":"u1","email":"ada@acme.example","username":"ada"}}';
const connect = (credentials: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'vercel', credentials } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/vercel/${endpoint}`, { body: { params } });

it('the team that was given stands in every call, and a write holds what was said and no more', async () => {
  expect((await connect({ token: 'vc_1', team: 'team_Acme1' })).json).toMatchObject({ status: 'connected' });
  stand.upstream.received.length = 0;
  const env = { project: 'shop', key: 'API_URL', value: 'https://api.acme.example', type: 'plain', target: ['production'] };
  expect((await call('create_env', env)).status).toBe(200);
  expect((await call('list_deployments', { project: 'shop', limit: 5 })).status).toBe(200);
  const body = '{"key":"API_URL","value":"https://api.acme.example","type":"plain","target":["production"]}';
  const [write, read] = stand.upstream.received.map(linesOf);
  expect(write).toEqual([
    'POST /v10/projects/shop/env?teamId=team_Acme1',
    'host: api.vercel.com',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer vc_1',
    `content-length: ${body.length}`,
    'content-type: application/json',
    'user-agent: skillett',
    body,
  ]);
  const asked = new URL(read?.[0]?.slice('GET '.length) ?? '', 'https://api.vercel.com');
  expect([asked.pathname, Object.fromEntries(asked.searchParams)]).toEqual([
    '/v6/deployments',
    { teamId: 'team_Acme1', projectId: 'shop', limit: '5' },
  ]);
});

it('without a team no call names one, and what is no id of a team is refused before anything is sent', async () => {
  const refused = await connect({ token: 'vc_1', team: 'team_A&slug=evil' });
  expect([refused.status, refused.json.details]).toMatchObject([400, [{ path: 'credentials.team' }]]);
  expect(stand.upstream.received).toEqual([]);
  expect((await connect({ token: 'vc_1' })).json).toMatchObject({ status: 'connected' });
  expect((await call('promote_deployment', { project: 'prj_1', deployment: 'dpl_1' })).status).toBe(200);
  expect(stand.upstream.received.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'GET /v2/user',
    'POST /v10/projects/prj_1/promote/dpl_1',
  ]);
});

it('a deployment without anything to deploy is refused, and one of a branch names its repository', async () => {
  await connect({ token: 'vc_1' });
  stand.upstream.received.length = 0;
  expect((await call('create_deployment', { name: 'shop' })).status).toBe(400);
  expect(stand.upstream.received).toEqual([]);
  const source = { type: 'github', ref: 'main', org: 'acme', repo: 'shop' };
  expect((await call('create_deployment', { name: 'shop', git_source: source, target: 'production' })).status).toBe(200);
  expect(JSON.parse(String(stand.upstream.received[0]?.body))).toEqual({ name: 'shop', gitSource: source, target: 'production' });
});

it('too many calls are answered with when to come back, and are not repeated', async () => {
  await connect({ token: 'vc_1' });
  stand.upstream.received.length = 0;
  const reset = Math.floor(stand.server.gateway.clock.nowMs() / 1000) + 90;
  answer = {
    status: 429,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) },
    body: '{"error":{"code":"rate_limited","message":"No."}}',
  };
  const limited = await call('delete_project', { project: 'old-shop' });
  expect([limited.status, limited.json.error]).toEqual([429, { error: { code: 'rate_limited', message: 'No.' } }]);
  const wait = Number(limited.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(60);
  expect(wait).toBeLessThanOrEqual(91);
  expect(stand.upstream.received).toHaveLength(1);
});
