/** Todoist's access tokens last until they are taken back; its writes are POST, and a request id makes them safe to repeat. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
/** Whether the person has taken the app's access back. */
let isTakenBack: boolean;

beforeAll(async () => {
  stand = await startHardStand('todoist', ['todoist.com', 'api.todoist.com']);
});
beforeEach(async () => {
  isTakenBack = false;
  stand.server.gateway.clock.offsetMs = 0;
  stand.upstream.play = ({ target }, response) => {
    const json = (status: number, body: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (target === '/oauth/access_token') return json(200, { access_token: '0123456789abcdef', token_type: 'Bearer' });
    if (isTakenBack) return json(401, { error: 'Unauthorized', error_code: 401, http_code: 401 });
    if (target === '/api/v1/user') return json(200, { id: '2671355', email: 'ada@acme.example', full_name: 'Ada' });
    return json(200, { id: '6Xqhv4cwxgjwG9w8', results: [{ id: '6Xqhv4cwxgjwG9w8' }], next_cursor: null });
  };
  for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object, headers: Record<string, string> = {}) =>
  stand.server.request('POST', `/v1/todoist/${endpoint}`, { body: { params }, headers });

async function consent() {
  const body = { integration: 'todoist', scopes: ['data:read_write', 'data:delete'] };
  const started = await stand.server.request('POST', '/v1/connect', { body });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'c-1' })).status).toBe(200);
  return url;
}

it('is connected with scopes between commas, by a token that is never renewed', async () => {
  const url = await consent();
  expect(url.searchParams.get('scope')?.split(',').sort()).toEqual(['data:delete', 'data:read', 'data:read_write']);
  const [token] = stand.upstream.received;
  expect([token?.target, token?.headers.authorization]).toEqual(['/oauth/access_token', undefined]);
  expect(Object.fromEntries(new URLSearchParams(token?.body.toString()))).toMatchObject({
    grant_type: 'authorization_code',
    client_id: 'the-client',
    client_secret: 'secret',
    code: 'c-1',
  });
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', auth_type: 'oauth2' }]);
  stand.server.gateway.clock.offsetMs = 365 * 86_400_000;
  await call('get_task', { task_id: '6Xqhv4cwxgjwG9w8' });
  expect(stand.upstream.received.map(({ target }) => target)).toEqual([
    '/oauth/access_token',
    '/api/v1/user',
    '/api/v1/tasks/6Xqhv4cwxgjwG9w8',
  ]);
  expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer 0123456789abcdef');
});

it('a read asks with a filter, and a write is sent with the request id that the caller gave it', async () => {
  await consent();
  stand.upstream.received.length = 0;
  expect((await call('filter_tasks', { query: '(today | overdue) & #Work' })).json.data.results).toHaveLength(1);
  const task = { content: 'Pay the rent', due_string: 'every 1st', priority: 4, labels: ['home'] };
  expect((await call('create_task', task, { 'idempotency-key': 'rent-1' })).status).toBe(200);
  const [read, write] = stand.upstream.received.map(linesOf);
  expect(read?.[0]).toBe('GET /api/v1/tasks/filter?query=(today%20%7C%20overdue)%20%26%20%23Work');
  expect(write).toEqual([
    'POST /api/v1/tasks',
    'host: api.todoist.com',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer 0123456789abcdef',
    `content-length: ${JSON.stringify(task).length}`,
    'content-type: application/json',
    'user-agent: skillett',
    expect.stringMatching(/^x-request-id: \S+$/),
    '{"content":"Pay the rent","labels":["home"],"priority":4,"due_string":"every 1st"}',
  ]);
});

it('access that was taken back is refused by Todoist itself, once, since there is nothing to renew it with', async () => {
  await consent();
  isTakenBack = true;
  stand.upstream.received.length = 0;
  const ended = await call('get_task', { task_id: '6Xqhv4cwxgjwG9w8' });
  expect([ended.status, ended.json.error]).toEqual([401, expect.objectContaining({ error: 'Unauthorized' })]);
  expect(stand.asked()).toEqual(['GET api.todoist.com/api/v1/tasks/6Xqhv4cwxgjwG9w8']);
});

it('a task without a name, and a move to nowhere, are refused before they are sent', async () => {
  await consent();
  stand.upstream.received.length = 0;
  for (const [endpoint, params] of [
    ['create_task', { content: '' }],
    ['move_task', { task_id: '6Xqhv4cwxgjwG9w8' }],
  ] as const)
    expect([endpoint, (await call(endpoint, params)).json.error]).toEqual([endpoint, 'bad_request']);
  expect(stand.upstream.received).toEqual([]);
});

it('too many calls are answered with when to come back', async () => {
  await consent();
  stand.upstream.answer(429, { 'content-type': 'application/json', 'retry-after': '65' }, '{"error":"Too many requests"}');
  const limited = await call('create_task', { content: 'Pay the rent' });
  expect([limited.status, Number(limited.headers.get('retry-after')) > 60]).toEqual([429, true]);
});
