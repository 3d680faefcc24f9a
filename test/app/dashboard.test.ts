import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDashboard } from '../../src/app/dashboard/dashboard.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let script: string;
beforeAll(async () => {
  server = await startTestServer();
  const names = await readdir(path.resolve(import.meta.dirname, '../../web/dist/assets'));
  script = `/assets/${names.find((name) => /^index-.*\.js$/.test(name))}`;
});
afterAll(() => server.close());

/** As it is, without what fetch does to paths and bodies. */
function get(target: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const sent = request(`${server.url}/`, { path: target, headers, method }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode as number, headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    sent.on('error', reject).end();
  });
}

describe('the pages of the dashboard', () => {
  it.each(['/', '/sign-in', '/sign-up?invitation=x', '/dashboard', '/dashboard/integrations/github', '/device', '/billing', '/settings'])(
    '%s is a document without inline script that nothing may frame',
    async (page) => {
      const { status, headers, body } = await get(page);
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
      const html = body.toString('utf8');
      expect(html.match(/<script\b[^>]*>/g)).toEqual([expect.stringContaining(` src="${script}"`)]);
      expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=/);
    },
  );

  it('take GET and HEAD alone', async () => {
    const posted = await get('/dashboard', {}, 'POST');
    expect(posted).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    const head = await get('/dashboard', {}, 'HEAD');
    expect(head.status).toBe(200);
    expect(head.body).toHaveLength(0);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(100);
  });
});

describe('assets', () => {
  it('are kept by browsers for good, and compressed for those that can read it', async () => {
    const plain = await get(script);
    expect(plain).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        vary: 'accept-encoding',
      },
    });
    const brotli = await get(script, { 'accept-encoding': 'gzip, deflate, br' });
    expect(brotli.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    const gzip = await get(script, { 'accept-encoding': 'gzip, br;q=0' });
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
  });

  it.each([
    '/assets/',
    '/assets/none.js',
    '/assets/../index.html',
    '/assets/..%2findex.html',
    '/assets/../../package.json',
    `${'/assets//'}index.js`,
  ])('%s is not found', async (target) => {
    const answer = await get(target);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body.toString('utf8'))).toMatchObject({ error: 'not_found' });
  });
});

describe('logos', () => {
  it('are at the address that GraphQL says, kept by browsers for good, and run nothing', async () => {
    const query = '{ integrations(first: 100) { nodes { slug logoUrl } } }';
    const { nodes } = (await server.graphql(query)).json.data.integrations as { nodes: { slug: string; logoUrl: string }[] };
    expect(nodes.length).toBeGreaterThan(5);
    for (const { slug, logoUrl } of nodes) {
      const { pathname, search } = new URL(logoUrl);
      expect([pathname, search]).toEqual([`/logos/${slug}.svg`, expect.stringMatching(/^\?v=[0-9a-f]{8}$/)]);
      const { status, headers, body } = await get(pathname + search);
      expect([slug, status, body.toString().slice(0, 5)]).toEqual([slug, 200, '<svg ']);
      expect(headers).toMatchObject({
        'content-type': 'image/svg+xml',
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'cross-origin',
        'content-security-policy': "default-src 'none'; sandbox",
      });
    }
    expect((await get('/logos/github.svg')).headers['cache-control']).toBe('public, max-age=3600');
  });

  it.each(['/logos/', '/logos/nothing.svg', '/logos/github', '/logos/github.png', '/logos/..%2fgithub.svg', '/logos/__proto__.svg'])(
    '%s is none',
    async (target) => {
      const answer = await get(target);
      expect([answer.status, JSON.parse(answer.body.toString()).error]).toEqual([404, 'not_found']);
      expect((await get('/logos/github.svg', {}, 'POST')).status).toBe(405);
    },
  );
});

describe('an installation without the built dashboard', () => {
  it('says so at the start and on every page, with the remedy', async () => {
    const before = server.log.length;
    const pages = createDashboard(server.gateway, path.join(import.meta.dirname, 'no-such-folder'));
    expect(server.log.slice(before).join('')).toContain('npm run build');
    expect(pages.map(([page]) => page)).toEqual([
      '/',
      '/sign-in',
      '/sign-up',
      '/dashboard',
      '/dashboard/',
      '/device',
      '/billing',
      '/settings',
    ]);
    const sent: { status?: number; html?: string } = {};
    const response = {
      writeHead: (status: number) => Object.assign(sent, { status }),
      end: (html: string) => Object.assign(sent, { html }),
    };
    await pages[3]?.[1]({} as never, response as never, 'req_1', new AbortController().signal);
    expect(sent.status).toBe(503);
    expect(sent.html).toContain('npm run build');
  });
});
