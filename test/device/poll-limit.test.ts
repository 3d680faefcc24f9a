import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceGrantType } from '../../src/domains/device-codes/token-answer.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { TRUST_PROXY: '127.0.0.1' } });
});
afterAll(() => server.close());

const unknownCode = 'a'.repeat(40);

/** So many polls of an address a second ago. */
function seedPolls(address: string, times: number) {
  return sql`
    insert into guarded_hits (identity, hits, granted, expires_at)
    select ${`pollDeviceToken/address/${address}`}, array(select extract(epoch from now())::float8 - 1 from generate_series(1, ${times}::int)), true, now() + interval '1 minute'`.execute(
    server.gateway.db,
  );
}

function poll(address: string, body: object) {
  return server.request('POST', '/auth/device/token', { authorization: null, body, headers: { 'x-forwarded-for': address } });
}

describe('polls of device tokens', () => {
  it('from one address are refused from the 2,001st in a minute on, in the words of each dialect', async () => {
    await seedPolls('198.51.100.7', 1999);
    expect((await poll('198.51.100.7', { device_code: unknownCode })).status).toBe(404);
    const refused = await poll('198.51.100.7', { device_code: unknownCode });
    expect(refused).toMatchObject({ status: 429, json: { error: 'rate_limited' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    const oauth = await poll('198.51.100.7', { device_code: unknownCode, grant_type: deviceGrantType });
    expect(oauth).toMatchObject({ status: 400, json: { error: 'slow_down' } });
    const document = `mutation { pollDeviceToken(deviceCode: "${unknownCode}") { status } }`;
    const graphql = await server.request('POST', '/graphql', {
      authorization: null,
      body: { query: document },
      headers: { 'x-forwarded-for': '198.51.100.7' },
    });
    expect(graphql.json.errors[0].extensions.code).toBe('rate_limited');
    expect((await poll('198.51.100.8', { device_code: unknownCode })).status).toBe(404);
  });
});
