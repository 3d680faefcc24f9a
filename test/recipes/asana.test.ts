/** Asana names the person in its token answer, wraps what it takes and gives, and its refresh token stays the same. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const person = { id: 42, gid: '42', name: 'Ada', email: 'ada@acme.example' };
let stand: HardStand;
let tokens: number;
/** What renewals are refused with. */
let refusal: string | undefined;

beforeAll(async () => {
  stand = await startHardStand('asana', ['app.asana.com']);
});
beforeEach(async () => {
  tokens = 0;
  refusal = undefined;
  stand.server.gateway.clock.offsetMs = 0;
  stand.upstream.play = ({ target, body }, response) => {
    const json = (status: number, value: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (target === '/-/oauth_revoke') return json(200, {});
    if (target !== '/-/oauth_token') return json(200, { data: { gid: '1200000000000001', name: 'Hang the door' } });
    const isRenewal = body.toString().includes('grant_type=refresh_token');
    if (isRenewal && refusal) return json(400, { error: refusal });
    tokens += 1;
    const answer = { access_token: `at-${tokens}`, expires_in: 3600, token_type: 'bearer', data: person };
    return json(200, isRenewal ? answer : { ...answer, refresh_token: 'rt-1' });
  };
  for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/asana/${endpoint}`, { body: { params } });

async function consent(scopes?: string[]) {
  const body = { integration: 'asana', ...(scopes ? { scopes } : {}) };
  const started = await stand.server.request('POST', '/v1/connect', { body });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'c-1' })).status).toBe(200);
  return { url, id: started.json.connection_id as string };
}

it('is asked for full permission, or for the single scopes that were named, and names the person without another call', async () => {
  expect((await consent()).url.searchParams.get('scope')).toBe('default');
  expect(stand.asked()).toEqual(['POST app.asana.com/-/oauth_token']);
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', auth_type: 'oauth2' }]);
  const [connection] = await list();
  await stand.server.request('DELETE', `/v1/connect/${connection.connection_id}`);
  expect((await consent(['tasks:read', 'projects:read'])).url.searchParams.get('scope')).toBe('tasks:read projects:read');
});

it('a write goes wrapped in data, a read asks for the fields that lists show', async () => {
  await consent();
  stand.upstream.received.length = 0;
  const task = { name: 'Hang the door', projects: ['1200000000000003'], assignee: 'me', due_on: '2026-12-01' };
  expect((await call('create_task', task)).json.data.data.gid).toBe('1200000000000001');
  await call('list_section_tasks', { section_gid: '1200000000000004', limit: 10 });
  const [write, read] = stand.upstream.received.map(linesOf);
  const body = '{"data":{"name":"Hang the door","assignee":"me","due_on":"2026-12-01","projects":["1200000000000003"]}}';
  expect(write).toEqual([
    'POST /api/1.0/tasks?opt_fields=name,completed,due_on,assignee.name,permalink_url',
    'host: app.asana.com',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer at-1',
    `content-length: ${body.length}`,
    'content-type: application/json',
    'user-agent: skillett',
    body,
  ]);
  expect(read?.[0]).toMatch(/^GET \/api\/1\.0\/sections\/1200000000000004\/tasks\?limit=10&opt_fields=name,\S+permalink_url$/);
});

it('is renewed hour after hour with the same refresh token, which ends with the connection', async () => {
  const { id } = await consent();
  for (const hour of [1, 2]) {
    stand.server.gateway.clock.offsetMs = hour * 3_600_000;
    await Promise.all([call('complete_task', { task_gid: '1' }), call('complete_task', { task_gid: '1' })]);
    expect(stand.upstream.received.at(-1)?.headers.authorization).toBe(`Bearer at-${hour + 1}`);
    expect(stand.upstream.received.at(-1)?.body.toString()).toBe('{"data":{"completed":true}}');
  }
  const asked = stand.upstream.received
    .filter(({ target }) => target === '/-/oauth_token')
    .map(({ body }) => new URLSearchParams(String(body)));
  expect(asked.map((one) => one.get('refresh_token'))).toEqual([null, 'rt-1', 'rt-1']);
  await stand.server.request('DELETE', `/v1/connect/${id}`);
  const revoked = Object.fromEntries(new URLSearchParams(String(stand.upstream.received.at(-1)?.body)));
  expect(revoked).toEqual({ token: 'rt-1', client_id: 'the-client', client_secret: 'secret' });
});

it('a refresh token that Asana takes no more ends the connection', async () => {
  await consent();
  stand.server.gateway.clock.offsetMs = 3_600_000;
  refusal = 'invalid_grant';
  const ended = await call('complete_task', { task_gid: '1' });
  expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
});

it('a list that names no place, and a task that stands nowhere, are refused before they are sent', async () => {
  await consent();
  stand.upstream.received.length = 0;
  for (const [endpoint, params] of [
    ['list_tasks', { assignee: 'me' }],
    ['create_task', { name: 'Hang the door' }],
    ['add_comment', { task_gid: '1' }],
  ] as const)
    expect([endpoint, (await call(endpoint, params)).json.error]).toEqual([endpoint, 'bad_request']);
  expect(stand.upstream.received).toEqual([]);
});
