/** ClickUp's tokens go without a word before them, never end by themselves, and are asked for in JSON. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; headers?: Record<string, string>; body: object };

beforeAll(async () => {
  stand = await startHardStand('clickup', ['app.clickup.com', 'api.clickup.com']);
});
beforeEach(async () => {
  answer = { status: 200, body: { id: '9hx', tasks: [], last_page: true } };
  stand.server.gateway.clock.offsetMs = 0;
  stand.upstream.play = ({ target }, response) => {
    const json = (status: number, value: object, headers = {}) =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    if (target === '/api/v2/oauth/token') return json(200, { access_token: '183_abc', token_type: 'Bearer' });
    if (target === '/api/v2/user') return json(200, { user: { id: 183, username: 'Ada', email: 'ada@acme.example' } });
    return json(answer.status, answer.body, answer.headers);
  };
  for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/clickup/${endpoint}`, { body: { params } });
const connect = (credentials?: object) =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'clickup', ...(credentials ? { credentials } : {}) } });

async function consent() {
  const { url, comeBack } = await openLink(stand.server, (await connect()).json.oauth_url);
  expect((await comeBack({ code: 'c-1' })).status).toBe(200);
  return url;
}

it('is connected without scopes, and its token is asked for in JSON and sent bare', async () => {
  const url = await consent();
  expect([url.pathname, url.searchParams.get('scope'), url.searchParams.get('code_challenge')]).toEqual(['/api', null, null]);
  const [token, user] = stand.upstream.received;
  expect(token?.headers['content-type']).toBe('application/json');
  expect(JSON.parse(String(token?.body))).toMatchObject({ client_id: 'the-client', client_secret: 'secret', code: 'c-1' });
  expect(user?.headers.authorization).toBe('183_abc');
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', auth_type: 'oauth2' }]);
  stand.server.gateway.clock.offsetMs = 365 * 86_400_000;
  await call('get_task', { task_id: '9hx' });
  expect(stand.asked().slice(2)).toEqual(['GET api.clickup.com/api/v2/task/9hx?include_markdown_description=true']);
});

it('a personal token is sent bare as well, and one that ClickUp refuses connects nothing', async () => {
  expect((await connect({ api_key: 'pk_183_XYZ' })).json).toMatchObject({ status: 'connected' });
  expect(stand.upstream.received[0]?.headers.authorization).toBe('pk_183_XYZ');
  stand.upstream.json('{"err":"Token invalid","ECODE":"OAUTH_025"}', 401);
  const refused = await connect({ api_key: 'pk_183_OTHER' });
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
});

it('a read names lists with brackets and long ids as texts, a write the ids of people as numbers', async () => {
  await connect({ api_key: 'pk_183_XYZ' });
  stand.upstream.received.length = 0;
  await call('search_tasks', {
    workspace_id: '90110000000000001',
    assignees: ['183'],
    list_ids: ['901', '902'],
    due_date_lt: 1_765_152_000_000,
  });
  await call('list_tasks', { list_id: '901500000001', statuses: ['to do', 'in progress'] });
  const body = '{"name":"Hang the door","priority":2,"assignees":[183]}';
  await call('create_task', { list_id: '901500000001', name: 'Hang the door', assignees: [183], priority: 2 });
  const [search, read, write] = stand.upstream.received.map(linesOf);
  expect(search?.[0]).toBe(
    'GET /api/v2/team/90110000000000001/task?assignees%5B%5D=183&list_ids%5B%5D=901&list_ids%5B%5D=902&due_date_lt=1765152000000',
  );
  expect(read?.[0]).toBe('GET /api/v2/list/901500000001/task?statuses%5B%5D=to%20do&statuses%5B%5D=in%20progress');
  expect(write).toEqual([
    'POST /api/v2/list/901500000001/task',
    'host: api.clickup.com',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: pk_183_XYZ',
    `content-length: ${body.length}`,
    'content-type: application/json',
    'user-agent: skillett',
    body,
  ]);
});

it('a page that is not the last leads to the next one, counted from 0', async () => {
  await connect({ api_key: 'pk_183_XYZ' });
  answer.body = { tasks: [{ id: '9hx' }], last_page: false };
  const next = (await call('list_tasks', { list_id: '901500000001' })).headers.get('x-skillett-next');
  stand.upstream.received.length = 0;
  answer.body = { tasks: [{ id: '9hz' }], last_page: true };
  const second = await stand.server.request('POST', '/v1/clickup/list_tasks', { body: { params: { list_id: '901500000001' }, next } });
  expect(stand.asked()).toEqual(['GET api.clickup.com/api/v2/list/901500000001/task?page=1']);
  expect([second.json.data.tasks, second.headers.get('x-skillett-next')]).toEqual([[{ id: '9hz' }], null]);
});

it('a workspace that was not chosen is refused, and the connection stays', async () => {
  await consent();
  answer = { status: 401, body: { err: 'Team not authorized', ECODE: 'OAUTH_027' } };
  const refused = await call('list_spaces', { workspace_id: '9011000000' });
  expect([refused.status, refused.json.error]).toEqual([401, { err: 'Team not authorized', ECODE: 'OAUTH_027' }]);
  answer = { status: 200, body: { spaces: [] } };
  expect((await call('list_spaces', { workspace_id: '9012000000' })).status).toBe(200);
});

it('too many calls are answered with the time that the header names', async () => {
  await consent();
  const reset = Math.floor(Date.now() / 1000) + 65;
  answer = {
    status: 429,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) },
    body: { err: 'Rate limit reached' },
  };
  const limited = await call('create_folder', { space_id: '90110000001', name: 'Doors' });
  expect([limited.status, Number(limited.headers.get('retry-after')) > 60]).toEqual([429, true]);
});
