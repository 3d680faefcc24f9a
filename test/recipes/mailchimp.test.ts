/** A service whose key says in which data centre the account is, and of whose token that is asked. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let mailchimp: HardStand;

beforeAll(async () => {
  mailchimp = await startHardStand('mailchimp', [
    'us6.api.mailchimp.com',
    'eu1.api.mailchimp.com',
    'us21.api.mailchimp.com',
    'login.mailchimp.com',
  ]);
});
beforeEach(() => {
  mailchimp.upstream.reset();
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
  expect((await mailchimp.server.request('POST', '/v1/mailchimp/list_audiences', { body: { params: { count: 10 } } })).status).toBe(200);
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
      'GET /3.0/lists?exclude_fields=lists._links%2C_links&count=10',
      'host: us6.api.mailchimp.com',
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Bearer 0123456789abcdef-us6',
      'user-agent: skillett',
    ],
  ]);
  expect(await list(mailchimp)).toMatchObject([{ account: 'Acme', variables: { dc: 'us6' } }]);

  await connect(mailchimp, 'mailchimp', { api_key: 'fedcba9876543210-eu1' }, 'Europe');
  await mailchimp.server.request('POST', '/v1/mailchimp/list_audiences', { body: { account: 'Europe' } });
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
  const asked = await mailchimp.server.request('POST', '/graphql', {
    body: { query: '{ integration(slug: "mailchimp") { connectMethods { type fields { name required } } } }' },
  });
  expect(asked.json.data.integration.connectMethods).toEqual([
    { type: 'OAUTH2', fields: [] },
    { type: 'API_KEY', fields: [{ name: 'api_key', required: true }] },
  ]);
});

/** The sign-in of Mailchimp: a token that never ends, `expires_in` 0 and `scope` null, and a data centre that it does not name. */
function playSignIn(metadata: unknown, status = 200) {
  mailchimp.upstream.play = ({ target }, response) => {
    const isToken = target === '/oauth2/token';
    const isMetadata = target === '/oauth2/metadata';
    const body = isToken
      ? { access_token: 'the-token', expires_in: 0, scope: null }
      : isMetadata
        ? metadata
        : { account_id: 'a2', account_name: 'Beta' };
    response.writeHead(isMetadata ? status : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

async function consent() {
  const started = await mailchimp.server.request('POST', '/v1/connect', { body: { integration: 'mailchimp' } });
  const { comeBack } = await openLink(mailchimp.server, started.json.oauth_url);
  await comeBack({ code: 'the-code' });
  return (await mailchimp.server.request('GET', `/v1/connect/${started.json.connection_id}`)).json;
}

it('after a consent the data centre is asked for, and the token goes there, without an end and without scopes', async () => {
  playSignIn({ dc: 'us21', accountname: 'Beta', api_endpoint: 'https://us21.api.mailchimp.com' });
  expect(await consent()).toEqual({ status: 'connected', integration: 'mailchimp' });
  await mailchimp.server.request('POST', '/v1/mailchimp/add_member', {
    body: {
      account: 'Beta',
      params: { list_id: 'l1', email: 'ada@example.org', status: 'pending', merge_fields: { FNAME: 'Ada' }, tags: ['customer'] },
    },
  });
  const asked = mailchimp.upstream.received.map(linesOf);
  expect(asked.map(([line, host]) => `${line} ${host}`)).toEqual([
    'POST /oauth2/token host: login.mailchimp.com',
    'GET /oauth2/metadata host: login.mailchimp.com',
    'GET /3.0/ host: us21.api.mailchimp.com',
    'POST /3.0/lists/l1/members host: us21.api.mailchimp.com',
  ]);
  const form = new URLSearchParams(asked[0]?.at(-1));
  expect([form.get('grant_type'), form.get('code'), form.get('client_id'), form.has('code_verifier')]).toEqual([
    'authorization_code',
    'the-code',
    'the-client',
    false,
  ]);
  expect(asked.slice(1).map((lines) => lines.find((line) => line.startsWith('authorization')))).toEqual(
    Array.from({ length: 3 }, () => 'authorization: Bearer the-token'),
  );
  expect(asked[3]?.at(-1)).toBe(
    '{"email_address":"ada@example.org","status":"pending","merge_fields":{"FNAME":"Ada"},"tags":["customer"]}',
  );
});

it.each([
  ['names no data centre', { accountname: 'Beta' }, 200],
  ['names a place that is none', { dc: 'evil.example/', accountname: 'Beta' }, 200],
  ['is refused', { error: 'invalid_token' }, 401],
])('a consent whose look-up %s connects nothing, and the token goes nowhere else', async (_how, metadata, status) => {
  const before = await list(mailchimp);
  playSignIn(metadata, status);
  expect((await consent()).status).not.toBe('connected');
  expect(await list(mailchimp)).toEqual(before);
  expect(mailchimp.upstream.received.map(({ target }) => target)).toEqual(['/oauth2/token', '/oauth2/metadata']);
});

it('an address stands in the path as it is, and what Mailchimp refuses keeps its words', async () => {
  await connect(mailchimp, 'mailchimp', { api_key: '0123456789abcdef-us6' });
  mailchimp.upstream.received.length = 0;
  const call = (endpoint: string, params: object) =>
    mailchimp.server.request('POST', `/v1/mailchimp/${endpoint}`, { body: { account: 'Acme', params } });
  await call('update_member', { list_id: 'l1', member: 'Ada+news@example.org', status: 'unsubscribed' });
  const [request] = mailchimp.upstream.received.map(linesOf);
  expect([request?.[0], request?.at(-1)]).toEqual(['PATCH /3.0/lists/l1/members/Ada%2Bnews%40example.org', '{"status":"unsubscribed"}']);
  mailchimp.upstream.json('{"title":"Member Exists","status":400,"detail":"ada@example.org is already a list member."}', 400);
  const refused = await call('add_member', { list_id: 'l1', email: 'ada@example.org', status: 'subscribed' });
  expect([refused.status, refused.json.error]).toEqual([400, expect.objectContaining({ title: 'Member Exists' })]);
});
