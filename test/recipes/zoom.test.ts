/** A service whose apps act for an organisation: client credentials under a word of its own, with the organisation in the token request. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
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
    if (request.target !== '/oauth/token')
      return json(200, { account_id: 'A1', email: 'ada@acme.example', join_url: 'https://zoom.us/j/1' });
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
      'accept: */*',
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
