/** An installation with an address of its own for a service whose accounts have a site each. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';
import { hardRecipes, linesOf } from './hard-stand.ts';

let upstream: Upstream;
let server: TestServer;

beforeAll(async () => {
  upstream = await Upstream.start();
  upstream.json('{"user":{"id":7,"email":"ada@acme.example"}}');
  server = await startTestServer({
    env: { SKILLETT_RECIPES: hardRecipes, SKILLETT_DESK_BASE_URL: `${upstream.origin}/{subdomain}/{brand}` },
  });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

it('the address that an operator sets holds the same variables, and is asked for none of the recipe’s hosts', async () => {
  const connected = await server.request('POST', '/v1/connect', {
    body: { integration: 'desk', credentials: { token: 'tok-1', subdomain: 'acme' } },
  });
  expect(connected.json).toMatchObject({ status: 'connected' });
  expect((await server.request('POST', '/v1/desk/list_tickets', { body: {} })).status).toBe(200);
  expect(upstream.received.map((request) => linesOf(request)[0])).toEqual([
    'GET /acme/1/users/me?site=acme',
    'GET /acme/1/tickets?site=acme&shape=%7Bliteral%7D&brand_id=1',
  ]);
});

it('a link to the next page is taken at the path of the account’s own site', async () => {
  upstream.answer(
    200,
    { 'content-type': 'application/json', link: `<${upstream.origin}/acme/1/incremental/tickets?page=2>; rel="next"` },
    '[]',
  );
  const own = await server.request('POST', '/v1/desk/list_tickets', { body: {} });
  expect(own.headers.get('x-skillett-next')).toEqual(expect.any(String));
  upstream.received.length = 0;
  const next = await server.request('POST', '/v1/desk/list_tickets', { body: { next: own.headers.get('x-skillett-next') } });
  expect([next.status, upstream.received[0]?.target]).toEqual([200, '/acme/1/tickets?page=2']);
  upstream.answer(
    200,
    { 'content-type': 'application/json', link: `<${upstream.origin}/beta/1/incremental/tickets?page=2>; rel="next"` },
    '[]',
  );
  const foreign = await server.request('POST', '/v1/desk/list_tickets', { body: {} });
  expect(foreign.headers.has('x-skillett-next')).toBe(false);
});

it('an address with a name that is no variable of the recipe stops the start', async () => {
  const starting = startTestServer({ env: { SKILLETT_RECIPES: hardRecipes, SKILLETT_DESK_BASE_URL: 'https://desk.example/{site}' } });
  await expect(starting).rejects.toThrow('SKILLETT_DESK_BASE_URL holds {site}, but the recipe desk has no variable of that name.');
});
