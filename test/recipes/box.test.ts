/** Box: each refresh token works once and its access token for an hour, content lies on another host, and uploads go to a third. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, placeOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let renewals: string[];
let renewal: { status: number; body: object };
let answer: { status: number; headers?: Record<string, string>; body: string };

beforeAll(async () => {
  stand = await startHardStand('box', ['account.box.com', 'api.box.com', 'upload.box.com', 'dl.boxcloud.com']);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.server.gateway.clock.offsetMs = 0;
  stand.upstream.reset();
  renewals = [];
  renewal = { status: 200, body: {} };
  answer = { status: 200, body: '{}' };
  stand.upstream.play = (request, response) => {
    const send = (status: number, body: string, headers: Record<string, string> = {}) =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    const place = placeOf(request);
    if (place === 'api.box.com/oauth2/revoke') return send(200, '');
    if (place === 'api.box.com/2.0/users/me') return send(200, '{"type":"user","id":"33","name":"Ada","login":"ada@acme.example"}');
    if (place.startsWith('dl.boxcloud.com/')) return send(200, 'The report', { 'content-type': 'text/plain' });
    if (place !== 'api.box.com/oauth2/token') return send(answer.status, answer.body, answer.headers);
    const sent = new URLSearchParams(request.body.toString()).get('refresh_token');
    if (sent !== null) renewals.push(sent);
    if (sent !== null && renewal.status !== 200) return send(renewal.status, JSON.stringify(renewal.body));
    const nth = renewals.length + 1;
    const tokens = { access_token: `at-${nth}`, expires_in: 4169, restricted_to: [], refresh_token: `rt-${nth}`, token_type: 'bearer' };
    return send(200, JSON.stringify(tokens));
  };
});
afterAll(() => stand.close());

const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/box/${endpoint}`, { body: { params } });

async function consent(): Promise<{ url: URL; id: string }> {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'box' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'c' })).status).toBe(200);
  stand.upstream.received.length = 0;
  return { url, id: started.json.connection_id };
}

it('a consent asks for the scopes, the account is named by its login, and its end takes the newest refresh token back', async () => {
  const { url, id } = await consent();
  expect([url.hostname, url.pathname]).toEqual(['account.box.com', '/api/oauth2/authorize']);
  expect(url.searchParams.get('scope')).toBe('root_readwrite');
  expect(await connections()).toMatchObject([{ account: 'ada@acme.example' }]);
  const ended = await stand.server.request('DELETE', `/v1/connect/${id}`);
  expect(ended.headers.get('x-skillett-revoked')).toBe('true');
  expect(stand.asked()).toEqual(['POST api.box.com/oauth2/revoke']);
  const form = Object.fromEntries(new URLSearchParams(String(stand.upstream.received[0]?.body)));
  expect(form).toEqual({ token: 'rt-1', client_id: 'the-client', client_secret: 'secret' });
});

it('every hour the refresh token of the renewal before is sent, once for all calls', async () => {
  await consent();
  for (const hours of [2, 4]) {
    stand.server.gateway.clock.offsetMs = hours * 3_600_000;
    const statuses = await Promise.all([1, 2, 3].map(async () => (await call('get_folder', { folder: '0' })).status));
    expect(statuses).toEqual([200, 200, 200]);
  }
  expect(renewals).toEqual(['rt-1', 'rt-2']);
  expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer at-3');
});

it('a refresh token that was used before ends the connection, and the call is told to connect again', async () => {
  await consent();
  stand.server.gateway.clock.offsetMs = 2 * 3_600_000;
  renewal = { status: 400, body: { error: 'invalid_grant', error_description: 'Refresh token has expired' } };
  const refused = await call('get_folder', { folder: '0' });
  expect([refused.status, refused.json.error]).toEqual([401, 'token_expired']);
  expect(stand.asked()).toEqual(['POST api.box.com/oauth2/token']);
  expect(await connections()).toMatchObject([{ status: 'error' }]);
});

it('content is fetched from the host that Box sends to, and the token does not go there', async () => {
  await consent();
  answer = { status: 302, headers: { location: `http://dl.boxcloud.com:${stand.upstream.port}/d/1/abc/download` }, body: '' };
  expect((await call('download_file', { file: '12345' })).json).toEqual({ status: 200, data: 'The report' });
  expect(stand.upstream.received.map((request) => [placeOf(request), request.headers.authorization])).toEqual([
    ['api.box.com/2.0/files/12345/content', 'Bearer at-1'],
    ['dl.boxcloud.com/d/1/abc/download', undefined],
  ]);
});

it('content that is sent from a host of the network inside is not fetched', async () => {
  await consent();
  answer = { status: 302, headers: { location: 'http://10.0.0.7/secret' }, body: '' };
  const refused = await call('download_file', { file: '12345' });
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(stand.asked()).toEqual(['GET api.box.com/2.0/files/12345/content']);
});

it('an upload goes to the host for uploads, what is said of the file before the file', async () => {
  await consent();
  const file = { filename: 'report.txt', content_type: 'text/plain', base64: Buffer.from('The report').toString('base64') };
  expect((await call('upload_file', { file, attributes: { name: 'report.txt', parent: { id: '0' } } })).status).toBe(200);
  expect(stand.asked()).toEqual(['POST upload.box.com/api/2.0/files/content']);
  const body = String(stand.upstream.received[0]?.body);
  expect(stand.upstream.received[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
  expect(body).toContain('{"name":"report.txt","parent":{"id":"0"}}');
  expect(body.indexOf('name="attributes"')).toBeLessThan(body.indexOf('name="file"'));
  expect((await call('upload_file', { file, attributes: { name: 'report.txt' } })).status).toBe(400);
  expect(stand.upstream.received).toHaveLength(1);
});

it('a name that is taken is said with the file that has it, and a link is taken away by null', async () => {
  await consent();
  answer = { status: 409, body: '{"code":"item_name_in_use","context_info":{"conflicts":{"id":"99"}}}' };
  const taken = await call('create_folder', { name: 'Contracts', parent: { id: '0' } });
  expect([taken.status, taken.json.error]).toEqual([409, expect.objectContaining({ code: 'item_name_in_use' })]);
  answer = { status: 200, body: '{"id":"12345"}' };
  expect((await call('update_file', { file: '12345', shared_link: null })).status).toBe(200);
  const sent = stand.upstream.received.map(linesOf).at(-1);
  expect([sent?.[0], sent?.at(-1)]).toEqual(['PUT /2.0/files/12345', '{"shared_link":null}']);
});
