/** Services that take a key as Basic (RFC 7617), each in a place of its own. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let mailgun: HardStand;
let desk: HardStand;

beforeAll(async () => {
  mailgun = await startHardStand('mailgun', ['api.mailgun.net']);
  desk = await startHardStand('desk', ['acme.desk.example']);
});
beforeEach(() => {
  mailgun.upstream.reset();
  mailgun.upstream.json('{"id":"u1","email":"ada@acme.example"}');
  desk.upstream.reset();
  desk.upstream.json('{"user":{"id":7,"email":"ada@acme.example"}}');
});
afterAll(async () => {
  await mailgun.close();
  await desk.close();
});

const connect = (stand: HardStand, integration: string, credentials: object) =>
  stand.server.request('POST', '/v1/connect', { body: { integration, credentials } });
const basic = (text: string) => `authorization: Basic ${Buffer.from(text).toString('base64')}`;

it('a key goes beside the user name that the recipe fixes, and nothing else is asked for', async () => {
  expect((await connect(mailgun, 'mailgun', { api_key: 'key-1:2' })).json).toMatchObject({ status: 'connected' });
  expect((await mailgun.server.request('POST', '/v1/mailgun/list_domains', { body: {} })).status).toBe(200);
  expect(mailgun.upstream.received.map(linesOf)).toEqual([
    [
      'GET /v5/users/me',
      'host: api.mailgun.net',
      'accept-encoding: identity',
      'accept: application/json',
      basic('api:key-1:2'),
      'user-agent: skillett',
    ],
    ['GET /v4/domains', 'host: api.mailgun.net', 'accept-encoding: identity', 'accept: */*', basic('api:key-1:2'), 'user-agent: skillett'],
  ]);
  const asked = await mailgun.server.request('POST', '/graphql', {
    body: { query: '{ integration(slug: "mailgun") { connectMethods { type fields { name label secret required } } } }' },
  });
  expect(asked.json.data.integration.connectMethods).toEqual([
    { type: 'BASIC', fields: [{ name: 'api_key', label: 'API key', secret: true, required: true }] },
  ]);
});

it('a list of one endpoint goes on by the header that its recipe names', async () => {
  await connect(mailgun, 'mailgun', { api_key: 'key-1' });
  const { port } = mailgun.upstream;
  const link = `<http://api.mailgun.net:${port}/v4/domains?page=2>; rel="next"`;
  mailgun.upstream.answer(200, { 'content-type': 'application/json', link }, '[]');
  const list = (body: object, headers = {}) => mailgun.server.request('POST', '/v1/mailgun/list_domains', { body, headers });
  const next = (await list({}, { accept: 'application/octet-stream' })).headers.get('x-skillett-next');
  mailgun.upstream.json('[]');
  expect((await list({ next })).headers.get('x-skillett-next')).toBe(null);
  expect(mailgun.upstream.received.at(-1)?.target).toBe('/v4/domains?page=2');
});

it('what is missing, too much, empty or not sendable is refused with the form that is taken', async () => {
  for (const credentials of [
    { username: 'api', password: 'key' },
    { api_key: 'key', username: 'api' },
    {},
    { api_key: '' },
    { api_key: 'a\u0001' },
  ]) {
    const refused = await connect(mailgun, 'mailgun', credentials);
    expect([refused.status, refused.json.error]).toEqual([400, 'bad_request']);
  }
  const other = await connect(mailgun, 'mailgun', { password: 'key' });
  expect(other.json.message).toContain('"credentials": {"api_key": "…"}');
  expect(mailgun.upstream.received).toEqual([]);
});

it('a user name is sent with the ending that the recipe adds, and holds no colon', async () => {
  const connected = await connect(desk, 'desk', { username: 'ada@acme.example', password: 'tok:1', subdomain: 'acme' });
  expect(connected.json).toMatchObject({ status: 'connected' });
  expect((await desk.server.request('POST', '/v1/desk/list_tickets', { body: {} })).status).toBe(200);
  expect(desk.upstream.received.map((request) => linesOf(request).find((line) => line.startsWith('authorization')))).toEqual([
    basic('ada@acme.example/token:tok:1'),
    basic('ada@acme.example/token:tok:1'),
  ]);
  const refused = await connect(desk, 'desk', { username: 'ada:x', password: 'tok', subdomain: 'acme' });
  expect([refused.status, refused.json.details]).toEqual([
    400,
    [{ path: 'credentials.username', message: 'must not hold a colon (RFC 7617, section 2)' }],
  ]);
});
