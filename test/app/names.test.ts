import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const ways: [string, (name: string) => Promise<{ status: number; json: unknown }>][] = [
  ['an API key', (name) => server.request('POST', '/api-keys', { body: { name } })],
  ['an account', (name) => server.request('POST', '/v1/connect', { body: { integration: 'notion', account: name } })],
];

it.each(ways)('the name of %s may hold any letters, and no half of one nor what turns a line', async (_what, give) => {
  for (const name of ['half \ud800', '\udc00 half', 'two\nlines', 'a\0b', ''])
    expect([name, await give(name)]).toMatchObject([name, { status: 400, json: { error: 'bad_request' } }]);
  expect((await give('Zoë 𝒜 👩‍💻 日本')).status).toBeLessThan(300);
});

it('an account has no name that could be the id of another connection', async () => {
  const [, give] = ways[1] as (typeof ways)[number];
  expect((await give(`conn_${'0'.repeat(32)}`)).status).toBe(400);
  expect((await give('conn_0 of mine')).status).toBeLessThan(300);
});
