/** A connection's whole life, in a browser, at a real authorisation server, with two processes of an installation. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OidcServer } from '../connections/oidc-server.ts';
import { openBrowser } from '../support/browser.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/port.ts';
import { type ServerProcess, startProcess } from '../support/process.ts';

const closers: (() => Promise<unknown>)[] = [];
let oidc: OidcServer;
let processes: ServerProcess[];
let database: pg.Client;
let browser: Browser;
let key: string;
/** A window in which the owner is signed in. */
let owner: BrowserContext;
/** What pages wrote to their consoles, refusals of a Content-Security-Policy among them. */
const faults: string[] = [];

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
  owner = await openWindow();
  const page = await owner.newPage();
  await page.goto(first.stdout().match(/^http\S+\/api\/auth\/link\S+$/m)?.[0] as string);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(/\/dashboard$/);
  await signInByLink(page);
  await page.goto(`${publicUrl}/settings`);
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('Your password is set').waitFor();
  await page.close();
});

const password = 'correct horse battery staple';

async function openWindow(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(15_000);
  context.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
  });
  return context;
}

/** The page of the link may ask for a press of its button first. */
async function signInByLink(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: 'Sign in' });
  await button.or(page.getByRole('navigation')).first().waitFor();
  if (await button.isVisible()) await button.click();
  await page.waitForURL('**/dashboard');
}

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

/** Asks for a link as an agent does. */
async function ask(authorization = key, integration = 'forge'): Promise<{ id: string; link: string }> {
  const answer = await fetch(`${processes[0]?.url}/v1/connect`, {
    method: 'POST',
    headers: { authorization: `Bearer ${authorization}`, 'content-type': 'application/json' },
    body: JSON.stringify({ integration }),
  });
  const { oauth_url: link, connection_id: id } = (await answer.json()) as { oauth_url: string; connection_id: string };
  return { id, link };
}

async function makeKey(scopes: string[]): Promise<string> {
  return ((await (await send(0, 'POST', '/api-keys', { name: 'Night agent', scopes })).json()) as { full_key: string }).full_key;
}

const statusOf = async (id: string) => (await send(1, 'GET', `/v1/connect/${id}`)).json();

/** At the provider. */
async function answerProvider(page: Page, press: 'Allow' | 'Deny', account = ''): Promise<string> {
  if (account) await page.getByLabel('Who are you?').fill(account);
  await page.getByRole('button', { name: press }).click();
  await page.waitForURL('**/oauth/callback?*');
  return page.locator('body').innerText();
}

async function consentInBrowser(press: 'Allow' | 'Deny', account = ''): Promise<{ id: string; page: string }> {
  const { id, link } = await ask();
  const page = await owner.newPage();
  await page.goto(link);
  const text = await answerProvider(page, press, account);
  await page.close();
  return { id, page: text };
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

it('asks whoever opens the link without being signed in to sign in first, and goes on from there', async () => {
  const { id, link } = await ask();
  const window = await openWindow();
  const page = await window.newPage();
  await page.goto(link);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(new URL(page.url()).searchParams.get('next')).toBe(`/connect/${id}`);
  expect((await database.query('select browser_hash from consents where id = $1', [id])).rows).toEqual([{ browser_hash: null }]);
  expect(await statusOf(id)).toEqual({ status: 'pending', integration: 'forge' });
  await page.getByLabel('E-mail').fill('owner@skillett.invalid');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  expect(await answerProvider(page, 'Allow', 'grace')).toContain('Forge is connected');
  expect(await statusOf(id)).toEqual({ status: 'connected', integration: 'forge' });
  await send(0, 'DELETE', `/v1/connect/${id}`);
  await window.close();
});

it('a link opened at one process is finished at the other, and in no other browser at either', async () => {
  const { id, link } = await ask();
  const publicUrl = new URL(link).origin;
  const session = (await owner.cookies(publicUrl)).map(({ name, value }) => `${name}=${value}`).join('; ');
  const opened = await fetch(`${processes[1]?.url}/connect/${id}`, { headers: { cookie: session }, redirect: 'manual' });
  oidc.account = 'ada';
  const callback = await oidc.consent(opened.headers.get('location') as string, `${publicUrl}/oauth/callback`);
  oidc.account = undefined;
  const { pathname, search } = callback;
  for (const { url } of processes) expect((await fetch(url + pathname + search)).status).toBe(403);
  for (const { url } of processes) expect((await fetch(url + pathname + search, { headers: { cookie: session } })).status).toBe(403);
  const headers = { cookie: `${session}; ${opened.headers.getSetCookie()[0]?.split(';')[0]}` };
  const answers = await Promise.all(processes.flatMap(({ url }) => [0, 1].map(() => fetch(url + pathname + search, { headers }))));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
  expect(await statusOf(id)).toEqual({ status: 'connected', integration: 'forge' });
  await send(0, 'DELETE', `/v1/connect/${id}`);
});

it('a narrow key’s link asks the person, who agrees, or declines', async () => {
  const narrow = await makeKey(['forge:read']);
  const agreed = await ask(narrow);
  const page = await owner.newPage();
  await page.goto(agreed.link);
  await page.getByRole('heading', { name: 'Connect Forge?' }).waitFor();
  const shown = await page.locator('main').innerText();
  for (const part of ['"Night agent"', narrow.slice(0, 11), 'forge:read', 'owner@skillett.invalid']) expect(shown).toContain(part);
  await page.getByRole('button', { name: 'Continue to Forge' }).click();
  expect(await answerProvider(page, 'Allow', 'ada')).toContain('Forge is connected');
  await page.getByRole('link', { name: 'See or disconnect it in the dashboard' }).click();
  await page.getByRole('button', { name: 'Manage "ada"' }).waitFor();
  expect(await statusOf(agreed.id)).toEqual({ status: 'connected', integration: 'forge' });

  const declined = await ask(narrow);
  await page.goto(declined.link);
  await page.getByText('Connected already: "ada" (the default).').waitFor();
  await page.getByRole('button', { name: 'Decline' }).click();
  await page.getByRole('heading', { name: 'Declined' }).waitFor();
  expect(await statusOf(declined.id)).toEqual({ status: 'error', integration: 'forge', reason: 'denied' });
  await send(0, 'DELETE', `/v1/connect/${agreed.id}`);
  await page.close();
});

it('two windows agree at two processes at once, and one of them connects', async () => {
  const { id, link } = await ask(await makeKey(['forge:read']));
  const cookies = (await owner.cookies(processes[0]?.url)).map(({ name, value }) => `${name}=${value}`).join('; ');
  const origin = new URL(link).origin;
  const agree = async (at: number) => {
    const answer = await fetch(`${processes[at]?.url}/connect/${id}`, {
      method: 'POST',
      headers: { cookie: cookies, origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'answer=agree',
    });
    const state = /state=([\w-]{43})/.exec(await answer.text())?.[1] as string;
    return { state, cookie: `${cookies}; ${answer.headers.getSetCookie()[0]?.split(';')[0]}` };
  };
  const agreed = await Promise.all([agree(0), agree(1)]);
  expect(agreed[0].state).not.toBe(agreed[1].state);
  const answers = await Promise.all(
    agreed.map(({ state, cookie }, at) =>
      fetch(`${processes[at]?.url}/oauth/callback?error=access_denied&state=${state}`, { headers: { cookie } }),
    ),
  );
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  expect(texts.filter((text) => text.includes('was declined'))).toHaveLength(1);
  expect(texts.filter((text) => text.includes('Nothing to finish here'))).toHaveLength(1);
});

it('no page met its own Content-Security-Policy', () => {
  expect(faults).toEqual([]);
});
