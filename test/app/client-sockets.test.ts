/** Clients that send nothing, read nothing, or come in crowds. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

/** Connects to the server, optionally from another loopback address. */
async function dial(server: TestServer, localAddress?: string): Promise<Socket & { received: string }> {
  const port = Number(new URL(server.url).port);
  const socket = Object.assign(connect({ port, host: '127.0.0.1', ...(localAddress ? { localAddress } : {}) }), { received: '' });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

function listen(socket: Socket & { received: string }): typeof socket {
  socket.on('data', (chunk) => {
    socket.received += chunk;
  });
  return socket;
}

async function isOpen(server: TestServer, localAddress?: string): Promise<boolean> {
  const socket = listen(await dial(server, localAddress));
  const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(false)));
  socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n');
  const answered = expect.poll(() => socket.received, { timeout: 5_000 }).toContain('"ok"');
  const open = await Promise.race([closed, answered.then(() => true)]);
  answered.catch(() => {});
  socket.destroy();
  return open;
}

describe('a client', () => {
  let upstream: Upstream;
  let server: TestServer;
  beforeAll(async () => {
    upstream = await Upstream.start();
    server = await startTestServer({
      env: { SKILLETT_HACKERNEWS_BASE_URL: upstream.origin },
      timeouts: { headersTimeout: 600, requestTimeout: 1_200, connectionsCheckingInterval: 100, stalledTimeout: 700 },
    });
  });
  afterAll(async () => {
    await server.close();
    await upstream.close();
  });

  const closed = (socket: Socket) => expect.poll(() => socket.closed, { timeout: 8_000 }).toBe(true);

  const answerTo = async (head: string) => {
    const socket = listen(await dial(server));
    socket.write(`${head}\r\nconnection: close\r\n\r\n`);
    await closed(socket);
    return socket.received;
  };

  it('that takes us for a proxy is answered under the host that it names in the first line', async () => {
    const own = new URL(server.gateway.config.publicUrl).host;
    const auth = `authorization: Bearer ${server.key}`;
    const ping = `content-type: application/json\r\naccept: application/json, text/event-stream\r\ncontent-length: 40\r\n${auth}`;
    expect(await answerTo(`GET http://${own}/healthz HTTP/1.1\r\nhost: elsewhere`)).toMatch(/^HTTP\/1\.1 200[\s\S]*"ok"/);
    expect(await answerTo(`GET HTTP://${own}?a=b HTTP/1.1\r\nhost: ${own}`)).toMatch(/^HTTP\/1\.1 (200|302)/);
    expect(await answerTo(`GET http://${own}/v1/skills?key=${server.key} HTTP/1.1\r\nhost: ${own}`)).toMatch(/^HTTP\/1\.1 400/);
    const body = '\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const toMcp = async (target: string, host: string) => {
      const socket = listen(await dial(server));
      socket.write(`POST ${target} HTTP/1.1\r\nhost: ${host}\r\n${ping}\r\nconnection: close${body}`);
      await closed(socket);
      return socket.received.slice(0, 12);
    };
    expect(await toMcp(`http://${own}/mcp`, 'evil.example')).toBe('HTTP/1.1 200');
    expect(await toMcp('http://evil.example/mcp', own)).toBe('HTTP/1.1 403');
  });

  it('that sends two Host headers is told so, as proxies may have read another of them', async () => {
    expect(await answerTo('GET /healthz HTTP/1.1\r\nhost: a')).toMatch(/^HTTP\/1\.1 200/);
    const refused = await answerTo('GET /healthz HTTP/1.1\r\nhost: a\r\nHost: a');
    expect(refused).toMatch(/^HTTP\/1\.1 400/);
    expect(refused).toContain('more than one Host header');
  });

  it('that never sends, sends half of its headers, or half of its body is let go, even when it leaves its side open', async () => {
    const silent = listen(await dial(server));
    const headers = listen(await dial(server));
    headers.write('POST /graphql HTTP/1.1\r\nhost: a\r\nauthorization: Bear');
    const body = listen(await dial(server));
    body.write(
      `POST /graphql HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${server.key}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{`,
    );
    for (const socket of [silent, headers, body]) {
      socket.allowHalfOpen = true;
      await expect.poll(() => socket.readableEnded || socket.closed, { timeout: 8_000 }).toBe(true);
      // Where nobody is at the other end any more, what is sent comes back as a reset.
      const pushed = setInterval(() => socket.write('x'), 50);
      await closed(socket).finally(() => clearInterval(pushed));
    }
    expect(headers.received).toContain('408 Request Timeout');
    expect(await isOpen(server)).toBe(true);
  });

  const ask = (accept: string) =>
    [
      'POST /v1/hackernews/list_top_stories HTTP/1.1',
      'host: a',
      `authorization: Bearer ${server.key}`,
      'content-type: application/json',
      `accept: ${accept}`,
      'content-length: 2',
      '',
      '{}',
    ].join('\r\n');

  it.each(['application/json', 'application/octet-stream'])('that stops reading %s is let go, and the service with it', async (accept) => {
    upstream.play = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('["start"');
      const more = () => {
        while (!response.destroyed && response.write(`,"${'x'.repeat(64 * 1024)}"`));
        response.once('drain', more);
      };
      more();
    };
    const socket = await dial(server);
    socket.pause();
    socket.write(ask(accept));
    await expect.poll(() => upstream.open.size, { timeout: 5_000 }).toBe(1);
    await expect.poll(() => upstream.open.size, { timeout: 8_000 }).toBe(0);
    socket.resume();
    await closed(socket);
  });

  it('that waits for a slow service, or reads slowly, keeps its connection', async () => {
    upstream.play = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      setTimeout(() => response.end(`["${'x'.repeat(8 * 1024 * 1024)}"]`), 1_600);
    };
    const socket = await dial(server);
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 10);
    });
    socket.write(ask('application/octet-stream'));
    await expect.poll(() => bytes, { timeout: 20_000 }).toBeGreaterThan(8 * 1024 * 1024);
    socket.destroy();
  }, 30_000);
});

