/** A process that is stopped while a provider answers a refresh: its token is worth a connection, whoever still waits for it. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Browser } from '../people/browser.ts';
import { openLinkIn } from '../support/consent-link.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { type ServerProcess, startProcess } from '../support/process.ts';
import { eventually, Upstream } from '../support/upstream.ts';

const closers: (() => Promise<unknown>)[] = [];
let github: Upstream;
let database: pg.Client;
let server: ServerProcess;
let key: string;
let tokens = 0;
/** Holds back the token endpoint's answer. */
let beforeTokenAnswer: () => Promise<unknown>;

beforeAll(async () => {
  beforeTokenAnswer = async () => {};
  github = await Upstream.start();
  closers.push(() => github.close());
  github.play = async (request, response) => {
    const asksForToken = request.target === '/token';
    if (asksForToken) await beforeTokenAnswer();
    if (asksForToken) tokens += 1;
    const body = asksForToken
      ? { access_token: `at-${tokens}`, refresh_token: `rt-${tokens}`, expires_in: 3600, scope: 'repo' }
      : { id: 1, login: 'ada' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const { url, drop } = await createEmptyDatabase();
  closers.push(drop);
  server = await startProcess({
    DATABASE_URL: url,
    SKILLETT_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    SKILLETT_GITHUB_BASE_URL: github.origin,
    SKILLETT_GITHUB_TOKEN_URL: `${github.origin}/token`,
    SKILLETT_GITHUB_CLIENT_ID: 'the-client',
    SKILLETT_GITHUB_CLIENT_SECRET: 'the-secret',
  });
  closers.push(() => server.kill());
  key = server.stdout().match(/^sk_[0-9a-f]{48}$/m)?.[0] as string;
  database = new pg.Client(url);
  await database.connect();
  closers.push(() => database.end());
});

afterAll(async () => {
  for (const closer of closers.reverse()) await closer();
});

const headers = () => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json', connection: 'close' });

it('stores what the provider answers before it ends, although the caller has left', async () => {
  const connect = await fetch(`${server.url}/v1/connect`, { method: 'POST', headers: headers(), body: '{"integration":"github"}' });
  const started = (await connect.json()) as { oauth_url: string };
  const browser = new Browser(server, undefined, `http://localhost:${new URL(server.url).port}`);
  await browser.open(server.stdout().match(/^http:\S+\/api\/auth\/link\S+$/m)?.[0] as string);
  const { comeBack } = await openLinkIn(browser, started.oauth_url);
  expect((await comeBack({ code: 'c' })).text).toContain('The account &quot;ada&quot; can be used');
  await database.query("update connections set access_expires_at = now() - interval '1 minute'");

  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let asked = false;
  beforeTokenAnswer = () => {
    asked = true;
    return answered;
  };
  const call = request(`${server.url}/v1/github/get_label`, { method: 'POST', headers: headers(), agent: false });
  call.on('error', () => {}).end('{"params":{"repo":"octo/hello","name":"bug"}}');
  await eventually(() => asked, 'the token was asked for');
  call.destroy();
  const ended = server.stop();
  await sleep(700);
  answer();
  expect(await ended).toBe(0);
  const { rows } = await database.query('select credential_version, status, refresh_holder from connections');
  expect(rows).toEqual([{ credential_version: 2, status: 'connected', refresh_holder: null }]);
});
