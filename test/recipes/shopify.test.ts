/** Shopify: a shop in every address, tokens in a header of its own, pages by links alone, and bodies in the name of what they hold. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; body: unknown; headers?: Record<string, string> };

beforeAll(async () => {
  stand = await startHardStand('shopify', ['acme.myshopify.com']);
  stand.upstream.play = ({ target, body }, response) => {
    const send = (status: number, json: unknown, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
    if (target.startsWith('/admin/api/2026-04/shop.json')) return void send(200, { shop: { id: 5, name: 'Acme' } });
    if (target !== '/admin/oauth/access_token') return void send(answer.status, answer.body, answer.headers);
    const form = new URLSearchParams(body.toString());
    if (form.get('client_secret') === 'wrong') return void send(400, { error: 'invalid_client' });
    const isOwn = form.get('grant_type') === 'client_credentials';
    send(200, { access_token: isOwn ? 'shpat_own' : 'shpat_1', scope: 'write_products,read_orders', ...(isOwn && { expires_in: 86_399 }) });
  };
});
beforeEach(async () => {
  for (const { connection_id: id } of (await stand.server.request('GET', '/v1/connect')).json.connections)
    await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const call = (endpoint: string, body: object) => stand.server.request('POST', `/v1/shopify/${endpoint}`, { body });
const connect = (credentials: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'shopify', credentials } });

it('a consent at the shop gives a token that lasts, and what it does not cover is refused before anything is sent', async () => {
  const started = await connect({ shop: 'acme' });
  const { comeBack, url } = await openLink(stand.server, started.json.oauth_url);
  expect([url.hostname, url.pathname]).toEqual(['acme.myshopify.com', '/admin/oauth/authorize']);
  await comeBack({ code: 'c1' });
  const [connection] = (await stand.server.request('GET', '/v1/connect')).json.connections;
  expect(connection).toMatchObject({ status: 'connected', account: 'Acme', variables: { shop: 'acme' } });
  expect(stand.asked()).toEqual([
    'POST acme.myshopify.com/admin/oauth/access_token',
    'GET acme.myshopify.com/admin/api/2026-04/shop.json?fields=id%2Cname%2Cmyshopify_domain',
  ]);
  stand.upstream.received.length = 0;
  answer = { status: 201, body: { product: { id: 9, title: 'Blue mug', status: 'draft' } } };
  const made = await call('create_product', { params: { title: 'Blue mug', status: 'draft' }, view: 'lean' });
  expect(made.json.data.rows).toEqual([[9, 'Blue mug', 'draft']]);
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'POST /admin/api/2026-04/products.json',
      'host: acme.myshopify.com',
      'accept-encoding: identity',
      'accept: */*',
      'content-length: 49',
      'content-type: application/json',
      'user-agent: skillett',
      'x-shopify-access-token: shpat_1',
      '{"product":{"title":"Blue mug","status":"draft"}}',
    ],
  ]);
  const refused = await call('create_customer', { params: { email: 'ada@example.com' } });
  expect([refused.status, refused.json.error]).toEqual([403, 'consent_required']);
  expect(stand.upstream.received).toHaveLength(1);
});

it('an app of the shop asks for tokens in its own name, and another shop or a wrong secret connects nothing', async () => {
  expect((await connect({ client_id: 'id', client_secret: 'wrong', shop: 'acme' })).json.error).toBe('credential_rejected');
  expect((await connect({ client_id: 'id', client_secret: 'right', shop: 'acme.evil.example/' })).status).toBe(400);
  expect((await connect({ client_id: 'id', client_secret: 'right', shop: 'acme' })).json).toMatchObject({ status: 'connected' });
  stand.upstream.received.length = 0;
  const next = `<http://acme.myshopify.com:${stand.upstream.port}/admin/api/2026-04/orders.json?limit=1&page_info=abc>; rel="next"`;
  answer = { status: 200, body: { orders: [{ id: 1, name: '#1001' }] }, headers: { link: next } };
  const listed = await call('list_orders', { params: { status: 'any', limit: 1 } });
  answer = { status: 200, body: { orders: [] } };
  await call('list_orders', { params: { status: 'any', limit: 1 }, next: listed.headers.get('x-skillett-next') });
  expect(stand.asked()).toEqual([
    'GET acme.myshopify.com/admin/api/2026-04/orders.json?status=any&limit=1',
    'GET acme.myshopify.com/admin/api/2026-04/orders.json?limit=1&page_info=abc',
  ]);
  expect(stand.upstream.received.map(({ headers }) => [headers['x-shopify-access-token'], headers.authorization])).toEqual([
    ['shpat_own', undefined],
    ['shpat_own', undefined],
  ]);
});

it('GraphQL that answers errors with 200 is a failure, and data beside nothing wrong is not', async () => {
  await connect({ client_id: 'id', client_secret: 'right', shop: 'acme' });
  answer = { status: 200, body: { errors: [{ message: 'Field does not exist' }] } };
  const failed = await call('run_graphql', { params: { query: '{ shp { name } }' } });
  expect(failed.json).toMatchObject({ error: { errors: [{ message: 'Field does not exist' }] } });
  answer = { status: 200, body: { data: { shop: { name: 'Acme' } } } };
  expect((await call('run_graphql', { params: { query: '{ shop { name } }' } })).json.data).toEqual({ data: { shop: { name: 'Acme' } } });
});
