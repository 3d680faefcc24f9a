/** HubSpot: tokens of half an hour whose answer names no scopes, values that are texts, and 409 for a person who is there already. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let grants = 0;
/** What the token endpoint says to the next renewal, instead of a token. */
let refusal: object | undefined;
let answer: { status: number; body: object };

beforeAll(async () => {
  stand = await startHardStand('hubspot', ['app.hubspot.com', 'api.hubapi.com']);
});
beforeEach(async () => {
  stand.server.gateway.clock.offsetMs = 0;
  for (const { connection_id: id } of (await stand.server.request('GET', '/v1/connect')).json.connections)
    await stand.server.request('DELETE', `/v1/connect/${id}`);
  grants = 0;
  refusal = undefined;
  answer = { status: 200, body: { results: [] } };
  stand.upstream.play = ({ target, body }, response) => {
    const send = (status: number, json: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    if (target === '/account-info/v3/details')
      return void send(200, { portalId: 62515, accountType: 'STANDARD', uiDomain: 'app.hubspot.com' });
    if (target !== '/oauth/v1/token') return void send(answer.status, answer.body);
    const isFirst = new URLSearchParams(body.toString()).get('grant_type') === 'authorization_code';
    if (!isFirst && refusal) return void send(400, refusal);
    grants += 1;
    send(200, { token_type: 'bearer', access_token: `CK-${grants}`, refresh_token: '6f1-rt', expires_in: 1800 });
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/hubspot/${endpoint}`, { body: { params } });

async function consent() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'hubspot' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  await comeBack({ code: 'c1' });
  return url;
}

it('consent asks for `oauth` and the scopes of records, and names the account; the token is renewed until HubSpot knows it no more', async () => {
  const url = await consent();
  expect(url.searchParams.get('scope')?.split(' ')).toEqual(expect.arrayContaining(['oauth', 'crm.objects.contacts.read']));
  const [exchange] = stand.upstream.received;
  expect(exchange?.headers.authorization).toBeUndefined();
  expect(Object.fromEntries(new URLSearchParams(exchange?.body.toString()))).toMatchObject({
    grant_type: 'authorization_code',
    code: 'c1',
    client_id: 'the-client',
    client_secret: 'secret',
  });
  expect((await stand.server.request('GET', '/v1/connect')).json.connections).toMatchObject([
    { status: 'connected', account: 'HubSpot 62515' },
  ]);
  stand.upstream.received.length = 0;
  stand.server.gateway.clock.offsetMs = 31 * 60_000;
  expect((await call('list_owners', {})).status).toBe(200);
  const [renewal, read] = stand.upstream.received;
  expect(new URLSearchParams(renewal?.body.toString()).get('refresh_token')).toBe('6f1-rt');
  expect(read?.headers.authorization).toBe('Bearer CK-2');
  refusal = { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token' };
  stand.server.gateway.clock.offsetMs = 62 * 60_000;
  const ended = await call('list_owners', {});
  expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
});

it('a list names its properties, a write holds texts, and a person who is there already is refused as HubSpot says it', async () => {
  await consent();
  stand.upstream.received.length = 0;
  expect((await call('list_contacts', { limit: 2, properties: ['email', 'phone'] })).status).toBe(200);
  const properties = { email: 'ünal@acme.example', firstname: 'Ünal' };
  answer = { status: 201, body: { id: '51', properties } };
  expect((await call('create_contact', { properties })).json.data.id).toBe('51');
  const conflict = { status: 'error', category: 'CONFLICT', message: 'Contact already exists. Existing ID: 51' };
  answer = { status: 409, body: conflict };
  expect((await call('create_contact', { properties })).json).toMatchObject({ status: 409, error: conflict });
  expect(stand.upstream.received.slice(0, 2).map(linesOf)).toEqual([
    [
      'GET /crm/v3/objects/contacts?properties=email,phone&limit=2',
      'host: api.hubapi.com',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer CK-1',
      'user-agent: skillett',
    ],
    [
      'POST /crm/v3/objects/contacts',
      'host: api.hubapi.com',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer CK-1',
      'content-length: 65',
      'content-type: application/json',
      'user-agent: skillett',
      JSON.stringify({ properties }),
    ],
  ]);
});
