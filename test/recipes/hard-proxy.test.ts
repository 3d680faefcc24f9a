/** The proxy where a credential stands in the path, where a variable makes the host, and where the service speaks GraphQL alone. */
import { afterEach, expect, it } from 'vitest';
import { type HardStand, placeOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
afterEach(() => stand.close());

const proxy = (slug: string, body: object) => stand.server.request('POST', `/v1/proxy/${slug}`, { body });
const connect = (integration: string, credentials: object) =>
  stand.server.request('POST', '/v1/connect', { body: { integration, credentials } });
const lastRow = () => stand.server.gateway.db.selectFrom('skillCalls').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow();

it('a credential of the path goes where the recipe has it, by its name in braces, and nowhere else', async () => {
  const token = '123:secret_part';
  stand = await startHardStand('telegram', ['api.telegram.org']);
  stand.upstream.json('{"ok":true,"result":{"id":1,"username":"bot"}}');
  expect((await connect('telegram', { api_key: token })).json.status).toBe('connected');
  stand.upstream.received.length = 0;
  expect((await proxy('telegram', { method: 'GET', path: '/bot{token}/getUpdates', query: { offset: 1, echo: '{token}' } })).status).toBe(
    200,
  );
  expect((await proxy('telegram', { method: 'GET', path: '/file/bot{token}/a/b.jpg' })).status).toBe(200);
  expect(stand.upstream.received.map(placeOf)).toEqual([
    `api.telegram.org/bot${token}/getUpdates?offset=1&echo=%7Btoken%7D`,
    `api.telegram.org/file/bot${token}/a/b.jpg`,
  ]);
  expect(JSON.stringify(await lastRow())).toContain('/file/bot{token}/a/b.jpg');
  expect(JSON.stringify(await lastRow())).not.toContain('secret_part');
  for (const path of [
    '/getMe',
    '/{token}/x',
    '/echo/bot{token}/x',
    '/bot{token}/{token}',
    '/botx/{token}',
    '/bot%7Btoken%7D/x',
    '/bot{other}/x',
    '/file/x{token}',
  ]) {
    const refused = await proxy('telegram', { method: 'GET', path });
    expect([path, refused.status, refused.json.details[0].path]).toEqual([path, 400, 'path']);
    if (!path.includes('other')) expect(refused.json.message).toContain('`/bot{token}` or `/file/bot{token}`');
  }
  expect(stand.upstream.received).toHaveLength(2);
});

it('a host that belongs to the account is its own, and neither path nor headers lead it elsewhere', async () => {
  stand = await startHardStand('desk', ['acme.desk.example', 'evil.example']);
  stand.upstream.json('{"user":{"id":7,"email":"ada@acme.example"}}');
  expect((await connect('desk', { token: 'tok-1', subdomain: 'acme' })).json.status).toBe('connected');
  stand.upstream.received.length = 0;
  const answer = await proxy('desk', {
    method: 'GET',
    path: '/brands/{brand}/articles',
    headers: { 'X-Desk-Site': 'site evil', accept: 'text/csv' },
  });
  expect(answer.status).toBe(200);
  expect(stand.upstream.received.map(placeOf)).toEqual(['acme.desk.example/api/v2/brands/1/articles']);
  expect(stand.upstream.received[0]?.headers).toMatchObject({
    authorization: 'Bearer tok-1',
    'x-desk-site': 'site acme',
    accept: 'text/csv',
  });
  await stand.server.gateway.db
    .updateTable('connections')
    .set({ variables: { subdomain: 'evil.example/x?', brand: '..' } })
    .execute();
  for (const path of ['/users', '/brands/{brand}/articles'])
    expect((await proxy('desk', { method: 'GET', path })).status).toBeGreaterThanOrEqual(400);
  await stand.server.gateway.db
    .updateTable('connections')
    .set({ variables: { subdomain: 'acme', brand: '..' } })
    .execute();
  expect((await proxy('desk', { method: 'GET', path: '/brands/{brand}/x' })).json.message).toContain('leads out of the base address');
  expect(stand.upstream.received).toHaveLength(1);
});

it('a GraphQL service answers a document of the caller whole, and its errors within 200 are a failure', async () => {
  stand = await startHardStand('linear', ['api.linear.app']);
  stand.upstream.json('{"data":{"viewer":{"id":"u1","email":"ada@acme.example"}}}');
  expect((await connect('linear', { token: 'lin_1' })).json.status).toBe('connected');
  const ask = () => proxy('linear', { method: 'POST', path: '/graphql', body: { query: '{ viewer { id } }' } });
  expect((await ask()).json).toEqual({ status: 200, data: { data: { viewer: { id: 'u1', email: 'ada@acme.example' } } } });
  stand.upstream.json('{"data":null,"errors":[{"message":"No.","extensions":{"code":"FORBIDDEN"}}]}');
  const failed = await ask();
  expect([failed.status, failed.json.status, failed.json.error.errors[0].message]).toEqual([403, 403, 'No.']);
});
