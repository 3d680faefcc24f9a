/** Cloudflare: answers in an envelope that says by itself whether the call succeeded, and an account that is looked up. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let accounts: object[];
let answer: { status: number; type?: string; body: string };

const account = '01a7362d577a6c3019a474fd6f485823';
const zone = '023e105f4ecef8ad9ca31a8372d0c353';

beforeAll(async () => {
  stand = await startHardStand('cloudflare', ['api.cloudflare.com']);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.reset();
  accounts = [{ id: account, name: 'Acme' }];
  answer = { status: 200, body: envelope({ id: 'r1' }) };
  stand.upstream.play = ({ target }, response) => {
    const json = (body: string) => void response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    if (target === '/client/v4/accounts') return json(envelope(accounts));
    if (target === `/client/v4/accounts/${account}`) return json(envelope(accounts[0]));
    response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' }).end(answer.body);
  };
});
afterAll(() => stand.close());

const envelope = (result: unknown, more: object = {}) => JSON.stringify({ success: true, errors: [], messages: [], result, ...more });
const failure = (code: number) => JSON.stringify({ success: false, errors: [{ code, message: 'No.' }], messages: [], result: null });
const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const connect = (credentials: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'cloudflare', credentials } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/cloudflare/${endpoint}`, { body: { params } });

it('a token finds its account, whose id stands in calls that name none', async () => {
  expect((await connect({ token: 'cf_1' })).json).toMatchObject({ status: 'connected' });
  expect(await connections()).toMatchObject([{ account: 'Acme', variables: { account } }]);
  stand.upstream.received.length = 0;
  expect((await call('list_workers', {})).status).toBe(200);
  expect((await call('create_zone', { name: 'example.com' })).status).toBe(200);
  const body = `{"account":{"id":"${account}"},"name":"example.com"}`;
  const [read, write] = stand.upstream.received.map(linesOf);
  expect(read?.[0]).toBe(`GET /client/v4/accounts/${account}/workers/scripts`);
  expect(write).toEqual([
    'POST /client/v4/zones',
    'host: api.cloudflare.com',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer cf_1',
    `content-length: ${body.length}`,
    'content-type: application/json',
    'user-agent: skillett',
    body,
  ]);
});

it('the global key goes out beside the address of its person, and without that address nothing goes out', async () => {
  expect((await connect({ api_key: 'key_1', email: 'ada@acme.example' })).json).toMatchObject({ status: 'connected' });
  expect(stand.upstream.received[0]?.headers).toMatchObject({ 'x-auth-key': 'key_1', 'x-auth-email': 'ada@acme.example' });
  stand.upstream.received.length = 0;
  const refused = await connect({ api_key: 'key_1' });
  expect([refused.status, refused.json.error, refused.text]).toEqual([400, 'bad_request', expect.stringContaining('email')]);
  expect(stand.upstream.received).toEqual([]);
});

it('a failure within 200 has the status that its code means, and a success keeps its envelope', async () => {
  await connect({ token: 'cf_1' });
  answer.body = failure(81058);
  const record = { zone, type: 'A', name: 'www.example.com', content: '198.51.100.4' };
  const refused = await call('create_dns_record', record);
  expect([refused.status, refused.json.error]).toEqual([409, expect.objectContaining({ success: false })]);
  answer.body = failure(4242);
  expect((await call('create_dns_record', record)).status).toBe(422);
  answer.body = envelope({ id: 'r1' });
  expect((await call('create_dns_record', record)).json).toMatchObject({ status: 200, data: { success: true, result: { id: 'r1' } } });
});

it('text and values without an envelope are no failures, also where a value looks like one', async () => {
  await connect({ token: 'cf_1' });
  answer = { status: 200, type: 'text/plain', body: 'www 300 IN A 198.51.100.4\n' };
  expect((await call('export_dns_records', { zone })).json.data).toBe('www 300 IN A 198.51.100.4\n');
  answer = { status: 200, body: '{"success":false}' };
  expect((await call('get_kv_value', { namespace: '0f2ac74b498b48028cb68387c421e279', key: 'user:42' })).status).toBe(200);
});

it('a list goes on as long as its envelope counts further pages', async () => {
  await connect({ token: 'cf_1' });
  answer.body = envelope([{ id: zone }], { result_info: { page: 1, per_page: 5, total_pages: 2 } });
  expect((await call('list_zones', { per_page: 5 })).headers.get('x-skillett-next')).toEqual(expect.any(String));
  answer.body = envelope([{ id: zone }], { result_info: { page: 2, per_page: 5, total_pages: 2 } });
  expect((await call('list_zones', { per_page: 5, page: 2 })).headers.get('x-skillett-next')).toBeNull();
});

it('who used up the calls of five minutes is told to wait for five minutes', async () => {
  await connect({ token: 'cf_1' });
  answer = { status: 429, body: failure(10429) };
  const limited = await call('purge_cache', { zone, purge_everything: true });
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '300']);
});
