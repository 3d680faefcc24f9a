/** Services whose requests have bodies of their own kind. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let dropbox: HardStand;

beforeAll(async () => {
  dropbox = await startHardStand('dropbox', ['api.dropboxapi.com', 'content.dropboxapi.com']);
  dropbox.upstream.json('{"account_id":"dbid:1","email":"ada@acme.example"}');
});
afterAll(async () => {
  await dropbox.close();
});

async function connect({ server, upstream }: HardStand, integration: string): Promise<void> {
  const connected = await server.request('POST', '/v1/connect', { body: { integration, credentials: { token: 'tok' } } });
  expect(connected.json).toMatchObject({ status: 'connected' });
  upstream.received.length = 0;
}

it('a file is the body as it is, and what it is for stands in a header as JSON', async () => {
  await connect(dropbox, 'dropbox');
  const content = Buffer.from([0, 0xff, 0x0d, 0x0a, 0x7f]);
  const params = { target: { path: '/Zürich 😀.bin', mode: 'overwrite' }, content: content.toString('base64') };
  const put = await dropbox.server.request('POST', '/v1/dropbox/upload_file', { body: { params } });
  expect(put.status).toBe(200);
  const [request] = dropbox.upstream.received;
  expect(request?.body.equals(content)).toBe(true);
  expect(request && linesOf(request).slice(0, -1)).toEqual([
    'POST /2/files/upload',
    'host: content.dropboxapi.com',
    'accept-encoding: identity',
    'accept: */*',
    'authorization: Bearer tok',
    'content-length: 5',
    'content-type: application/octet-stream',
    'dropbox-api-arg: {"path":"/Z\\u00fcrich \\ud83d\\ude00.bin","mode":"overwrite"}',
    'user-agent: skillett',
  ]);
});
