/** Sentry: the organisation and where its data lies are looked up with the token, pages are in a header, and tokens are renewed in pairs. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let organizations: object[];
let answer: { status: number; headers?: Record<string, string>; body: string };
let renewals: string[];
let renewal: { status: number; body: object };

const acme = {
  id: '1',
  slug: 'acme',
  name: 'Acme',
  links: { organizationUrl: 'https://acme.sentry.io', regionUrl: 'https://de.sentry.io' },
};

beforeAll(async () => {
  stand = await startHardStand('sentry', ['sentry.io', 'de.sentry.io', 'us.sentry.io']);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.server.gateway.clock.offsetMs = 0;
  stand.upstream.reset();
  organizations = [acme];
  answer = { status: 200, body: '[]' };
  renewals = [];
  renewal = { status: 200, body: {} };
  stand.upstream.play = ({ target, body }, response) => {
    const send = (status: number, value: string, headers: Record<string, string> = {}) =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(value);
    if (target === '/api/0/organizations/') return send(200, JSON.stringify(organizations));
    if (target === '/api/0/organizations/acme/') return send(200, '{"id":"1","slug":"acme"}');
    if (target !== '/oauth/token/') return send(answer.status, answer.body, answer.headers);
    const sent = new URLSearchParams(body.toString()).get('refresh_token');
    if (sent !== null) renewals.push(sent);
    if (sent !== null && renewal.status !== 200) return send(renewal.status, JSON.stringify(renewal.body));
    const nth = renewals.length + 1;
    return send(200, JSON.stringify({ ...tokens, access_token: `at-${nth}`, refresh_token: `rt-${nth}` }));
  };
});
afterAll(() => stand.close());

const tokens = {
  expires_in: 2_591_999,
  expires_at: '2026-12-28T17:00:00.000000Z',
  token_type: 'bearer',
  scope: 'event:read event:write org:read',
  user: { id: '123', name: 'Ada', email: 'ada@acme.example' },
};
const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const connect = (credentials?: object) =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'sentry', ...(credentials ? { credentials } : {}) } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/sentry/${endpoint}`, { body: { params } });

async function consent(): Promise<URL> {
  const { url, comeBack } = await openLink(stand.server, (await connect()).json.oauth_url);
  const page = await comeBack({ code: 'c' });
  expect([page.status, page.text]).toEqual([200, expect.any(String)]);
  stand.upstream.received.length = 0;
  return url;
}

it('a token finds its organisation and the host of its data, and calls name neither', async () => {
  expect((await connect({ token: 'sntryu_1' })).json).toMatchObject({ status: 'connected' });
  expect(await connections()).toMatchObject([{ account: 'acme', variables: { host: 'de.sentry.io', organization: 'acme' } }]);
  expect((await call('update_issue', { issue: '42', status: 'resolved', assigned_to: 'ada@acme.example' })).status).toBe(200);
  const body = '{"status":"resolved","assignedTo":"ada@acme.example"}';
  expect(stand.upstream.received.map(linesOf).at(-1)).toEqual([
    'PUT /api/0/organizations/acme/issues/42/',
    'host: de.sentry.io',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer sntryu_1',
    `content-length: ${body.length}`,
    'content-type: application/json',
    'user-agent: skillett',
    body,
  ]);
});

it('an organisation whose data is said to lie elsewhere connects nothing, and no token goes there', async () => {
  organizations = [{ ...acme, links: { regionUrl: 'https://evil.example' } }];
  const refused = await connect({ token: 'sntryu_1' });
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(await connections()).toEqual([]);
  expect(stand.asked()).toEqual(['GET sentry.io/api/0/organizations/']);
});

it('a list that goes on says so by results="true" in its Link header, and one that ends does not', async () => {
  await connect({ token: 'sntryu_1' });
  stand.upstream.received.length = 0;
  const at = (cursor: string) =>
    `<http://de.sentry.io:${stand.upstream.port}/api/0/organizations/acme/issues/?query=is%3Aunresolved&cursor=${encodeURIComponent(cursor)}>`;
  const links = (more: boolean) =>
    `${at('0:0:1')}; rel="previous"; results="false"; cursor="0:0:1", ${at('0:100:0')}; rel="next"; results="${more}"; cursor="0:100:0"`;
  answer = { status: 200, body: '[{"id":"42"}]', headers: { link: links(true) } };
  const first = await call('list_issues', { query: 'is:unresolved' });
  expect(first.headers.get('x-skillett-next')).toEqual(expect.any(String));
  answer.headers = { link: links(false) };
  expect((await call('list_issues', { query: 'is:unresolved' })).headers.get('x-skillett-next')).toBeNull();
});

it('a consent names the person in the token answer, and after thirty days each renewal sends the newest refresh token', async () => {
  const url = await consent();
  expect([url.hostname, url.pathname]).toEqual(['sentry.io', '/oauth/authorize/']);
  expect((url.searchParams.get('scope') ?? '').split(' ')).toEqual(expect.arrayContaining(['org:read', 'event:admin']));
  expect(await connections()).toMatchObject([{ account: 'ada@acme.example', variables: { organization: 'acme' } }]);
  for (const days of [30, 60]) {
    stand.server.gateway.clock.offsetMs = days * 86_400_000;
    expect((await call('list_issues', {})).status).toBe(200);
  }
  expect(renewals).toEqual(['rt-1', 'rt-2']);
  expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer at-3');
});

it('a renewal that is refused for good ends the connection', async () => {
  await consent();
  stand.server.gateway.clock.offsetMs = 30 * 86_400_000;
  renewal = { status: 400, body: { error: 'invalid_grant' } };
  const refused = await call('list_issues', {});
  expect([refused.status, refused.json.error]).toEqual([401, 'token_expired']);
  expect(stand.asked()).toEqual(['POST sentry.io/oauth/token/']);
  expect(await connections()).toMatchObject([{ status: 'error' }]);
});
