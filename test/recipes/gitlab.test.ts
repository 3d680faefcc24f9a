/** GitLab: refresh tokens that work once, a project's path as one segment, and the next page in a header. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let grants = 0;
let answer: { status: number; body: unknown; headers?: Record<string, string> };

beforeAll(async () => {
  stand = await startHardStand('gitlab', ['gitlab.com']);
});
beforeEach(async () => {
  stand.server.gateway.clock.offsetMs = 0;
  for (const { connection_id: id } of (await stand.server.request('GET', '/v1/connect')).json.connections)
    await stand.server.request('DELETE', `/v1/connect/${id}`);
  grants = 0;
  answer = { status: 200, body: [] };
  stand.upstream.play = ({ target, body }, response) => {
    const send = (status: number, json: unknown, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
    if (target === '/api/v4/user') return void send(200, { id: 7, username: 'ada' });
    if (target !== '/oauth/token') return void send(answer.status, answer.body, answer.headers);
    const form = new URLSearchParams(body.toString());
    const isKnown = form.get('grant_type') === 'authorization_code' || form.get('refresh_token') === `rt-${grants}`;
    if (!isKnown) return void send(400, { error: 'invalid_grant' });
    grants += 1;
    send(200, {
      access_token: `at-${grants}`,
      refresh_token: `rt-${grants}`,
      token_type: 'Bearer',
      expires_in: 7200,
      scope: 'api read_api',
    });
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/gitlab/${endpoint}`, { body: { params } });

async function consent() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'gitlab' } });
  const { comeBack } = await openLink(stand.server, started.json.oauth_url);
  await comeBack({ code: 'c1' });
  stand.upstream.received.length = 0;
}

it('each renewal brings a new refresh token, until GitLab knows the last one no more', async () => {
  await consent();
  const [connection] = (await stand.server.request('GET', '/v1/connect')).json.connections;
  expect(connection).toMatchObject({ status: 'connected', account: 'ada', variables: { host: 'gitlab.com' } });
  for (const count of [2, 3]) {
    stand.upstream.received.length = 0;
    stand.server.gateway.clock.offsetMs = (count - 1) * 3 * 3_600_000;
    expect((await call('list_todos', {})).status).toBe(200);
    const [renewal, read] = stand.upstream.received;
    expect(new URLSearchParams(renewal?.body.toString()).get('refresh_token')).toBe(`rt-${count - 1}`);
    expect(read?.headers.authorization).toBe(`Bearer at-${count}`);
  }
  grants = 9;
  stand.server.gateway.clock.offsetMs = 12 * 3_600_000;
  const ended = await call('list_todos', {});
  expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
});

it('a project is named by its path as one segment, and the next page stands in a header', async () => {
  await consent();
  const next = `<http://gitlab.com:${stand.upstream.port}/api/v4/projects/acme%2Fweb%20site/issues?page=2&per_page=1&state=opened>; rel="next"`;
  answer = { status: 200, body: [{ iid: 17, title: 'Ünal' }], headers: { link: next } };
  const params = { project_id: 'acme/web site', state: 'opened', per_page: 1 };
  const listed = await stand.server.request('POST', '/v1/gitlab/list_issues', { body: { params, view: 'lean' } });
  expect(listed.json.data.rows).toEqual([[17, 'Ünal', null, null, null, null]]);
  expect(Buffer.from(listed.headers.get('x-skillett-next') ?? '', 'base64url').toString()).toMatch(/^page=2&/);
  answer = { status: 201, body: { iid: 18 } };
  const file = await call('update_file', {
    project_id: '1',
    file_path: 'src/a b.js',
    branch: 'fix',
    content: 'ü',
    commit_message: 'Mend it',
  });
  expect(file.status).toBe(201);
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'GET /api/v4/projects/acme%2Fweb%20site/issues?state=opened&per_page=1',
      'host: gitlab.com',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer at-1',
      'user-agent: skillett',
    ],
    [
      'PUT /api/v4/projects/1/repository/files/src%2Fa%20b.js',
      'host: gitlab.com',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer at-1',
      'content-length: 58',
      'content-type: application/json',
      'user-agent: skillett',
      '{"branch":"fix","content":"ü","commit_message":"Mend it"}',
    ],
  ]);
});

it('a merge that GitLab refuses comes as it is', async () => {
  await consent();
  answer = { status: 405, body: { message: '405 Method Not Allowed' } };
  const refused = await call('merge_merge_request', { project_id: 'acme/website', merge_request_iid: '42' });
  expect(refused.json).toMatchObject({ status: 405, error: { message: '405 Method Not Allowed' } });
});
