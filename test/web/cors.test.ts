/** Pages of other origins in a real browser; test/app/cors.test.ts has what a browser is told. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const viewer = { query: '{ viewer { kind } }' };
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('a page in a browser', () => {
  let browser: Browser;
  let server: TestServer;
  let allowed: Server;
  let foreign: Server;
  beforeAll(async () => {
    [allowed, foreign] = await Promise.all([servePage(), servePage()]);
    server = await startTestServer({ kind: 'embedded', env: { SKILLETT_CORS_ORIGINS: originOf(allowed) } });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    for (const one of [allowed, foreign]) one.close();
  });

  /** Loads a page of that origin and calls from it; `failed` is all a page learns of an answer that it may not read. */
  async function callFrom(origin: Server, path: string, init: Record<string, unknown>): Promise<PageAnswer> {
    const page: Page = await browser.newPage();
    try {
      await page.goto(originOf(origin));
      return await page.evaluate(
        async ([url, options]) => {
          try {
            const answer = await fetch(url, options as RequestInit);
            const names = ['x-request-id', 'ratelimit-remaining', 'idempotent-replayed', 'www-authenticate'];
            return { status: answer.status, json: await answer.json(), headers: names.map((name) => answer.headers.get(name)) };
          } catch {
            return { failed: true };
          }
        },
        [server.url + path, init] as const,
      );
    } finally {
      await page.close();
    }
  }

  const keyed = () => ({
    authorization: `Bearer ${server.key}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  });

  it('of an allowed origin calls every door with a key and reads answers, headers and refusals', async () => {
    const graphql = await callFrom(allowed, '/graphql', { method: 'POST', headers: keyed(), body: JSON.stringify(viewer) });
    expect(graphql).toMatchObject({ status: 200, json: { data: { viewer: { kind: 'API_KEY' } } } });
    expect(graphql.headers?.[0]).toMatch(/^req_/);
    const byGet = await callFrom(allowed, `/graphql?${new URLSearchParams(viewer)}`, { headers: keyed() });
    expect(byGet.json).toEqual(graphql.json);
    const call = { method: 'POST', headers: { ...keyed(), 'idempotency-key': 'once' }, body: '{"params":{"title":"a"}}' };
    expect((await callFrom(allowed, '/v1/sandbox/create_note', call)).headers?.[1]).toMatch(/^\d+$/);
    expect((await callFrom(allowed, '/v1/sandbox/create_note', call)).headers?.[2]).toBe('true');
    const mcp = await callFrom(allowed, '/mcp', {
      method: 'POST',
      headers: { ...keyed(), 'mcp-protocol-version': '2025-11-25' },
      body: JSON.stringify(ping),
    });
    expect(mcp).toMatchObject({ status: 200, json: { id: 1, result: {} } });
    const stranger = await callFrom(allowed, '/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(viewer),
    });
    expect(stranger).toMatchObject({ status: 401, json: { errors: [{ extensions: { code: 'unauthorized' } }] } });
    expect(stranger.headers?.[3]).toMatch(/^Bearer/);
    expect(await callFrom(allowed, '/v1/skills', { headers: { authorization: 'Bearer sk_bad' } })).toMatchObject({
      status: 401,
      json: { error: 'api_key_invalid' },
    });
  });

  it('of another origin, or one that would send cookies, reads nothing', async () => {
    for (const [origin, init] of [
      [foreign, { headers: keyed() }],
      [foreign, {}],
      [allowed, { headers: keyed(), credentials: 'include' }],
      [allowed, { credentials: 'include' }],
    ] as const) {
      expect(await callFrom(origin, '/v1/skills', init)).toEqual({ failed: true });
      expect(await callFrom(origin, '/graphql', { ...init, method: 'POST', body: JSON.stringify(viewer) })).toEqual({ failed: true });
    }
  });
});

interface PageAnswer {
  failed?: boolean;
  status?: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every door
  json?: any;
  headers?: (string | null)[];
}

async function servePage(): Promise<Server> {
  const server = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<title>A page</title>'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
