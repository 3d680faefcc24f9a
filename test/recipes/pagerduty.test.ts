/** PagerDuty: writes name a person in a header, bodies are wrapped, lists stand in brackets, and each refresh token works once. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let renewals: string[];
let renewal: { status: number; body: object };

beforeAll(async () => {
  stand = await startHardStand('pagerduty', ['identity.pagerduty.com', 'api.pagerduty.com', 'api.eu.pagerduty.com']);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.server.gateway.clock.offsetMs = 0;
  stand.upstream.reset();
  renewals = [];
  renewal = { status: 200, body: {} };
  stand.upstream.play = ({ target, body }, response) => {
    const json = (status: number, value: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (target !== '/oauth/token') return json(200, target.startsWith('/users/me') ? ada : { incidents: [], more: false });
    const form = new URLSearchParams(body.toString());
    const sent = form.get('refresh_token');
    if (sent !== null) renewals.push(sent);
    if (sent !== null && renewal.status !== 200) return json(renewal.status, renewal.body);
    const nth = renewals.length + 1;
    // Scoped tokens of a person live for ten days, and name the account in `client_info`.
    return json(200, { ...tokens, access_token: `pdus+at-${nth}`, refresh_token: `pdus+rt-${nth}` });
  };
});
afterAll(() => stand.close());

const ada = { user: { id: 'PXPGF42', name: 'Ada', email: 'ada@acme.example' } };
const tokens = {
  client_info: 'prefix_legacy_app',
  id_token: 'e.y.J',
  token_type: 'bearer',
  scope: 'openid incidents.read incidents.write',
  expires_in: 864_000,
};
const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const start = (credentials: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'pagerduty', credentials } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/pagerduty/${endpoint}`, { body: { params } });

async function consent(): Promise<URL> {
  const started = await start({ email: 'ada@acme.example' });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'c' })).status).toBe(200);
  stand.upstream.received.length = 0;
  return url;
}

it('a write travels wrapped, with kinds of references and the person in whose name it is made', async () => {
  expect((await start({ api_key: 'u+key', email: 'ada@acme.example', host: 'api.eu.pagerduty.com' })).json).toMatchObject({
    status: 'connected',
  });
  expect(await connections()).toMatchObject([{ account: 'ada@acme.example' }]);
  expect((await call('create_incident', { title: 'Checkout answers 500', service: 'PIJ90N7', urgency: 'high' })).status).toBe(200);
  const body =
    '{"incident":{"type":"incident","service":{"type":"service_reference","id":"PIJ90N7"},"title":"Checkout answers 500","urgency":"high"}}';
  expect(stand.upstream.received.map(linesOf)[1]).toEqual([
    'POST /incidents',
    'host: api.eu.pagerduty.com',
    'accept-encoding: identity',
    'accept: application/vnd.pagerduty+json;version=2',
    'authorization: Token token=u+key',
    `content-length: ${body.length}`,
    'content-type: application/json',
    'from: ada@acme.example',
    'user-agent: skillett',
    body,
  ]);
});

it('a key without the person’s address, or for a host that is not the service’s, sends nothing', async () => {
  for (const [credentials, path] of [
    [{ api_key: 'u+key' }, 'credentials.email'],
    [{ api_key: 'u+key', email: 'ada@acme.example', host: 'api.pagerduty.com.evil.example' }, 'credentials.host'],
  ] as const) {
    const refused = await start(credentials);
    expect([refused.status, refused.json.details]).toMatchObject([400, [{ path }]]);
  }
  expect(stand.upstream.received).toEqual([]);
});

it('a list of states stands in brackets, and the next page begins behind the last entry', async () => {
  await start({ api_key: 'u+key', email: 'ada@acme.example' });
  stand.upstream.received.length = 0;
  stand.upstream.json('{"incidents":[{"id":"Q1"},{"id":"Q2"}],"limit":2,"offset":0,"more":true}');
  const first = await call('list_incidents', { statuses: ['triggered', 'acknowledged'], limit: 2 });
  expect(first.headers.get('x-skillett-next')).toEqual(expect.any(String));
  expect(decodeURIComponent(stand.upstream.received[0]?.target ?? '')).toBe(
    '/incidents?statuses[]=triggered&statuses[]=acknowledged&limit=2',
  );
  expect(stand.upstream.received[0]?.headers.from).toBeUndefined();
});

it('a consent asks for the scopes with a space between, and its calls carry a bearer token', async () => {
  const url = await consent();
  expect([url.hostname, url.pathname]).toEqual(['identity.pagerduty.com', '/oauth/authorize']);
  const scopes = (url.searchParams.get('scope') ?? '').split(' ');
  expect(scopes).toEqual(expect.arrayContaining(['openid', 'incidents.write', 'oncalls.read']));
  expect((await call('acknowledge_incident', { incident: 'Q1' })).status).toBe(200);
  const [sent] = stand.upstream.received.map(linesOf);
  expect(sent?.[0]).toBe('PUT /incidents/Q1');
  expect(sent).toContain('authorization: Bearer pdus+at-1');
  expect(sent?.at(-1)).toBe('{"incident":{"type":"incident_reference","status":"acknowledged"}}');
});

it('after ten days each renewal sends the refresh token of the one before', async () => {
  await consent();
  for (const days of [10, 20]) {
    stand.server.gateway.clock.offsetMs = days * 86_400_000;
    expect((await call('list_incidents', {})).status).toBe(200);
  }
  expect(renewals).toEqual(['pdus+rt-1', 'pdus+rt-2']);
  expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer pdus+at-3');
});

it('a renewal that is refused for good ends the connection, and nothing is asked with the old token', async () => {
  await consent();
  stand.server.gateway.clock.offsetMs = 10 * 86_400_000;
  renewal = { status: 400, body: { error: 'invalid_grant' } };
  const refused = await call('list_incidents', {});
  expect([refused.status, refused.json.error]).toEqual([401, 'token_expired']);
  expect(stand.asked()).toEqual(['POST identity.pagerduty.com/oauth/token']);
  expect(await connections()).toMatchObject([{ status: 'error' }]);
});

it('too many calls are answered with when to come back', async () => {
  await start({ api_key: 'u+key', email: 'ada@acme.example' });
  stand.upstream.answer(
    429,
    { 'content-type': 'application/json', 'ratelimit-remaining': '0', 'ratelimit-reset': '41' },
    '{"error":{"message":"Rate Limit Exceeded","code":2020}}',
  );
  const limited = await call('add_incident_note', { incident: 'Q1', content: 'x' });
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '41']);
});

it('people who are called in stand each in an object of its own, and one without a kind is refused', async () => {
  await start({ api_key: 'u+key', email: 'ada@acme.example' });
  stand.upstream.received.length = 0;
  const ask = (target: object) =>
    call('request_responders', {
      incident: 'Q1',
      requester: 'PXPGF42',
      message: 'Please help.',
      targets: [{ responder_request_target: target }],
    });
  expect((await ask({ id: 'PAIXXX1', type: 'user_reference' })).status).toBe(200);
  expect(JSON.parse(String(stand.upstream.received[0]?.body))).toEqual({
    requester_id: 'PXPGF42',
    message: 'Please help.',
    responder_request_targets: [{ responder_request_target: { id: 'PAIXXX1', type: 'user_reference' } }],
  });
  expect((await ask({ id: 'PAIXXX1' })).status).toBe(400);
  expect(stand.upstream.received).toHaveLength(1);
});
