import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

const mebibyte = 1024 * 1024;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A request whose body never ends, and its answer where there is one all the same. */
function begin(path: string, bytes: number): { request: ClientRequest; answer: Promise<{ message: IncomingMessage; text: string }> } {
  const request = httpRequest(server.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json', 'content-length': 39 * mebibyte },
  });
  request.on('error', () => {});
  const answer = new Promise<{ message: IncomingMessage; text: string }>((resolve) => {
    request.on('response', async (message) => {
      let text = '';
      for await (const chunk of message) text += chunk;
      resolve({ message, text });
    });
  });
  request.write(Buffer.alloc(bytes, ' '));
  return { request, answer };
}

it('bodies fill the memory up to a bound; beyond it a large one is told to come back, a small one passes, and room comes back', async () => {
  const paths = ['/v1/open_meteo/get_forecast', '/graphql'];
  const open = Array.from({ length: 8 }, (_, at) => begin(paths[at % 2] as string, 38 * mebibyte));
  const { message, text } = await Promise.race(open.map(({ answer }) => answer));
  expect(message.statusCode).toBe(503);
  expect(message.headers['retry-after']).toMatch(/^\d+$/);
  expect(text).toContain('Too many large bodies are on their way. Try again shortly.');
  expect((await server.request('POST', '/api-keys', { body: { name: 'small' } })).status).toBe(201);

  for (const { request } of open) request.destroy();
  const large = JSON.stringify({ query: '{ viewer { plan { name } } }', variables: { unused: 'x'.repeat(30 * mebibyte) } });
  await expect
    .poll(async () => (await server.request('POST', '/graphql', { body: large })).status, { interval: 200, timeout: 10_000 })
    .toBe(200);
  // Each gives back what it held, however often.
  for (let turn = 0; turn < 10; turn += 1) expect((await server.request('POST', '/graphql', { body: large })).status).toBe(200);
}, 60_000);
