/** examples/dashboard.html, from another origin: three services in one request, and what fails of them beside what does not. */

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

const root = path.resolve(import.meta.dirname, '../..');
const types: Record<string, string> = { '.html': 'text/html', '.mjs': 'text/javascript' };

let files: Server;
let upstream: Upstream;
let server: TestServer;
let browser: Browser;
let slackAnswer: object;

const answers: [RegExp, () => unknown][] = [
  [/\/user$/, () => ({ login: 'ada', id: 1 })],
  [/\/pulls/, () => [{ number: 7, title: 'Mend <b>it</b>', draft: false, user: { login: 'ada' } }]],
  [/\/profile$/, () => ({ emailAddress: 'ada@example.org' })],
  [/\/labels\/INBOX/, () => ({ id: 'INBOX', messagesUnread: 12, threadsUnread: 9 })],
  [/auth\.test/, () => ({ ok: true, user_id: 'U1', team_id: 'T1', user: 'ada', team: 'acme' })],
  [/conversations\.history/, () => slackAnswer],
];

beforeAll(async () => {
  files = createServer(async ({ url = '' }, response) => {
    const file = path.join(root, new URL(url, 'http://x').pathname);
    const body = await readFile(file).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { 'content-type': types[path.extname(file)] ?? 'text/plain' }).end(body);
  });
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  upstream = await Upstream.start();
  upstream.play = ({ target }, response) => {
    const found = answers.find(([pattern]) => pattern.test(target.split('?')[0] as string));
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found?.[1]() ?? {}));
  };
  server = await startTestServer({
    env: {
      SKILLETT_CORS_ORIGINS: `http://localhost:${(files.address() as AddressInfo).port}`,
      ...Object.fromEntries(['GITHUB', 'GMAIL', 'SLACK'].map((slug) => [`SKILLETT_${slug}_BASE_URL`, upstream.origin])),
    },
  });
  for (const integration of ['github', 'slack']) {
    const { json } = await server.request('POST', '/v1/connect', { body: { integration, credentials: { token: 'xoxb-1' } } });
    if (json.status !== 'connected') throw new Error(JSON.stringify(json));
  }
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await server.close();
  await upstream.close();
  files.close();
});

it('shows what three services answer to one request, as text, and what one of them refuses in its place', async () => {
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url() === `${server.url}/graphql` && request.method() === 'POST') asked.push(request.postData() ?? '');
  });
  await page.goto(`http://localhost:${(files.address() as AddressInfo).port}/examples/dashboard.html`);
  await page.getByLabel('Skillett').fill(server.url);
  await page.getByLabel('Key').fill(server.key);
  await page.getByLabel('Repository').fill('a/b');
  await page.getByLabel('Channel').fill('C012AB3CD');
  slackAnswer = { ok: true, messages: [{ ts: '1.2', user: 'U1', text: 'Ready' }] };
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('#7 Mend <b>it</b> (ada)').waitFor();
  await page.getByText('U1: Ready').waitFor();
  // Gmail is not connected, which costs its own place alone.
  await page.getByText(/gmail/i).waitFor();
  expect(asked).toHaveLength(1);
  slackAnswer = { ok: false, error: 'not_in_channel' };
  await page.getByRole('button', { name: 'Show' }).click();
  await page.locator('#messages .fault').waitFor();
  await page.getByText('#7 Mend <b>it</b> (ada)').waitFor();
  expect([asked.length, faults]).toEqual([2, []]);
  await page.close();
}, 60_000);
