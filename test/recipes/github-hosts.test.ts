/** GitHub: files of a release go to a host of their own, and lists of alerts go on by the link that it answers. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; body: unknown; headers?: Record<string, string> };

beforeAll(async () => {
  stand = await startHardStand('github', ['api.github.com', 'uploads.github.com']);
  stand.upstream.play = ({ target }, response) => {
    const { status, body, headers } = target === '/user' ? { status: 200, body: { id: 7, login: 'ada' }, headers: {} } : answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  await stand.server.request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token: 'ghp_1' } } });
});
beforeEach(() => {
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const call = (endpoint: string, body: object) => stand.server.request('POST', `/v1/github/${endpoint}`, { body });
const file = { filename: 'notes.txt', content_type: 'text/plain', base64: Buffer.from('Grüße\n').toString('base64') };

it('a file of a release goes as its own bytes to the host for uploads, and a name that is taken comes as GitHub says it', async () => {
  answer = { status: 201, body: { id: 11, name: 'notes 1.txt', size: 8, browser_download_url: 'https://github.com/a/b' } };
  const params = { repo: 'octocat/hello', release_id: 5, name: 'notes 1.txt', content: file };
  const sent = await call('upload_release_asset', { params, view: 'lean' });
  expect(sent.json.data.rows).toEqual([[11, 'notes 1.txt', 8, 'https://github.com/a/b']]);
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'POST /repos/octocat/hello/releases/5/assets?name=notes%201.txt',
      'host: uploads.github.com',
      'accept-encoding: identity',
      'accept: application/vnd.github+json',
      'authorization: Bearer ghp_1',
      'content-length: 8',
      'content-type: text/plain',
      'user-agent: skillett',
      'x-github-api-version: 2022-11-28',
      'Grüße\n',
    ],
  ]);
  answer = { status: 422, body: { message: 'Validation Failed', errors: [{ code: 'already_exists', field: 'name' }] } };
  const refused = await call('upload_release_asset', { params });
  expect(refused.json).toMatchObject({ status: 422, error: { errors: [{ code: 'already_exists' }] } });
});

it('the next page of alerts is what the link says, and found secrets are never asked for', async () => {
  const next = `<http://api.github.com:${stand.upstream.port}/repositories/9/dependabot/alerts?state=open&per_page=1&after=Y3Vyc29y>; rel="next"`;
  answer = { status: 200, body: [{ number: 2, state: 'open', dependency: { package: { name: 'lodash' } } }], headers: { link: next } };
  const listed = await call('list_dependabot_alerts', { params: { repo: 'octocat/hello', state: 'open', per_page: 1 } });
  answer = { status: 200, body: [] };
  const more = await call('list_dependabot_alerts', {
    params: { repo: 'octocat/hello', state: 'open', per_page: 1 },
    next: listed.headers.get('x-skillett-next'),
  });
  expect([more.status, more.json.data, more.headers.get('x-skillett-next')]).toEqual([200, [], null]);
  expect((await call('list_secret_scanning_alerts', { params: { repo: 'octocat/hello', state: 'open' } })).status).toBe(200);
  expect(stand.asked()).toEqual([
    'GET api.github.com/repos/octocat/hello/dependabot/alerts?state=open&per_page=1',
    'GET api.github.com/repos/octocat/hello/dependabot/alerts?state=open&per_page=1&after=Y3Vyc29y',
    'GET api.github.com/repos/octocat/hello/secret-scanning/alerts?hide_secret=true&state=open',
  ]);
});