describe('SKILLETT_CONNECTIONS_MAX', () => {
  it('bounds what all clients hold together and what one address does, and room comes back', async () => {
    const server = await startTestServer({ env: { SKILLETT_CONNECTIONS_MAX: '8' } });
    try {
      const held = [await dial(server), await dial(server)];
      expect(await isOpen(server)).toBe(false);
      expect(await isOpen(server, '127.0.0.2')).toBe(true);
      expect(server.log.join('')).toContain('127.0.0.1 holds 2 client connections');
      for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.4']) held.push(await dial(server, address), await dial(server, address));
      await expect.poll(() => isOpen(server, '127.0.0.5')).toBe(false);
      for (const socket of held) socket.destroy();
      await expect.poll(() => isOpen(server, '127.0.0.5')).toBe(true);
    } finally {
      await server.close();
    }
  });

  it('gives a proxy of TRUST_PROXY as many as there are', async () => {
    const server = await startTestServer({ env: { SKILLETT_CONNECTIONS_MAX: '8', TRUST_PROXY: '127.0.0.1' } });
    try {
      const held = [];
      for (let count = 0; count < 7; count += 1) held.push(await dial(server));
      expect(await isOpen(server)).toBe(true);
      // The place of that one is free once the server has seen it go.
      await new Promise((resolve) => setTimeout(resolve, 300));
      held.push(await dial(server));
      await expect.poll(() => isOpen(server)).toBe(false);
      expect(server.log.join('')).toContain('All 8 client connections are taken');
      for (const socket of held) socket.destroy();
    } finally {
      await server.close();
    }
  });
});

it('many large answers in one request leave no listener behind', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  const server = await startTestServer({ kind: 'embedded' });
  try {
    const aliases = Array.from(
      { length: 20 },
      (_, at) => `a${at}: read(integration: "sandbox", endpoint: "get_big_document", params: {kilobytes: ${2_000 + at}}) { ok data }`,
    );
    const { json } = await server.graphql(`{ ${aliases.join(' ')} }`);
    expect(
      Object.values<{ ok: boolean; data: { lines: string[] } }>(json.data).every(({ ok, data }) => ok && data.lines.length > 2_000),
    ).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  } finally {
    process.off('warning', note);
    await server.close();
  }
}, 30_000);
