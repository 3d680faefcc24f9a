/** Xero: of several organisations the person chooses one, tokens that are renewed change, and writes go in a list of one. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink, ownerBrowser } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let tenants: object[];
let grants = 0;
let refused: object | undefined;
let answer: { status: number; body: object; headers?: Record<string, string> };

const acme = 'b2c885a9-4bb9-4a00-9b6e-6c2bf60b1a2b';
const tenant = (tenantId: string, tenantName: string, tenantType = 'ORGANISATION') => ({
  id: `c-${tenantId}`,
  tenantId,
  tenantType,
  tenantName,
});

beforeAll(async () => {
  stand = await startHardStand('xero', ['api.xero.com', 'login.xero.com', 'identity.xero.com']);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  tenants = [tenant(acme, 'Acme Ltd')];
  grants = 0;
  refused = undefined;
  answer = { status: 200, body: { Invoices: [] } };
  stand.upstream.play = ({ target, headers: { 'xero-tenant-id': asked } }, response) => {
    grants += target === '/connect/token' ? 1 : 0;
    const { status, body, headers } =
      target === '/connect/token'
        ? { status: refused ? 400 : 200, body: refused ?? tokens(grants), headers: {} }
        : target === '/connections'
          ? { status: 200, body: tenants, headers: {} }
          : target === '/api.xro/2.0/Organisation'
            ? {
                status: 200,
                body: { Organisations: [{ OrganisationID: `o-${asked}`, Name: asked === acme ? 'Acme Ltd' : 'Beta & Co' }] },
                headers: {},
              }
            : answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const tokens = (count: number) => ({
  id_token: 'x.y.z',
  access_token: `at-${count}`,
  expires_in: 1800,
  token_type: 'Bearer',
  refresh_token: `rt-${count}`,
  scope: 'openid profile email accounting.settings.read accounting.invoices offline_access',
});
const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/xero/${endpoint}`, { body: { params } });

async function consent() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'xero' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  return { url, link: started.json.oauth_url as string, back: await comeBack({ code: 'c1' }) };
}

it('the one organisation is taken, stands in every request, and is told apart from what is no organisation', async () => {
  tenants = [tenant('00000000-0000-4000-8000-000000000000', 'A practice', 'PRACTICE'), ...tenants];
  const { url, back } = await consent();
  expect(back.status).toBe(200);
  const asked = url.searchParams.get('scope')?.split(' ') ?? [];
  expect(asked).toEqual(expect.arrayContaining(['openid', 'offline_access', 'accounting.settings.read', 'accounting.invoices']));
  // Those of older apps are refused to newer ones, so they are never asked for.
  expect(asked.filter((scope) => scope.startsWith('accounting.transactions'))).toEqual([]);
  expect(await connections()).toMatchObject([{ status: 'connected', account: 'Acme Ltd', variables: { tenant_id: acme } }]);
  const [exchange] = stand.upstream.received.map(linesOf);
  expect(exchange?.slice(0, 2)).toEqual(['POST /connect/token', 'host: identity.xero.com']);
  expect(exchange).toContain(`authorization: Basic ${Buffer.from('the-client:secret').toString('base64')}`);
  expect(exchange?.at(-1)).not.toContain('secret');
  stand.upstream.received.length = 0;
  expect((await call('list_invoices', { statuses: ['AUTHORISED', 'PAID'], modified_since: '2026-01-31T00:00:00' })).status).toBe(200);
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'GET /api.xro/2.0/Invoices?Statuses=AUTHORISED,PAID&page=1',
      'host: api.xero.com',
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Bearer at-1',
      'if-modified-since: 2026-01-31T00:00:00',
      'user-agent: skillett',
      `xero-tenant-id: ${acme}`,
    ],
  ]);
});

it('of two organisations the person chooses, and a consent for none of them connects nothing', async () => {
  const beta = 'c3d885a9-4bb9-4a00-9b6e-6c2bf60b1a2c';
  tenants = [...tenants, tenant(beta, 'Beta & Co')];
  const { link, back } = await consent();
  expect([back.status, back.headers.get('location')]).toEqual([302, link]);
  const browser = await ownerBrowser(stand.server);
  expect((await browser.open(link)).text).toContain('Beta &amp; Co');
  expect((await browser.press(link, { answer: 'choose', choice: '1' })).text).toContain('is connected');
  // Its name is that of the choice, and stands there once.
  expect(await connections()).toMatchObject([{ account: 'Beta & Co', variables: { tenant_id: beta } }]);
  tenants = [];
  expect((await consent()).back.status).toBe(400);
  expect(await connections()).toHaveLength(1);
});

it('half an hour later the token is renewed with the newest refresh token, until Xero knows it no more', async () => {
  await consent();
  const minute = 60_000;
  for (const count of [1, 2]) {
    stand.upstream.received.length = 0;
    stand.server.gateway.clock.offsetMs = count * 31 * minute;
    expect((await call('list_accounts', {})).status).toBe(200);
    const [renewal, read] = stand.upstream.received;
    expect(Object.fromEntries(new URLSearchParams(renewal?.body.toString()))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: `rt-${count}`,
    });
    expect(read?.headers.authorization).toBe(`Bearer at-${count + 1}`);
  }
  refused = { error: 'invalid_grant' };
  stand.server.gateway.clock.offsetMs = 93 * minute;
  const ended = await call('list_accounts', {});
  stand.server.gateway.clock.offsetMs = 0;
  expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
});

it('a write stands in a list, with the key of its caller, and what Xero refuses comes as it is', async () => {
  await consent();
  stand.upstream.received.length = 0;
  const invoice = { Type: 'ACCREC', Contact: { Name: 'Ünal' }, LineItems: [{ Description: 'A day', Quantity: 1, UnitAmount: 960.5 }] };
  const made = await stand.server.request('POST', '/v1/xero/create_invoices', {
    body: { params: { invoices: [invoice] } },
    headers: { 'idempotency-key': 'bill-42' },
  });
  expect(made.status).toBe(200);
  const id = '243216c5-369e-4056-ac67-05388f86dc81';
  answer = { status: 400, body: { Type: 'ValidationException', Elements: [{ ValidationErrors: [{ Message: 'Not valid' }] }] } };
  const wrong = await call('update_invoice', { invoice_id: id, invoice: { Status: 'VOIDED' } });
  expect(wrong.json).toMatchObject({ status: 400, error: { Elements: [{ ValidationErrors: [{ Message: 'Not valid' }] }] } });
  expect(
    stand.upstream.received.map(({ method, target, headers, body }) => [method, target, headers['idempotency-key'], `${body}`]),
  ).toEqual([
    ['PUT', '/api.xro/2.0/Invoices', 'bill-42', JSON.stringify({ Invoices: [invoice] })],
    ['POST', `/api.xro/2.0/Invoices/${id}`, undefined, '{"Invoices":[{"Status":"VOIDED"}]}'],
  ]);
});
