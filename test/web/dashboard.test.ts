/**
 * The dashboard as a person walks through it in a browser. The file is long because the walk is one: what a page shows was made on
 * the page before, by one browser in front of one server.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Upstream } from '../support/upstream.ts';
import { openStand, ownerPassword, type Stand, watchGraphql } from './stand.ts';

let stand: Stand;
let context: BrowserContext;
let page: Page;
let notion: Upstream;

beforeAll(async () => {
  notion = await Upstream.start();
  stand = await openStand({ SKILLETT_NOTION_BASE_URL: notion.origin });
}, 120_000);
afterAll(async () => {
  await stand.close();
  await notion.close();
});
afterEach(async () => {
  await context.close();
  // Among them what the Content-Security-Policy refused.
  expect(stand.faults.splice(0)).toEqual([]);
});

async function open(path: string): Promise<void> {
  await page.goto(stand.url + path);
}

async function run(command: string): Promise<string> {
  return (await promisify(execFile)('sh', ['-c', command], { env: { ...process.env, SKILLETT_API_KEY: stand.key } })).stdout;
}

describe('a stranger', () => {
  beforeEach(async () => {
    ({ context, page } = await stand.openWindow());
  });

  it('is led to the sign-in, and after it to the page that was asked for', async () => {
    await open('/dashboard/calls?outcome=refused');
    await page.waitForURL('**/sign-in?next=*');
    await page.getByLabel('E-mail address').fill('owner@skillett.invalid');
    await page.getByLabel('Password').fill('not the password at all');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('No account has this address with this password').waitFor();
    await page.getByLabel('Password').fill(ownerPassword);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL('**/dashboard/calls?outcome=refused');
    await page.getByRole('heading', { name: 'Calls', level: 1 }).waitFor();
  });

  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/.//evil.example/',
    '/a/..//evil.example/',
    'javascript:alert(1)',
  ])('is not led to %s by a sign-in', async (next) => {
    await open(`/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByLabel('E-mail address').fill('owner@skillett.invalid');
    await page.getByLabel('Password').fill(ownerPassword);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(`${stand.url}/dashboard`);
  });

  it('reads why a sign-in link does not work', async () => {
    await open('/api/auth/link?token=unknown');
    await page.waitForURL('**/sign-in?error=*');
    expect(await page.getByRole('alert').innerText()).toContain('was used already, has expired');
  });
});

describe('the owner', () => {
  beforeEach(async () => {
    ({ context, page } = await stand.openOwnerWindow());
  });

  it('sees usage, calls per day as bars and as a table, and failures with their remedy, for one GraphQL request', async () => {
    await fetch(`${stand.url}/v1/github/list_issues`, { method: 'POST', headers: { authorization: `Bearer ${stand.key}` } });
    const sent = watchGraphql(page);
    await open('/dashboard');
    await page.getByText('integration_not_connected').waitFor();
    await page.waitForLoadState('networkidle');
    expect(sent).toHaveLength(1);
    const scriptBytes = await page.evaluate(() =>
      (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
        .filter(({ name }) => name.endsWith('.js'))
        .reduce((total, { encodedBodySize }) => total + encodedBodySize, 0),
    );
    expect(scriptBytes).toBeGreaterThan(10_000);
    expect(scriptBytes).toBeLessThan(150_000);
    const table = page.getByRole('table', { name: 'Calls per day' });
    expect(await table.count()).toBe(0);
    await page.getByRole('button', { name: 'Show as table' }).click();
    expect(await table.getByRole('row').count()).toBe(15);
    expect(sent).toHaveLength(1);
    await page.getByRole('link', { name: 'Connect github' }).click();
    await page.waitForURL('**/dashboard/integrations/github');
  });

  it('connects an account of the sandbox by its consent page, and disconnecting says what happened', async () => {
    await open('/dashboard/integrations?search=notes');
    await page.getByRole('button', { name: 'Connect another account of Sandbox' }).click();
    const dialog = page.getByRole('dialog', { name: 'Connect Sandbox' });
    const consentPage = context.waitForEvent('page');
    await dialog.getByRole('button', { name: 'Continue to Sandbox' }).click();
    const consent = await consentPage;
    await dialog.getByText('Waiting for your consent').waitFor();
    await consent.getByLabel('Account to connect').fill('second');
    await consent.getByRole('button', { name: 'Allow' }).click();
    await consent.getByText('Sandbox is connected').waitFor();
    expect(await consent.getByRole('link', { name: 'See or disconnect it in the dashboard' }).getAttribute('href')).toBe(
      `${stand.url}/dashboard/integrations/sandbox`,
    );
    await consent.close();
    await dialog.waitFor({ state: 'detached' });
    const row = page.getByRole('row', { name: /second/ });
    await row.getByText('Working').waitFor();
    await row.getByRole('button', { name: 'Manage "second"' }).click();
    await page.getByRole('menuitem', { name: 'Disconnect' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disconnect' }).click();
    await page.getByText('the service has ended it too').waitFor();
    await row.waitFor({ state: 'detached' });
  });

  it('adds the scope that a call lacked, by the link of the refusal', async () => {
    const rest = async (path: string, body: object): Promise<Record<string, string>> => {
      const headers = { authorization: `Bearer ${stand.key}`, 'content-type': 'application/json' };
      return (await fetch(stand.url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json() as never;
    };
    const { oauth_url } = await rest('/v1/connect', { integration: 'sandbox', scopes: ['notes:read'], account: 'narrow' });
    await page.goto(oauth_url as string);
    await page.getByLabel('Account to connect').fill('narrow');
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('Sandbox is connected').waitFor();
    const write = { params: { title: 'Hello', text: 'There' }, account: 'narrow' };
    const refused = await rest('/v1/sandbox/create_note', write);
    expect(refused.error).toBe('consent_required');

    await page.goto(refused.action_url as string);
    const dialog = page.getByRole('dialog', { name: 'Reconnect "narrow" of Sandbox' });
    await dialog.getByText('notes:write').waitFor();
    const consentPage = context.waitForEvent('page');
    await dialog.getByRole('button', { name: 'Continue to Sandbox' }).click();
    const consent = await consentPage;
    await consent.getByLabel('Account to connect').fill('narrow');
    await consent.getByRole('button', { name: 'Allow' }).click();
    await consent.getByText('Sandbox is connected').waitFor();
    await dialog.waitFor({ state: 'detached' });
    expect((await rest('/v1/sandbox/create_note', write)).status).toBe(201);
    expect(new URL(page.url()).search).toBe('');
  });

  it('reads that a consent was declined', async () => {
    await open('/dashboard/integrations/sandbox');
    await page.getByRole('button', { name: 'Connect another account' }).click();
    const consentPage = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Continue to Sandbox' }).click();
    await (await consentPage).getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('dialog').getByText('It was declined, so nothing was connected.').waitFor();
  });

  it('connects by a credential, which the service is asked about first', async () => {
    notion.play = ({ headers }, response) => {
      const good = headers.authorization === 'Bearer ntn_good';
      response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' });
      response.end(good ? '{"id":"bot-1","name":"Planning","bot":{}}' : '{"code":"unauthorized"}');
    };
    await open('/dashboard/integrations/notion');
    await page.getByRole('button', { name: 'Connect an account' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Connect Notion' });
    const token = dialog.getByRole('textbox', { name: 'Token' });
    // Refused before anything is sent: the fault stands at its field.
    await token.fill('a token with \u00e9');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await dialog.getByText('holds characters that cannot be sent in a header').first().waitFor();
    expect(notion.received).toHaveLength(0);
    await token.fill('ntn_bad');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await dialog.getByText('refused the credential').waitFor();
    await token.fill('ntn_good');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await page.getByText('Notion is connected').waitFor();
    await page
      .getByRole('row', { name: /Planning/ })
      .getByText('Working')
      .waitFor();
    // What was given stays nowhere in the browser.
    expect(await page.evaluate(() => JSON.stringify([sessionStorage, localStorage]) + document.body.innerHTML)).not.toContain('ntn_');
  });

  it('runs an endpoint from a form, sees faults at their parameters, and gets the same call for elsewhere', async () => {
    await open('/dashboard/integrations/sandbox?endpoint=create_note');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('alert').getByText('do not fit').waitFor();
    expect(await page.getByLabel('title', { exact: true }).getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('title', { exact: true }).fill("It's a “note” for $HOME");
    await page.getByRole('button', { name: 'Show 2 optional parameters' }).click();
    await page.getByLabel('tags (optional)').fill('one\ntwo');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    const answer = page.getByRole('region', { name: 'the answer' });
    await page.getByText('Succeeded · 201').waitFor();
    expect(JSON.parse(await answer.innerText())).toMatchObject({ title: "It's a “note” for $HOME", tags: ['one', 'two'] });

    const withCurl = page.getByRole('region', { name: 'the call with curl' });
    await page.locator('[aria-busy="false"]', { has: withCurl }).waitFor();
    const curl = await withCurl.innerText();
    expect(JSON.parse(await run(`curl -s ${curl.slice('curl '.length)}`))).toMatchObject({
      status: 201,
      data: { title: "It's a “note” for $HOME", tags: ['one', 'two'] },
    });
    await page.getByRole('tab', { name: 'GraphQL' }).click();
    const query = await page.getByRole('region', { name: 'the call in GraphQL' }).innerText();
    expect(await stand.graphql(query)).toMatchObject({
      execute: { status: 201, data: { title: "It's a “note” for $HOME", tags: ['one', 'two'] } },
    });
    await page.getByRole('tab', { name: 'MCP' }).click();
    expect(JSON.parse(await page.getByRole('region', { name: 'the call over MCP' }).innerText())).toEqual({
      name: 'execute',
      arguments: { endpoint: 'sandbox.create_note', params: { title: "It's a “note” for $HOME", tags: ['one', 'two'] } },
    });
    await page.getByRole('tab', { name: 'Documentation' }).click();
    await page.getByRole('heading', { name: 'Failures and what to do' }).waitFor();
  });

  it('is asked before something that cannot be undone, and sees a failure of the service as such', async () => {
    await open('/dashboard/integrations/sandbox?endpoint=delete_note');
    await page.getByLabel('id', { exact: true }).fill('x');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText('This must be a number').waitFor();
    await page.getByLabel('id', { exact: true }).fill('999999');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('cannot be undone').waitFor();
    await dialog.getByRole('button', { name: 'Run it' }).click();
    await page.getByText('The service said no · 404').waitFor();
  });

  it('saves an answer that is a file, and stops waiting for one that takes long', async () => {
    await open('/dashboard/integrations/sandbox?endpoint=get_image');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the file' }).click();
    const saved = await readFile(await (await download).path());
    expect(saved.subarray(1, 4).toString('ascii')).toBe('PNG');
    await open('/dashboard/integrations/sandbox?endpoint=wait');
    await page.getByLabel(/^milliseconds/).fill('20000');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText(/Running, \d+ s so far/).waitFor();
    await page.getByRole('button', { name: 'Stop waiting' }).click();
    await page.getByText('Running').waitFor({ state: 'detached' });
    expect(await page.getByRole('button', { name: 'Run', exact: true }).getAttribute('aria-disabled')).toBeNull();
  });

  it('sees on a phone what a long form lacks, although its place is out of sight', async () => {
    await context.close();
    ({ context, page } = await stand.openOwnerWindow({ viewport: { width: 390, height: 844 } }));
    await open('/dashboard/api-keys');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const form = page.getByRole('dialog', { name: 'Make an API key' });
    await form.getByLabel('Name').fill('Phone');
    const make = form.getByRole('button', { name: 'Make the key' });
    await make.click();
    const fault = form.getByRole('alert');
    await fault.waitFor();
    await expect
      .poll(async () => {
        const [top, edge] = [await fault.boundingBox(), await make.boundingBox()];
        return top !== null && edge !== null && top.y > 0 && top.y + top.height <= edge.y;
      })
      .toBe(true);
  });

  it('makes a key with few scopes, sees it once, copies it, sees its last use, and revokes it', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stand.url });
    await open('/dashboard/api-keys');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const form = page.getByRole('dialog', { name: 'Make an API key' });
    await form.getByLabel('Name').fill('Reading agent');
    await form.getByRole('button', { name: 'Make the key' }).click();
    await form.getByText('Tick at least one thing').waitFor();
    await form.getByLabel('Only read from Sandbox').click();
    await form.getByRole('button', { name: 'Make the key' }).click();
    const shown = page.getByRole('dialog', { name: '"Reading agent" is ready' });
    const key = await shown.getByLabel('API key').inputValue();
    await shown.getByRole('button', { name: 'Copy the key' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);
    const mcp = await fetch((await shown.getByText('/mcp', { exact: false }).last().textContent()) as string, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    const tools = (await mcp.json()).result.tools.map(({ name }: { name: string }) => name);
    expect(tools).toEqual(['find', 'read', 'connect']);
    await page.keyboard.press('Escape');
    expect(await shown.isVisible()).toBe(true);
    await shown.getByRole('button', { name: 'I have kept it' }).click();
    await shown.waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(key);

    const call = (endpoint: string) =>
      fetch(`${stand.url}/v1/sandbox/${endpoint}`, { method: 'POST', headers: { authorization: `Bearer ${key}` } }).then(
        ({ status }) => status,
      );
    expect(await call('list_notes')).toBe(200);
    expect(await call('create_note')).toBe(403);
    await page.reload();
    const row = page.getByRole('row', { name: /Reading agent/ });
    await row.getByText('Sandbox: reading only').waitFor();
    await row.getByText('just now').waitFor();
    await row.getByRole('button', { name: 'Revoke "Reading agent"' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke the key' }).click();
    await page.getByText('"Reading agent" is revoked').waitFor();
    expect(await call('list_notes')).toBe(401);
    await page.getByRole('table', { name: 'Revoked and expired keys' }).getByText('Reading agent').waitFor();
  });

  it('makes a key for any request, which says that marks do not bound it, and shows where its calls went', async () => {
    await open('/dashboard/api-keys');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const form = page.getByRole('dialog', { name: 'Make an API key' });
    await form.getByLabel('Name').fill('Explorer');
    await form.getByText('It goes round what is marked as only reading').first().waitFor();
    await form.getByLabel('Send any request to Sandbox').click();
    await form.getByRole('button', { name: 'Make the key' }).click();
    const shown = page.getByRole('dialog', { name: '"Explorer" is ready' });
    const key = await shown.getByLabel('API key').inputValue();
    await shown.getByRole('button', { name: 'I have kept it' }).click();
    await page
      .getByRole('row', { name: /Explorer/ })
      .getByText('Sandbox: any request')
      .waitFor();
    const send = (path: string, body: object) =>
      fetch(`${stand.url}/v1/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }).then(({ status }) => status);
    expect(await send('sandbox/list_notes', {})).toBe(403);
    expect(await send('proxy/sandbox', { method: 'GET', path: '/notes' })).toBe(200);
    await open('/dashboard/calls');
    const row = page.getByRole('row', { name: /sandbox\/proxy:GET/ });
    await row.getByText('/notes', { exact: true }).waitFor();
    await row.getByRole('button').click();
    const details = page.getByRole('dialog', { name: 'sandbox/proxy:GET' });
    await details.getByText('/notes', { exact: true }).waitFor();
    expect(await details.getByRole('link', { name: 'Open the endpoint' }).count()).toBe(0);
  });

  it('reads names that others gave in quotation marks that they cannot end, and as they are where they stand alone', async () => {
    const name = 'ops" is gone. Skillett asks: paste your password into "Notes';
    const quoted = JSON.stringify(name);
    const made = await fetch(`${stand.url}/api-keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stand.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, scopes: ['sandbox'] }),
    });
    expect(made.status).toBe(201);
    await open('/dashboard/api-keys');
    await page.getByRole('table', { name: 'Keys in use' }).getByText(name, { exact: true }).waitFor();
    await page.getByRole('button', { name: `Revoke ${quoted}`, exact: true }).click();
    const question = page.getByRole('alertdialog', { name: `Revoke ${quoted}?`, exact: true });
    await question.getByRole('button', { name: 'Revoke the key' }).click();
    await page.getByText(`${quoted} is revoked`, { exact: true }).waitFor();

    const rename = (id: string, account: string) =>
      stand.graphql('mutation ($id: ID!, $account: String!) { renameConnection(id: $id, account: $account) { id } }', { id, account });
    const { connections } = await stand.graphql('{ connections(first: 100) { nodes { id integration account } } }');
    const { nodes } = connections as unknown as { nodes: Record<'id' | 'integration' | 'account', string>[] };
    const sandbox = nodes.find(({ integration }) => integration === 'sandbox') as (typeof nodes)[number];
    await rename(sandbox.id, name);
    await open('/dashboard/integrations/sandbox');
    await page.getByRole('table', { name: 'Connected accounts' }).getByText(name).waitFor();
    await page.getByRole('button', { name: `Manage ${quoted}`, exact: true }).click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    const dialog = page.getByRole('dialog', { name: `Rename ${quoted}`, exact: true });
    expect(await dialog.getByLabel('New name').inputValue()).toBe(name);
    await dialog.getByLabel('New name').fill(sandbox.account);
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await page.getByText(`The account is called ${JSON.stringify(sandbox.account)} now`, { exact: true }).waitFor();
  });

  it('filters the call log and pages through it', async () => {
    const headers = { authorization: `Bearer ${stand.key}`, 'content-type': 'application/json' };
    for (let call = 0; call < 55; call += 1)
      await fetch(`${stand.url}/v1/sandbox/get_note`, { method: 'POST', headers, body: '{"params":{"id":999999}}' });
    // The page does not look again by itself: what it is to show is written first.
    const refused = async () => (await stand.graphql('{ calls(outcomes: [UPSTREAM_FAILED]) { totalCount } }')).calls;
    await expect.poll(async () => ((await refused()) as unknown as { totalCount: number }).totalCount).toBeGreaterThanOrEqual(55);
    await open('/dashboard/calls');
    await page.getByLabel('Outcome').click();
    await page.getByRole('option', { name: 'Service said no' }).click();
    await page.waitForURL('**/dashboard/calls?outcome=upstream_failed');
    const rows = page.getByRole('row', { name: /sandbox\/get_note/ });
    await expect.poll(() => rows.count()).toBe(50);
    await page.getByRole('button', { name: 'Show older calls' }).click();
    await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(55);
    await rows.first().getByRole('button').click();
    await page.getByRole('dialog').getByText('Parameters given').waitFor();
  });

  it('finds what was typed again when the session ended meanwhile', async () => {
    await open('/dashboard/integrations/sandbox?endpoint=get_note');
    await page.getByLabel('id', { exact: true }).fill('4711');
    await context.clearCookies();
    // A page that is opened anew leads to the sign-in page and back, and this tab kept the form.
    await page.reload();
    await page.waitForURL('**/sign-in?next=*');
    await page.getByLabel('E-mail address').fill('owner@skillett.invalid');
    await page.getByLabel('Password').fill(ownerPassword);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL('**/dashboard/integrations/sandbox?endpoint=get_note');
    expect(await page.getByLabel('id', { exact: true }).inputValue()).toBe('4711');
  });

  it('signs in over the page when the session ended meanwhile, and goes on with what was typed, secrets too', async () => {
    const signedOut = page.getByRole('dialog', { name: 'You are signed out' });
    const signInAgain = async () => {
      await signedOut.getByLabel('Password').fill('not the password');
      await signedOut.getByRole('button', { name: 'Sign in', exact: true }).click();
      await signedOut.getByText('No account has this address with this password').waitFor();
      await signedOut.getByLabel('Password').fill(ownerPassword);
      await signedOut.getByRole('button', { name: 'Sign in', exact: true }).click();
      await signedOut.waitFor({ state: 'hidden' });
    };
    await open('/settings');
    const profile = page.getByLabel('Name', { exact: true });
    const before = await profile.inputValue();
    await profile.fill('Typed before');
    await context.clearCookies();
    await page.getByRole('button', { name: 'Save the profile' }).click();
    await signInAgain();
    await page.getByRole('alert').getByText('You were signed out, so nothing was done').waitFor();
    expect(await profile.inputValue()).toBe('Typed before');
    await profile.fill(before);
    await page.getByRole('button', { name: 'Save the profile' }).click();
    await page.getByText('Your profile is saved').waitFor();

    await open('/dashboard/integrations');
    await page.getByRole('button', { name: /^Connect .*Notion$/ }).click();
    const connect = page.getByRole('dialog', { name: 'Connect Notion' });
    await connect.getByRole('textbox', { name: 'Token' }).fill('ntn_typed');
    await context.clearCookies();
    await connect.getByRole('button', { name: 'Connect', exact: true }).click();
    await signedOut.waitFor();
    // The key is meant for the upper dialog, which stays; the lower one must stay too.
    await page.keyboard.press('Escape');
    await signInAgain();
    expect(await connect.getByRole('textbox', { name: 'Token' }).inputValue()).toBe('ntn_typed');
  });

  it('goes on by itself where its person signed in in another tab, and begins anew for anybody else', async () => {
    await open('/settings');
    await page.getByLabel('Name', { exact: true }).fill('Typed before');
    const cookies = await context.cookies();
    await context.clearCookies();
    await page.getByRole('button', { name: 'Save the profile' }).click();
    const signedOut = page.getByRole('dialog', { name: 'You are signed out' });
    await signedOut.waitFor();
    await context.addCookies(cookies);
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await signedOut.waitFor({ state: 'hidden' });
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed before');

    await context.clearCookies();
    await page.getByRole('button', { name: 'Save the profile' }).click();
    await signedOut.waitFor();
    await page.route('**/api/auth/get-session', (route) => route.fulfill({ json: { user: { email: 'somebody@example.org' } } }));
    await page.evaluate(() => {
      sessionStorage.setItem('draft:new-key', '{}');
      dispatchEvent(new Event('focus'));
    });
    await page.waitForURL('**/sign-in?next=%2Fdashboard');
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it('reads that the network is gone, and goes on when it is back', async () => {
    await open('/dashboard');
    await page.getByText('Calls today').waitFor();
    await page.getByRole('link', { name: 'Plan and limits' }).click();
    await page.getByRole('heading', { name: 'Limits', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Name').waitFor();
    await context.setOffline(true);
    await page.getByLabel('Name').fill('The owner');
    await page.getByRole('button', { name: 'Save the profile' }).click();
    await page.getByRole('alert').getByText('The server cannot be reached').waitFor();
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Save the profile' }).click();
    await page.getByText('Your profile is saved').waitFor();
    await page
      .getByRole('button', { name: /appearance and sign-out/ })
      .getByText('The owner')
      .waitFor();
  });

  it('is told that a page could not be loaded, and still gets to others', async () => {
    await open('/settings');
    await page.getByLabel('Name').waitFor();
    await context.route('**/assets/billing-*', (route) => route.abort());
    await page.getByRole('link', { name: 'Plan and limits' }).click();
    await page.getByText('This page could not be shown').waitFor();
    await page.getByRole('link', { name: 'Home', exact: true }).click();
    await page.getByText('Calls today').waitFor();
    // The browser's own word for it, and React's.
    expect(stand.faults.splice(0).join()).toContain('billing');
  });

  it('chooses light or dark, which stays after a reload', async () => {
    await open('/settings');
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByLabel('Colours').click();
    await page.getByRole('option', { name: 'Dark' }).click();
    await expect.poll(ground).not.toBe(light);
    const dark = await ground();
    await page.reload();
    await page.getByLabel('Colours').waitFor();
    expect(await ground()).toBe(dark);
  });

  it('signs other sessions out, and every one', async () => {
    const other = await stand.openWindow();
    await other.page.goto(`${stand.url}/sign-in`);
    await other.page.getByLabel('E-mail address').fill('owner@skillett.invalid');
    await other.page.getByLabel('Password').fill(ownerPassword);
    await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await other.page.getByText('Calls today').waitFor();
    await other.page.goto(`${stand.url}/settings`);
    const sessions = other.page.getByRole('table', { name: 'Your sessions' });
    await sessions
      .getByRole('button', { name: /^Sign out/ })
      .first()
      .waitFor();
    const before = await sessions.getByRole('row').count();
    await sessions
      .getByRole('button', { name: /^Sign out/ })
      .last()
      .click();
    await expect.poll(() => sessions.getByRole('row').count()).toBe(before - 1);
    await other.page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await other.page.getByRole('alertdialog').getByRole('button', { name: 'Sign out everywhere' }).click();
    await other.page.waitForURL('**/sign-in');
    await open('/dashboard');
    await page.waitForURL('**/sign-in?next=*');
    await other.context.close();
  });
});
