/** Stripe: nested forms, keys and Connect, and payments that are declined. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let token: { status: number; body: object };
let answer: { status: number; body: object };

beforeAll(async () => {
  stand = await startHardStand('stripe', ['api.stripe.com', 'connect.stripe.com']);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  token = {
    status: 200,
    // No `expires_in`: tokens of Connect last, and the refresh token only makes further ones.
    body: {
      access_token: 'sk_acct_1',
      livemode: false,
      refresh_token: 'rt_1',
      token_type: 'bearer',
      stripe_publishable_key: 'pk_1',
      stripe_user_id: 'acct_9',
      scope: 'read_write',
    },
  };
  answer = { status: 200, body: { id: 'x_1', url: 'https://checkout.stripe.com/x_1' } };
  stand.upstream.play = ({ target }, response) => {
    const { status, body } =
      target === '/oauth/token'
        ? token
        : target === '/v1/account'
          ? { status: 200, body: { id: 'acct_1', email: 'ada@acme.example' } }
          : answer;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object, headers?: Record<string, string>) =>
  stand.server.request('POST', `/v1/stripe/${endpoint}`, { body: { params }, ...(headers ? { headers } : {}) });

async function connect(more: object = {}): Promise<void> {
  const body = { integration: 'stripe', credentials: { token: 'rk_test_1', ...more } };
  expect((await stand.server.request('POST', '/v1/connect', { body })).json).toMatchObject({ status: 'connected' });
}

it('a list of objects and an object stand in a form by their parts', async () => {
  await connect();
  stand.upstream.received.length = 0;
  const params = {
    mode: 'payment',
    success_url: 'https://acme.example/thanks',
    line_items: [{ price: 'p1', quantity: 2 }, { price: 'p2' }],
    metadata: { order: 'ä&b' },
  };
  expect((await call('create_checkout_session', params, { 'idempotency-key': 'order-42' })).status).toBe(200);
  const body =
    'mode=payment&success_url=https%3A%2F%2Facme.example%2Fthanks&line_items%5B0%5D%5Bprice%5D=p1&line_items%5B0%5D%5Bquantity%5D=2' +
    '&line_items%5B1%5D%5Bprice%5D=p2&metadata%5Border%5D=%C3%A4%26b';
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'POST /v1/checkout/sessions',
      'host: api.stripe.com',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer rk_test_1',
      `content-length: ${body.length}`,
      'content-type: application/x-www-form-urlencoded',
      'idempotency-key: order-42',
      'stripe-version: 2023-08-16',
      'user-agent: skillett',
      body,
    ],
  ]);
});

it('a span, and a list of what to expand, stand in the query by their parts, and the next page begins behind the last entry', async () => {
  await connect();
  stand.upstream.received.length = 0;
  answer.body = { object: 'list', data: [{ id: 'sub_1' }, { id: 'sub_2' }], has_more: true };
  const params = { created: { gte: 1764547200 }, expand: ['data.customer'], limit: 2 };
  const read = async (given: object) => {
    const body = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'read', arguments: { endpoint: 'stripe.list_subscriptions', params: given } },
    };
    return (await stand.server.request('POST', '/mcp', { body })).json.result.content[0].text;
  };
  expect(await read(params)).toContain('next page: params {"starting_after":"sub_2"}');
  answer.body = { object: 'list', data: [{ id: 'sub_3' }], has_more: false };
  expect(await read({ ...params, starting_after: 'sub_2' })).not.toContain('next page');
  expect(stand.upstream.received.map(({ target }) => decodeURIComponent(target))).toEqual([
    '/v1/subscriptions?created[gte]=1764547200&expand[]=data.customer&limit=2',
    '/v1/subscriptions?created[gte]=1764547200&expand[]=data.customer&limit=2&starting_after=sub_2',
  ]);
});

it('a platform names the account that its key acts for, and nobody else sends such a header', async () => {
  await connect({ connected_account: 'acct_7' });
  expect((await call('get_balance', {})).status).toBe(200);
  expect(stand.upstream.received.map(({ headers }) => headers['stripe-account'])).toEqual(['acct_7', 'acct_7']);
  const body = { integration: 'stripe', credentials: { token: 'rk_test_1', connected_account: 'acct_7\r\nx: y' } };
  expect((await stand.server.request('POST', '/v1/connect', { body })).json.details).toMatchObject([
    { path: 'credentials.connected_account' },
  ]);
});

it('a consent of Connect names its account in the token answer, and its token neither ends nor is renewed', async () => {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'stripe' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  // One word is enough: whoever writes reads too.
  expect([url.pathname, url.searchParams.get('scope')]).toEqual(['/oauth/authorize', 'read_write']);
  expect((await comeBack({ code: 'ac_1', scope: 'read_write' })).status).toBe(200);
  expect((await connections()).map((one: { account: string }) => one.account)).toEqual(['acct_9']);
  stand.server.gateway.clock.offsetMs = 400 * 86_400_000;
  expect((await call('get_balance', {})).status).toBe(200);
  stand.server.gateway.clock.offsetMs = 0;
  const [exchange, ...rest] = stand.upstream.received;
  expect(Object.fromEntries(new URLSearchParams(exchange?.body.toString()))).toMatchObject({
    grant_type: 'authorization_code',
    code: 'ac_1',
    client_id: 'the-client',
    client_secret: 'secret',
  });
  expect(rest.map(({ target, headers }) => [target, headers.authorization])).toEqual([['/v1/balance', 'Bearer sk_acct_1']]);
});

it('a code that Stripe refuses connects nothing', async () => {
  token = { status: 400, body: { error: 'invalid_grant', error_description: 'Authorization code does not exist: ac_1' } };
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'stripe' } });
  const { comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'ac_1' })).status).toBe(400);
  expect((await connections()).filter((one: { status: string }) => one.status === 'connected')).toEqual([]);
});

it('a payment that the bank declines is told as it is, and not made again', async () => {
  await connect();
  stand.upstream.received.length = 0;
  answer = { status: 402, body: { error: { type: 'card_error', code: 'card_declined', decline_code: 'insufficient_funds' } } };
  const declined = await call('confirm_payment_intent', { payment_intent: 'pi_1', payment_method: 'pm_1' });
  expect(declined.json).toMatchObject({ status: 402, error: { error: { decline_code: 'insufficient_funds' } } });
  expect(stand.upstream.received.map(({ method, target }) => `${method} ${target}`)).toEqual(['POST /v1/payment_intents/pi_1/confirm']);
});
