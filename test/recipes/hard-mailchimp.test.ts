/** Services whose credential says where the account is, or which one it is. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let mailchimp: HardStand;
let twilio: HardStand;

beforeAll(async () => {
  mailchimp = await startHardStand('mailchimp', ['us6.api.mailchimp.com', 'eu1.api.mailchimp.com']);
  twilio = await startHardStand('twilio', ['api.twilio.com']);
});
beforeEach(() => {
  mailchimp.upstream.received.length = 0;
  mailchimp.upstream.json('{"account_id":"a1","account_name":"Acme","lists":[]}');
  twilio.upstream.received.length = 0;
  twilio.upstream.json('{"sid":"ACx","friendly_name":"Acme"}');
});
afterAll(async () => {
  await mailchimp.close();
  await twilio.close();
});

const connect = (stand: HardStand, integration: string, credentials: object, account?: string) =>
  stand.server.request('POST', '/v1/connect', { body: { integration, credentials, ...(account ? { account } : {}) } });
const list = async (stand: HardStand) => (await stand.server.request('GET', '/v1/connect')).json.connections;

it('the end of a key is the host of its requests, and a new key of another data centre takes the account there', async () => {
  expect((await connect(mailchimp, 'mailchimp', { api_key: '0123456789abcdef-us6' })).json).toMatchObject({ status: 'connected' });
  expect((await mailchimp.server.request('POST', '/v1/mailchimp/list_lists', { body: { params: { count: 10 } } })).status).toBe(200);
  expect(mailchimp.upstream.received.map(linesOf)).toEqual([
    [
      'GET /3.0/',
      'host: us6.api.mailchimp.com',
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Bearer 0123456789abcdef-us6',
      'user-agent: skillett',
    ],
    [
      'GET /3.0/lists?count=10',
      'host: us6.api.mailchimp.com',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer 0123456789abcdef-us6',
      'user-agent: skillett',
    ],
  ]);
  expect(await list(mailchimp)).toMatchObject([{ account: 'Acme', variables: { dc: 'us6' } }]);

  await connect(mailchimp, 'mailchimp', { api_key: 'fedcba9876543210-eu1' }, 'Europe');
  await mailchimp.server.request('POST', '/v1/mailchimp/list_lists', { body: { account: 'Europe' } });
  const { headers } = mailchimp.upstream.received.at(-1) as never as { headers: Record<string, string> };
  expect([headers.host?.split(':')[0], headers.authorization]).toEqual(['eu1.api.mailchimp.com', 'Bearer fedcba9876543210-eu1']);
});

it.each([
  '0123456789abcdef',
  'us6',
  '0123456789abcdef-',
  '0123456789abcdef-evil.example/',
  '0123-us6@evil.example',
  '-us6.',
  'abc-0123456789abcdef0123456789abcdef',
])('a key such as %s, which names no data centre, is refused before anything is sent, and shown to nobody', async (api_key) => {
  const before = await list(mailchimp);
  const refused = await connect(mailchimp, 'mailchimp', { api_key });
  expect([refused.status, refused.json.error, refused.json.details]).toEqual([
    400,
    'bad_request',
    [{ path: 'credentials.api_key', message: expect.stringMatching(/^holds (no|a) `dc`.*The data centre of the account/) }],
  ]);
  if (api_key.length > 5) expect(refused.text).not.toContain(api_key);
  expect(mailchimp.upstream.received).toEqual([]);
  expect(await list(mailchimp)).toEqual(before);
  if (api_key.length > 5) expect(mailchimp.server.log.join('')).not.toContain(api_key);
});

it('nobody gives what the credential says', async () => {
  const refused = await connect(mailchimp, 'mailchimp', { api_key: '0123456789abcdef-us6', dc: 'eu1' });
  expect([refused.status, refused.json.message]).toEqual([400, expect.stringContaining('does not take credentials with `api_key`, `dc`')]);
  expect(mailchimp.upstream.received).toEqual([]);
});

it('the user name of Basic may be a part of every path, and is held to its pattern', async () => {
  const sid = `AC${'0a'.repeat(16)}`;
  expect((await connect(twilio, 'twilio', { username: 'ada', password: 'pass' })).json.details).toMatchObject([
    { path: 'credentials.username' },
  ]);
  expect(twilio.upstream.received).toEqual([]);
  expect((await connect(twilio, 'twilio', { username: sid, password: 'pass' })).json).toMatchObject({ status: 'connected' });
  await twilio.server.request('POST', '/v1/twilio/send_message', { body: { params: { to: '+15005550006', text: 'Hello' } } });
  expect(twilio.upstream.received.map(linesOf).map(([line]) => line)).toEqual([
    `GET /2010-04-01/Accounts/${sid}.json`,
    `POST /2010-04-01/Accounts/${sid}/Messages.json`,
  ]);
  expect(linesOf(twilio.upstream.received[1] as never).at(-1)).toBe('To=%2B15005550006&Body=Hello');
  expect(await list(twilio)).toMatchObject([{ variables: { account_sid: sid } }]);
});
