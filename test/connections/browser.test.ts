/** A connection's whole life, in a browser, at a real authorisation server, with two processes of an installation. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { freePort, makeFolder, type ServerProcess, startProcess } from '../support/process.ts';
import { OidcServer } from './oidc-server.ts';

const closers: (() => Promise<unknown>)[] = [];
let oidc: OidcServer;
let processes: ServerProcess[];
let database: pg.Client;
let browser: Browser;
let key: string;

beforeAll(async () => {
  const port = String(await freePort());
  const publicUrl = `http://127.0.0.1:${port}`;
  oidc = await OidcServer.start(`${publicUrl}/oauth/callback`);
  oidc.account = undefined;
  closers.push(() => oidc.close());
  const { folder, remove } = await makeFolder();
  closers.push(remove);
  await writeRecipe(folder);
  const { url, drop } = await createEmptyDatabase();
  closers.push(drop);
  const env = {
    DATABASE_URL: url,
    SKILLETT_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    SKILLETT_RECIPES: folder,
    PUBLIC_URL: publicUrl,
    SKILLETT_FORGE_BASE_URL: oidc.origin,
    SKILLETT_FORGE_CLIENT_ID: 'skillett',
    SKILLETT_FORGE_CLIENT_SECRET: 'client-secret-of-the-tests',
    SKILLETT_LIMITS: '{"unlimited":{"perMinute":null}}',
  };
  const first = await startProcess({ ...env, PORT: port });
  closers.push(() => first.stop());
  const second = await startProcess(env);
  closers.push(() => second.stop());
  processes = [first, second];
  key = first.stdout().match(/^sk_[0-9a-f]{48}$/m)?.[0] as string;
  database = new pg.Client(url);
  await database.connect();
  closers.push(() => database.end());
  browser = await openBrowser();
  closers.push(() => browser.close());
});

afterAll(async () => {
  for (const closer of closers.reverse()) await closer();
});

async function writeRecipe(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'forge'));
  const recipe = {
    slug: 'forge',
    name: 'Forge',
    version: '1.0.0',
    description: 'A service of the tests.',
    category: 'tests',
    documentation_url: 'https://forge.example/docs',
    base_url: oidc.origin,
    auth: [
      {
        type: 'oauth2',
        authorize_url: `${oidc.origin}/auth`,
        token_url: `${oidc.origin}/token`,
        issuer: oidc.origin,
        register: { url: `${oidc.origin}/clients`, how: 'Register.' },
        scopes: { notes: { description: 'Notes.' } },
        always_scopes: ['openid', 'offline_access', 'notes'],
        authorize_parameters: { prompt: 'consent' },
        token_endpoint_auth_method: 'client_secret_basic',
        refresh: {},
        revocation: { url: `${oidc.origin}/token/revocation`, style: 'rfc7009', token: 'refresh_token' },
      },
    ],
    verify: { path: '/me', account: { id: 'sub', label: 'sub' } },
  };
  const who = { method: 'GET', path: '/me', description: 'Says who is there.', answer: '`sub`.', example: {}, parameters: {} };
  await writeFile(path.join(folder, 'forge/recipe.json'), JSON.stringify(recipe));
  await writeFile(
    path.join(folder, 'forge/people.json'),
    JSON.stringify({ resource: 'people', description: 'People.', endpoints: { get_me: who } }),
  );
}

function send(at: number, method: string, target: string, body?: unknown): Promise<Response> {
  return fetch(`${processes[at % 2]?.url}${target}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

async function consentInBrowser(press: 'Allow' | 'Deny', account = ''): Promise<{ id: string; page: string }> {
  const started = (await (await send(0, 'POST', '/v1/connect', { integration: 'forge' })).json()) as {
    oauth_url: string;
    connection_id: string;
  };
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(started.oauth_url);
  if (account) await page.getByLabel('Who are you?').fill(account);
  await page.getByRole('button', { name: press }).click();
  await page.waitForURL('**/oauth/callback?*');
  const text = await page.locator('body').innerText();
  await context.close();
  return { id: started.connection_id, page: text };
}

it('connects by consent, executes, expires, refreshes once for a hundred calls over two processes, and is revoked', async () => {
  const { id, page } = await consentInBrowser('Allow', 'ada');
  expect(page).toContain('Forge is connected');
  expect(page).toContain('ada');
  expect(await (await send(1, 'GET', `/v1/connect/${id}`)).json()).toEqual({ status: 'connected', integration: 'forge' });
  expect(await (await send(1, 'POST', '/v1/forge/get_me')).json()).toEqual({ status: 200, data: { sub: 'ada' } });

  oidc.tokenRequests.length = 0;
  await database.query("update connections set access_expires_at = now() - interval '1 minute'");
  const answers = await Promise.all(Array.from({ length: 100 }, async (_, at) => (await send(at, 'POST', '/v1/forge/get_me')).text()));
  expect(new Set(answers)).toEqual(new Set(['{"status":200,"data":{"sub":"ada"}}']));
  expect(oidc.tokenRequests).toEqual(['refresh_token']);

  const removed = await send(1, 'DELETE', `/v1/connect/${id}`);
  expect([removed.status, removed.headers.get('x-skillett-revoked')]).toEqual([204, 'true']);
  expect(oidc.revokedGrants).toBe(1);
  const after = await send(0, 'POST', '/v1/forge/get_me');
  expect(after.status).toBe(403);
  expect(await after.json()).toMatchObject({ error: 'integration_not_connected' });
});

it('tells the person and the agent when consent was denied, and leaves nothing connected', async () => {
  const { id, page } = await consentInBrowser('Deny');
  expect(page).toContain('Nothing was connected');
  expect(await (await send(1, 'GET', `/v1/connect/${id}`)).json()).toEqual({ status: 'error', integration: 'forge', reason: 'denied' });
  expect((await database.query('select count(*)::int as n from connections')).rows).toEqual([{ n: 0 }]);
});
