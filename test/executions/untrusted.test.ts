/** Services whose certificate does not count: asking again would not help, so the error says what does. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeFailure } from '../../src/core/outbound/error.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const service = createServer(selfSigned, (_request, response) => void response.end('[]'));
let connections = 0;
let server: TestServer;

beforeAll(async () => {
  service.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  server = await startTestServer({ env: { SKILLETT_HACKERNEWS_BASE_URL: `https://localhost:${port}` } });
});
afterAll(async () => {
  await server.close();
  service.closeAllConnections();
  await new Promise((resolve) => service.close(resolve));
});

it('an unknown authority is named once, with the setting that makes it known', async () => {
  const answer = await server.request('POST', '/v1/hackernews/list_top_stories', { body: {} });
  expect(answer.status).toBe(502);
  expect(answer.json).toMatchObject({ error: 'upstream_unreachable', message: expect.stringContaining('NODE_EXTRA_CA_CERTS') });
  expect(answer.json.message).not.toContain('Try again');
  expect(connections).toBe(1);
});

it.each([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'NODE_EXTRA_CA_CERTS'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'NODE_EXTRA_CA_CERTS'],
  ['CERT_HAS_EXPIRED', 'renew'],
  ['CERT_NOT_YET_VALID', 'clock'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'another host name'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'not acceptable'],
])('%s is told apart', (code, advice) => {
  const told = describeFailure(Object.assign(new Error('x'), { code }), 'notes', false, '');
  expect(told).toMatchObject({ kind: 'untrusted', message: expect.stringContaining(advice) });
  expect(told.message).not.toContain('Try again');
});

it('a network that fails is worth another try', () => {
  const told = describeFailure(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'notes', false, '');
  expect(told).toMatchObject({ kind: 'network', message: expect.stringContaining('Try again shortly') });
});
