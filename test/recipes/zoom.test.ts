/**
 * Zoom. Apps that act for an organisation: client credentials under a word of its own, with the organisation in the token request. And
 * consents: Basic at the token endpoint, refresh tokens that work once, and nothing but the token when one is revoked.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let tokens = 0;
let answered: { status: number; body: object };

beforeAll(async () => {
  stand = await startHardStand('zoom', ['zoom.us', 'api.zoom.us']);
});
beforeEach(async () => {
  const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
  for (const { connection_id: id } of connections) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.reset();
  stand.server.gateway.clock.offsetMs = 0;
  tokens = 0;
  answered = { status: 200, body: { token_type: 'bearer', expires_in: 3600, scope: 'meeting:write', api_url: 'https://evil.example' } };
  stand.upstream.play = (request, response) => {
    const json = (status: number, body: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (!request.target.startsWith('/oauth/'))
      return json(200, { id: 'U1', account_id: 'A1', email: 'ada@acme.example', join_url: 'https://zoom.us/j/1' });
    tokens += 1;
    return json(answered.status, { ...answered.body, ...(answered.status === 200 && { access_token: `at-${tokens}` }) });
  };
});
afterAll(() => stand.close());

const connect = (credentials: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'zoom', credentials } });
const given = { client_id: 'id:1', client_secret: 'a secret/+', account_id: 'Acc_1' };
const create = () => stand.server.request('POST', '/v1/zoom/create_meeting', { body: { params: { user_id: 'me', topic: 'Plans' } } });
const basic = `authorization: Basic ${Buffer.from('id%3A1:a+secret%2F%2B').toString('base64')}`;
const tokenRequest = [
  'POST /oauth/token',
  'host: zoom.us',
  'accept-encoding: identity',
  'accept: application/json',
  basic,
  'content-length: 47',
  'content-type: application/x-www-form-urlencoded',
  'user-agent: skillett',
  'grant_type=account_credentials&account_id=Acc_1',
];

it('is connected by asking for a token, and calls carry it', async () => {
  expect((await connect(given)).json).toMatchObject({ status: 'connected' });
  expect((await create()).status).toBe(200);
  expect(stand.upstream.received.map(linesOf)).toEqual([
    tokenRequest,
    [
      'GET /v2/users/me',
      'host: api.zoom.us',
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Bearer at-1',
      'user-agent: skillett',
    ],
    [
      'POST /v2/users/me/meetings',
      'host: api.zoom.us',
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Bearer at-1',
      'content-length: 17',
      'content-type: application/json',
      'user-agent: skillett',
      '{"topic":"Plans"}',
    ],
  ]);
  const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
  expect(connections).toMatchObject([{ account: 'ada@acme.example', auth_type: 'client_credentials', variables: { account_id: 'Acc_1' } }]);
});

it('an hour later the same request is made again, and one more only where the service refuses the token', async () => {
  await connect(given);
  stand.upstream.received.length = 0;
  stand.server.gateway.clock.offsetMs = 3_590_000;
  await Promise.all([create(), create(), create()]);
  expect(stand.upstream.received.map(linesOf).filter(([first]) => first === 'POST /oauth/token')).toEqual([tokenRequest]);
  expect(new Set(stand.upstream.received.slice(1).map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer at-2']));
});

it('an app that was switched off ends the connection, and the person is told', async () => {
  await connect(given);
  stand.server.gateway.clock.offsetMs = 3_700_000;
  answered = { status: 400, body: { reason: 'a secret/+ is no more', error: 'invalid_client' } };
  const refused = await create();
  expect([refused.status, refused.json.error]).toEqual([401, 'token_expired']);
  expect((await stand.server.request('GET', '/v1/connect')).json.connections).toMatchObject([{ status: 'error', reason: 'failed' }]);
  expect(stand.server.log.join('\n')).not.toContain('a secret/+');
});

it('a secret that is refused when connecting is said so, without the words of the service, which may repeat it', async () => {
  answered = { status: 400, body: { reason: 'a secret/+ is wrong', error: 'invalid_client' } };
  const refused = await connect(given);
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.text).not.toContain('a secret');
  expect(stand.server.log.join('\n')).not.toContain('a secret/+');
  expect((await connect({ ...given, account_id: undefined })).json.details).toMatchObject([{ path: 'credentials.account_id' }]);
  expect((await connect({ ...given, account_id: 'A&grant_type=x' })).json.details).toMatchObject([{ path: 'credentials.account_id' }]);
});

it('is asked for in a form, on our page too', async () => {
  const query = '{ integration(slug: "zoom") { connectMethods { type ready fields { name secret required } } } }';
  expect((await stand.server.graphql(query)).json.data.integration.connectMethods).toEqual([
    {
      type: 'OAUTH2',
      ready: true,
      // The organisation is asked of apps alone that act for it.
      fields: [],
    },
    {
      type: 'CLIENT_CREDENTIALS',
      ready: true,
      fields: [
        { name: 'client_id', secret: false, required: true },
        { name: 'client_secret', secret: true, required: true },
        { name: 'account_id', secret: false, required: true },
      ],
    },
  ]);
});

describe('a consent', () => {
  const refreshing = (count: number) => ({
    token_type: 'bearer',
    refresh_token: `rt-${count}`,
    expires_in: 3599,
    scope: 'meeting:write:meeting user:read:user',
    api_url: 'https://evil.example',
  });
  const basicOfClient = `authorization: Basic ${Buffer.from('the-client:secret').toString('base64')}`;
  const formsOf = (target: string) =>
    stand.upstream.received
      .filter((request) => request.target === target)
      .map((request) => [linesOf(request).includes(basicOfClient), Object.fromEntries(new URLSearchParams(request.body.toString()))]);
  const connectByConsent = async () => {
    answered = { status: 200, body: refreshing(1) };
    const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'zoom' } });
    const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
    expect((await comeBack({ code: 'c' })).status).toBe(200);
    return url;
  };

  it('asks for no scopes, since the app has them, and its code is taken with Basic', async () => {
    const url = await connectByConsent();
    expect([url.hostname, url.pathname, url.searchParams.get('scope')]).toEqual(['zoom.us', '/oauth/authorize', null]);
    expect(formsOf('/oauth/token')).toMatchObject([[true, { grant_type: 'authorization_code', code: 'c' }]]);
    expect(formsOf('/oauth/token')[0]?.[1]).not.toHaveProperty('client_secret');
    const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
    expect(connections).toMatchObject([{ account: 'ada@acme.example', auth_type: 'oauth2' }]);
  });

  it('is renewed with the token that came last, each used once', async () => {
    await connectByConsent();
    for (const count of [2, 3]) {
      stand.server.gateway.clock.offsetMs += 3_700_000;
      answered = { status: 200, body: refreshing(count) };
      expect((await Promise.all([create(), create()])).map(({ status }) => status)).toEqual([200, 200]);
    }
    expect(formsOf('/oauth/token').slice(1)).toEqual([
      [true, { grant_type: 'refresh_token', refresh_token: 'rt-1' }],
      [true, { grant_type: 'refresh_token', refresh_token: 'rt-2' }],
    ]);
  });

  it('that Zoom takes back ends the connection, and one that the person ends is revoked', async () => {
    await connectByConsent();
    stand.server.gateway.clock.offsetMs += 3_700_000;
    answered = { status: 400, body: { reason: 'Invalid Token!', error: 'invalid_grant' } };
    expect((await create()).json.error).toBe('token_expired');
    await connectByConsent();
    const token = `at-${tokens}`;
    const [{ connection_id: id }] = (await stand.server.request('GET', '/v1/connect')).json.connections;
    expect((await stand.server.request('DELETE', `/v1/connect/${id}`)).status).toBeLessThan(300);
    expect(formsOf('/oauth/revoke')).toEqual([[true, { token }]]);
  });

  it('a page of a list goes on by the token of the page before', async () => {
    await connectByConsent();
    const list = await stand.server.request('POST', '/v1/zoom/list_meetings', {
      body: { params: { next_page_token: 'n/1', page_size: 5 } },
    });
    expect([list.status, stand.upstream.received.at(-1)?.target]).toEqual([200, '/v2/users/me/meetings?page_size=5&next_page_token=n%2F1']);
  });
});
