/** Datadog: two keys in two headers, at one of several sites, to which keys are bound. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; headers?: Record<string, string>; body: string };

beforeAll(async () => {
  stand = await startHardStand('datadog', ['api.datadoghq.com', 'api.datadoghq.eu']);
});
beforeEach(async () => {
  const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
  for (const { connection_id: id } of connections) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.reset();
  answer = { status: 200, body: '{}' };
  stand.upstream.play = ({ target }, response) => {
    const { status, headers, body } = target === '/api/v2/current_user' && answer.status !== 403 ? { ...answer, body: ada } : answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
});
afterAll(() => stand.close());

const ada = '{"data":{"id":"u-1","type":"users","attributes":{"email":"ada@acme.example","handle":"ada@acme.example"}}}';
const keys = { api_key: 'a1b2', application_key: 'c3d4' };
const connect = (credentials: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'datadog', credentials } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/datadog/${endpoint}`, { body: { params } });

it('both keys go out in headers of their own, to the site that was given', async () => {
  expect((await connect({ ...keys, site: 'datadoghq.eu' })).json).toMatchObject({ status: 'connected' });
  const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
  expect(connections).toMatchObject([{ account: 'ada@acme.example', variables: { site: 'datadoghq.eu' } }]);
  expect((await call('create_event', { title: 'Live', text: 'By the pipeline.', tags: ['env:prod'] })).status).toBe(200);
  const body = '{"title":"Live","text":"By the pipeline.","tags":["env:prod"]}';
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'GET /api/v2/current_user',
      'host: api.datadoghq.eu',
      'accept-encoding: identity',
      'accept: application/json',
      'dd-api-key: a1b2',
      'dd-application-key: c3d4',
      'user-agent: skillett',
    ],
    [
      'POST /api/v1/events',
      'host: api.datadoghq.eu',
      'accept-encoding: identity',
      'accept: application/json',
      `content-length: ${body.length}`,
      'content-type: application/json',
      'dd-api-key: a1b2',
      'dd-application-key: c3d4',
      'user-agent: skillett',
      body,
    ],
  ]);
});

it('one key alone, and a site that is none of the service’s, send nothing', async () => {
  for (const credentials of [{ api_key: 'a1b2' }, { ...keys, site: 'datadoghq.com.evil.example' }, { ...keys, site: 'evil.example' }]) {
    const refused = await connect(credentials);
    expect([refused.status, refused.json.error]).toEqual([400, 'bad_request']);
  }
  expect(stand.upstream.received).toEqual([]);
});

it('keys of another site are refused when connecting, and stand in no answer and no log', async () => {
  answer = { status: 403, body: '{"errors":["Forbidden"]}' };
  const refused = await connect(keys);
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.text + stand.server.log.join('')).not.toMatch(/a1b2|c3d4/);
});

it('a search of logs is a body of parts with what everybody needs filled in, and goes on behind its cursor', async () => {
  await connect(keys);
  stand.upstream.received.length = 0;
  answer.body = '{"data":[{"id":"l1","attributes":{"message":"No."}}],"meta":{"page":{"after":"abc"}}}';
  expect((await call('search_logs', { query: 'status:error', from: 'now-1h' })).status).toBe(200);
  expect((await call('search_logs', { query: 'status:error', from: 'now-1h', cursor: 'abc' })).status).toBe(200);
  const [first, second] = stand.upstream.received.map(({ body }) => JSON.parse(String(body)));
  expect(first).toEqual({ filter: { query: 'status:error', from: 'now-1h', to: 'now' }, sort: '-timestamp', page: { limit: 50 } });
  expect(second.page).toEqual({ limit: 50, cursor: 'abc' });
});

it('a downtime is wrapped with its kind, and a downtime without monitors is refused', async () => {
  await connect(keys);
  stand.upstream.received.length = 0;
  const given = { scope: 'env:prod', monitors: { monitor_tags: ['*'] }, end: '2026-12-04T22:00:00Z' };
  expect((await call('create_downtime', given)).status).toBe(200);
  expect(JSON.parse(String(stand.upstream.received[0]?.body))).toEqual({
    data: {
      type: 'downtime',
      attributes: { scope: 'env:prod', monitor_identifier: { monitor_tags: ['*'] }, schedule: { end: '2026-12-04T22:00:00Z' } },
    },
  });
  expect((await call('create_downtime', { scope: 'env:prod' })).status).toBe(400);
  expect(stand.upstream.received).toHaveLength(1);
});

it('calls that are used up are said with the seconds until there are new ones', async () => {
  await connect(keys);
  answer = { status: 429, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '41' }, body: '{"errors":["Rate limit"]}' };
  const limited = await call('mute_host', { host: 'web-1' });
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '41']);
});
