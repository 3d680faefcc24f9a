/** A service whose credential says where the account is. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let mailchimp: HardStand;

beforeAll(async () => {
  mailchimp = await startHardStand('mailchimp', ['us6.api.mailchimp.com', 'eu1.api.mailchimp.com']);
});
beforeEach(() => {
  mailchimp.upstream.received.length = 0;
  mailchimp.upstream.json('{"account_id":"a1","account_name":"Acme","lists":[]}');
});
afterAll(async () => {
  await mailchimp.close();
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
