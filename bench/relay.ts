/** The baseline: the least that can forward a call. node:http in, undici out, bytes piped; no key, no limits, no record. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

const upstream = new Pool(process.argv[2] as string, { connections: 128 });

const server = createServer(async (request, response) => {
  const controller = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  try {
    for await (const _chunk of request);
    const answer = await upstream.request({ method: 'GET', path: request.url as string, signal: controller.signal });
    response.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'] as string });
    answer.body.pipe(response);
  } catch {
    response.destroy();
  }
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
