/** Intercom: workspaces in three regions, tokens that last, and searches with filters inside filters. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; body: object; headers?: Record<string, string> };

const me = { type: 'admin', id: '991', email: 'ada@acme.example', app: { id_code: 'abc1', name: 'Acme', region: 'EU' } };

beforeAll(async () => {
  stand = await startHardStand('intercom', ['api.intercom.io', 'api.eu.intercom.io']);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  answer = { status: 200, body: {} };
  stand.upstream.play = ({ target }, response) => {
    const { status, body, headers } =
      target === '/auth/eagle/token'
        ? { status: 200, body: { token_type: 'Bearer', token: 'dG9r1', access_token: 'dG9r1' }, headers: {} }
        : target === '/me'
          ? { status: 200, body: me, headers: {} }
          : answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const start = (credentials?: object) =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'intercom', ...(credentials ? { credentials } : {}) } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/intercom/${endpoint}`, { body: { params } });

it('a consent of a workspace in Europe gets its token there, without scopes, and keeps it', async () => {
  const started = await start({ host: 'api.eu.intercom.io' });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect([url.hostname, url.pathname, url.searchParams.has('scope')]).toEqual(['app.intercom.com', '/oauth', false]);
  expect((await comeBack({ code: 'c1' })).status).toBe(200);
  expect(await connections()).toMatchObject([{ status: 'connected', account: 'Acme (ada@acme.example)' }]);
  const [exchange, verify] = stand.upstream.received;
  expect(exchange && linesOf(exchange).slice(0, 2)).toEqual(['POST /auth/eagle/token', 'host: api.eu.intercom.io']);
  expect(Object.fromEntries(new URLSearchParams(exchange?.body.toString()))).toMatchObject({
    code: 'c1',
    client_id: 'the-client',
    client_secret: 'secret',
  });
  expect(verify && linesOf(verify)).toEqual([
    'GET /me',
    'host: api.eu.intercom.io',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer dG9r1',
    'intercom-version: 2.15',
    'user-agent: skillett',
  ]);
  stand.server.gateway.clock.offsetMs = 400 * 86_400_000;
  expect((await call('list_tags', {})).status).toBe(200);
  stand.server.gateway.clock.offsetMs = 0;
  expect(stand.asked().slice(2)).toEqual(['GET api.eu.intercom.io/tags']);
});

it('a host that is none of the three is refused before anything is sent', async () => {
  for (const host of ['api.intercom.io.evil.example', 'evil.example', 'apixeu.intercom.io', 'app.intercom.com']) {
    expect((await start({ token: 'tok', host })).json.details, host).toMatchObject([{ path: 'credentials.host' }]);
  }
  expect(stand.upstream.received).toEqual([]);
  expect((await start({ token: 'tok' })).json).toMatchObject({ status: 'connected' });
  expect(stand.asked()).toEqual(['GET api.intercom.io/me']);
});

it('a search is sent with its filters and its page, and a reply in the name of a teammate', async () => {
  await start({ token: 'tok' });
  stand.upstream.received.length = 0;
  const value = [
    { field: 'open', operator: '=', value: true },
    { operator: 'OR', value: [{ field: 'state', operator: 'IN', value: ['snoozed', 'open'] }] },
  ];
  answer.body = { conversations: [{ id: '1' }], total_count: 1, pages: { next: { starting_after: 'WzE3' } } };
  const found = await call('search_conversations', { query: { operator: 'AND', value }, per_page: 5, starting_after: 'WzE2' });
  expect(found.status).toBe(200);
  expect((await call('reply_to_conversation', { conversation_id: '1', admin_id: '991', body: 'Grüße' })).status).toBe(200);
  expect(stand.upstream.received.map(({ target, body }) => [target, body.toString()])).toEqual([
    ['/conversations/search', JSON.stringify({ query: { operator: 'AND', value }, pagination: { per_page: 5, starting_after: 'WzE2' } })],
    ['/conversations/1/reply', JSON.stringify({ type: 'admin', message_type: 'comment', admin_id: '991', body: 'Grüße' })],
  ]);
  const wrong = await call('reply_to_conversation', { conversation_id: '1', body: 'Hello' });
  expect([wrong.status, wrong.json.details]).toEqual([400, [expect.objectContaining({ path: 'params.admin_id' })]]);
});

it('a token that was revoked is told so once, since there is nothing to renew it with', async () => {
  const { comeBack } = await openLink(stand.server, (await start()).json.oauth_url);
  await comeBack({ code: 'c1' });
  expect((await call('list_tags', {})).status).toBe(200);
  stand.upstream.received.length = 0;
  answer = { status: 401, body: { type: 'error.list', errors: [{ code: 'token_revoked', message: 'Token revoked' }] } };
  expect((await call('list_tags', {})).json).toMatchObject({ status: 401, error: { errors: [{ code: 'token_revoked' }] } });
  expect(stand.asked()).toEqual(['GET api.intercom.io/tags']);
});
