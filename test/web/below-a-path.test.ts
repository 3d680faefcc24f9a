/** Behind nginx as deploy/ has it, below a path of the host: everything is found where it says that it is. */
import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { Command } from '../processes/cli/command.ts';
import { readConfiguration, withNginx } from '../support/nginx.ts';
import { freePort } from '../support/port.ts';
import { openStand, ownerPassword, type Stand } from './stand.ts';

async function standBelow(configuration: string, path: string, use: (stand: Stand) => Promise<void>): Promise<void> {
  const ports = { listen: await freePort(), server: await freePort() };
  await withNginx(readConfiguration(configuration, ports), async () => {
    const url = `http://localhost:${ports.listen}${path}`;
    const stand = await openStand({ PORT: String(ports.server), PUBLIC_URL: url });
    try {
      await use(stand);
      expect(stand.faults).toEqual([]);
    } finally {
      await stand.close();
    }
  });
}

/** Signs in by the page that anything leads to, walks through the dashboard, calls an endpoint, and runs the playground. */
async function walk({ url, openWindow }: Stand): Promise<void> {
  const { page, context } = await openWindow();
  const asked: string[] = [];
  page.on('response', (response) => {
    if (response.status() >= 400 && response.status() !== 401) asked.push(`${response.status()} ${response.url()}`);
    if (!response.url().startsWith(`${url}/`)) asked.push(response.url());
  });
  await page.goto(`${url}/dashboard/integrations/sandbox`);
  await page.waitForURL(`${url}/sign-in?next=${encodeURIComponent('/dashboard/integrations/sandbox')}`);
  await page.getByLabel('E-mail address').fill('owner@skillett.invalid');
  await page.getByLabel('Password').fill(ownerPassword);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL(`${url}/dashboard/integrations/sandbox`);
  await page.getByRole('heading', { name: 'Sandbox', exact: true }).waitFor();
  expect(await page.locator('h1 img').evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  for (const [link, place] of [
    ['Integrations', '/dashboard/integrations'],
    ['API keys', '/dashboard/api-keys'],
    ['Calls', '/dashboard/calls'],
    ['Plan and limits', '/billing'],
    ['Settings', '/settings'],
    ['Operator', '/dashboard/operator'],
    ['Home', '/dashboard'],
  ] as const) {
    await page.getByRole('link', { name: link, exact: true }).first().click();
    await page.waitForURL(`${url}${place}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle');
  }
  await page.goto(`${url}/dashboard/integrations/sandbox?endpoint=list_notes`);
  await page.getByRole('button', { name: /^Run/ }).click();
  await page.getByText('200', { exact: false }).first().waitFor();
  await page.getByRole('link', { name: 'Playground' }).click();
  await page.waitForURL(`${url}/graphql`);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().postDataJSON()?.operationName === 'WhoAmI'),
    page.getByRole('button', { name: /^Execute query/ }).click(),
  ]);
  expect((await answer.json()).errors).toBeUndefined();
  await page.getByRole('link', { name: 'Skillett' }).first().click();
  await page.waitForURL(`${url}/dashboard`);
  await page.getByRole('button', { name: /Owner/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL(`${url}/sign-in`);
  expect(asked).toEqual([]);
  await context.close();
}

const json = async (address: string, init?: RequestInit) => (await fetch(address, init)).json();

/** As a client that knows only the address: what refuses it says where to go, and each address is asked as it is given. */
async function comeInByAddress({ url, openOwnerWindow }: Stand): Promise<void> {
  const refused = await fetch(`${url}/mcp/oauth`, { method: 'POST' });
  expect(refused.status).toBe(401);
  const metadata = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] as string;
  const { resource, authorization_servers } = await json(metadata);
  expect([resource, authorization_servers]).toEqual([`${url}/mcp/oauth`, [`${url}/mcp/oauth`]]);
  const { origin, pathname } = new URL(authorization_servers[0]);
  const server = await json(`${origin}/.well-known/oauth-authorization-server${pathname}`);
  expect(server.issuer).toBe(`${url}/mcp/oauth`);
  const redirect_uri = 'http://localhost:33418/callback';
  const { client_id } = await json(server.registration_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Client', redirect_uris: [redirect_uri] }),
  });
  const code_verifier = randomBytes(32).toString('base64url');
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url');
  const query = new URLSearchParams({ client_id, redirect_uri, response_type: 'code', code_challenge, code_challenge_method: 'S256' });
  const { page, context } = await openOwnerWindow();
  await page.goto(`${server.authorization_endpoint}?${query}`);
  const left = page.waitForRequest((request) => request.url().startsWith(redirect_uri));
  await page.getByRole('radio', { name: /^Everything/ }).check();
  await page.waitForTimeout(1_100);
  await page.getByRole('button', { name: 'Let it in' }).click();
  const code = new URL((await left).url()).searchParams.get('code') as string;
  await context.close();
  const body = new URLSearchParams({ grant_type: 'authorization_code', code, client_id, redirect_uri, code_verifier });
  const { access_token } = await json(server.token_endpoint, { method: 'POST', body });
  const listed = await json(resource, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${access_token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  });
  expect(listed.result.tools.map(({ name }: { name: string }) => name)).toEqual(['find', 'read', 'execute', 'connect']);
}

/** A key by curl, the device login in a browser, and the command line. */
async function useFromOutside({ url, key, openOwnerWindow }: Stand): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  expect((await json(`${url}/v1/sandbox/list_notes`, { method: 'POST', headers, body: '{"params":{}}' })).status).toBe(200);
  const { origin, pathname } = new URL(`${url}/auth`);
  const server = await json(`${origin}/.well-known/oauth-authorization-server${pathname}`);
  expect(server.issuer).toBe(`${url}/auth`);
  const started = await json(server.device_authorization_endpoint, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'Terminal' }),
  });
  expect(started.verification_uri).toBe(`${url}/device`);
  const { page, context } = await openOwnerWindow();
  await page.goto(started.verification_uri_complete);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await context.close();
  const command = new Command();
  const environment = { SKILLETT_URL: url, SKILLETT_API_KEY: key };
  const ran = await command.run(['run', 'sandbox', 'create_note', '--title', 'Hi', '--json'], { env: environment });
  expect([ran.code, JSON.parse(ran.stdout).status], ran.stderr).toEqual([0, 201]);
  command.remove();
}

it('below a path, people, agents, clients and the command line come in', async () => {
  await standBelow('nginx-below-a-path.conf', '/skillett', async (stand) => {
    await walk(stand);
    await comeInByAddress(stand);
    await useFromOutside(stand);
    // Beside it is another thing of that host.
    const origin = new URL(stand.url).origin;
    for (const path of ['/', '/dashboard', '/v1/skills', '/.well-known/oauth-protected-resource/mcp/oauth'])
      expect([path, (await fetch(origin + path)).headers.get('server')?.startsWith('nginx')]).toEqual([path, true]);
    expect((await fetch(`${origin}/dashboard`)).status).toBe(404);
  });
}, 180_000);

it('at a host of its own they do too', async () => {
  await standBelow('nginx.conf', '', async (stand) => {
    await walk(stand);
    await comeInByAddress(stand);
    await useFromOutside(stand);
  });
}, 180_000);
