/** Zendesk: each company's own site in consent, token and calls, refresh tokens that are good once, and API tokens as Basic. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; headers?: Record<string, string>; body: object };
let renewal: { status: number; body: object };

beforeAll(async () => {
  stand = await startHardStand('zendesk', ['acme.zendesk.com', 'evil.example']);
});
beforeEach(async () => {
  stand.upstream.reset();
  stand.server.gateway.clock.offsetMs = 0;
  answer = { status: 200, body: { ticket: { id: 35436, status: 'open' } } };
  renewal = { status: 200, body: tokens(2) };
  stand.upstream.play = ({ target, headers, body }, response) => {
    const json = (status: number, value: object, more = {}) =>
      void response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(value));
    if (target === '/oauth/tokens') {
      const isRenewal = String(body).includes('refresh_token');
      return isRenewal ? json(renewal.status, renewal.body) : json(200, tokens(1));
    }
    if (target === '/api/v2/users/me') {
      const isKnown = /^(Bearer at-|Basic YWRhQGFjbWUuZXhhbXBsZS90b2tlbjp0b2s=)/.test(headers.authorization ?? '');
      return isKnown ? json(200, { user: { id: 7, email: 'ada@acme.example' } }) : json(401, { error: "Couldn't authenticate you" });
    }
    return json(answer.status, answer.body, answer.headers);
  };
  for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const tokens = (n: number) => ({
  access_token: `at-${n}`,
  refresh_token: `rt-${n}`,
  token_type: 'bearer',
  scope: 'read write',
  expires_in: 1800,
  refresh_token_expires_in: 2_592_000,
});
const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const connect = (credentials: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'zendesk', credentials } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/zendesk/${endpoint}`, { body: { params } });

async function consent() {
  const { url, comeBack } = await openLink(stand.server, (await connect({ subdomain: 'acme' })).json.oauth_url);
  expect((await comeBack({ code: 'c-1' })).status).toBe(200);
  return url;
}

it('consent, code and calls go to the site of the company, with scopes between spaces', async () => {
  const url = await consent();
  expect(url.hostname + url.pathname).toBe('acme.zendesk.com/oauth/authorizations/new');
  expect(url.searchParams.get('scope')?.split(' ').sort()).toEqual(['read', 'write']);
  await call('get_ticket', { ticket_id: 35436 });
  expect(stand.asked()).toEqual([
    'POST acme.zendesk.com/oauth/tokens',
    'GET acme.zendesk.com/api/v2/users/me',
    'GET acme.zendesk.com/api/v2/tickets/35436',
  ]);
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', variables: { subdomain: 'acme' } }]);
});

it('a refresh token is good once: the next renewal sends the one that came with the last', async () => {
  await consent();
  stand.server.gateway.clock.offsetMs = 3_600_000;
  await call('get_ticket', { ticket_id: 1 });
  renewal = { status: 200, body: tokens(3) };
  stand.server.gateway.clock.offsetMs = 2 * 3_600_000;
  await call('get_ticket', { ticket_id: 2 });
  const renewals = stand.upstream.received.filter(({ target }) => target === '/oauth/tokens').slice(1);
  expect(renewals.map(({ body }) => /rt-\d/.exec(String(body))?.[0])).toEqual(['rt-1', 'rt-2']);
  expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer at-3');
});

it('a renewal that Zendesk refuses for good sends no call and asks for the connection anew', async () => {
  await consent();
  renewal = { status: 400, body: { error: 'invalid_grant', error_description: 'The refresh token is invalid.' } };
  stand.server.gateway.clock.offsetMs = 3_600_000;
  stand.upstream.received.length = 0;
  const refused = await call('get_ticket', { ticket_id: 1 });
  expect([refused.status, refused.json.error]).toEqual([401, 'token_expired']);
  expect(stand.asked()).toEqual(['POST acme.zendesk.com/oauth/tokens']);
});

it('an API token goes out behind the address and its ending, and one that is refused connects nothing', async () => {
  const refused = await connect({ username: 'ada@acme.example', password: 'wrong-token', subdomain: 'acme' });
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.text + stand.server.log.join('')).not.toContain('wrong-token');
  for (const subdomain of ['evil.example/', 'acme.zendesk.com'])
    expect((await connect({ username: 'ada@acme.example', password: 'tok', subdomain })).json.error).toBe('bad_request');
  expect((await connect({ username: 'ada@acme.example', password: 'tok', subdomain: 'acme' })).json).toMatchObject({ status: 'connected' });
  expect(stand.upstream.received.at(-1)?.headers.authorization).toBe(
    `Basic ${Buffer.from('ada@acme.example/token:tok').toString('base64')}`,
  );
});

it('reads and writes arrive as Zendesk documents them: pages in brackets, fields wrapped, an answer public unless said otherwise', async () => {
  await connect({ token: 'at-0', subdomain: 'acme' });
  stand.upstream.received.length = 0;
  await call('list_tickets', { sort: '-updated_at', page_size: 2, after: 'eyJ=' });
  await call('update_tickets', { ids: [1, 2], status: 'solved' });
  await call('add_comment', { ticket_id: 35436, body: 'Grüße', status: 'pending' });
  await call('add_comment', { ticket_id: 35436, body: 'Only for us', public: false });
  const [read, many, , note] = stand.upstream.received.map(linesOf);
  const write = stand.upstream.received[2];
  expect(read?.[0]).toBe('GET /api/v2/tickets?sort=-updated_at&page%5Bsize%5D=2&page%5Bafter%5D=eyJ%3D');
  expect([many?.[0], many?.at(-1)]).toEqual(['PUT /api/v2/tickets/update_many?ids=1,2', '{"ticket":{"status":"solved"}}']);
  expect([write?.method, write?.target, JSON.parse(String(write?.body))]).toEqual([
    'PUT',
    '/api/v2/tickets/35436',
    { ticket: { comment: { body: 'Grüße', public: true }, status: 'pending' } },
  ]);
  expect(JSON.parse(note?.at(-1) as string).ticket.comment).toEqual({ body: 'Only for us', public: false });
});

it('a change that would overwrite another one comes back as it is, and so does a limit', async () => {
  await connect({ token: 'at-0', subdomain: 'acme' });
  answer = { status: 409, body: { error: 'UpdateConflict' } };
  const stamped = { ticket_id: 35436, status: 'solved', updated_stamp: '2026-01-31T09:00:00Z', safe_update: true };
  expect((await call('update_ticket', stamped)).json).toMatchObject({ status: 409, error: { error: 'UpdateConflict' } });
  answer = { status: 429, headers: { 'retry-after': '93' }, body: { error: 'APIRateLimitExceeded' } };
  expect((await call('get_ticket', { ticket_id: 1 })).json).toMatchObject({ status: 429 });
});
