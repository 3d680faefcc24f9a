/** Takes a picture of every page, light and dark, wide and as on a phone, into `screenshots/`. Run with `npm run screenshots`. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import buildDashboard from '../test/web/build-dashboard.ts';
import { openStand, type Stand } from '../test/web/stand.ts';

interface Shot {
  name: string;
  path: string;
  /** Without a session. */
  stranger?: boolean;
  /** What is pressed or typed before. */
  prepare?: (page: Page) => Promise<void>;
}

const folder = path.resolve(import.meta.dirname, '../screenshots');
const looks = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
  { name: 'phone-dark', colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const;

const only = process.argv[2];

await buildDashboard();
const stand = await openStand();
try {
  const userCode = await makeUseOf(stand);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const { name, ...options } of looks) {
    const owner = await stand.openOwnerWindow(options);
    const stranger = await stand.openWindow(options);
    for (const shot of listShots(userCode)) {
      if (only !== undefined && !shot.name.includes(only)) continue;
      await take(shot.stranger ? stranger.page : owner.page, shot, path.join(folder, `${shot.name}-${name}.png`));
    }
    await owner.context.close();
    await stranger.context.close();
  }
} finally {
  await stand.close();
}
for (const fault of stand.faults) console.error(`A page wrote an error: ${fault}`);
console.log(`The pictures are in ${folder}.`);

function listShots(userCode: string): Shot[] {
  const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();
  return [
    { name: 'sign-in', path: '/sign-in', stranger: true },
    { name: 'sign-in-error', path: '/sign-in?error=link_invalid', stranger: true },
    { name: 'sign-up', path: '/sign-up?invitation=x&email=guest@example.org', stranger: true },
    { name: 'home', path: '/dashboard' },
    { name: 'home-table', path: '/dashboard', prepare: press('Show as table') },
    { name: 'integrations', path: '/dashboard/integrations' },
    { name: 'integrations-nothing', path: '/dashboard/integrations?search=qqqq' },
    { name: 'connect-consent', path: '/dashboard/integrations', prepare: press('Connect another account of Sandbox') },
    { name: 'connect-credential', path: '/dashboard/integrations', prepare: press('Connect GitHub') },
    { name: 'integration', path: '/dashboard/integrations/sandbox' },
    { name: 'endpoint', path: '/dashboard/integrations/sandbox?endpoint=create_note', prepare: runExample },
    { name: 'endpoint-large', path: '/dashboard/integrations/github?endpoint=create_issue' },
    { name: 'endpoint-documentation', path: '/dashboard/integrations/github?endpoint=create_issue', prepare: openDocumentation },
    { name: 'api-keys', path: '/dashboard/api-keys' },
    { name: 'new-key', path: '/dashboard/api-keys', prepare: press('Make a key') },
    { name: 'new-key-shown', path: '/dashboard/api-keys', prepare: makeKey },
    { name: 'calls', path: '/dashboard/calls' },
    { name: 'call', path: '/dashboard/calls?outcome=refused', prepare: press(/^Details/) },
    { name: 'device', path: `/device?user_code=${userCode}` },
    { name: 'device-decide', path: '/device', prepare: lookUpDevice },
    { name: 'billing', path: '/billing' },
    { name: 'settings', path: '/settings' },
    { name: 'operator-users', path: '/dashboard/operator' },
    { name: 'operator-limits', path: '/dashboard/operator', prepare: openLimits },
    { name: 'operator-invitations', path: '/dashboard/operator?tab=invitations' },
    { name: 'operator-oauth', path: '/dashboard/operator?tab=oauth' },
    { name: 'operator-keys', path: '/dashboard/operator?tab=keys' },
    { name: 'menu', path: '/dashboard', prepare: press(/appearance and sign-out/) },
    { name: 'not-found', path: '/dashboard/nowhere' },
  ];
}

async function runExample(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Fill in the example' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('Succeeded').waitFor();
}

async function makeKey(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Make a key' }).first().click();
  await page.getByLabel('Name', { exact: true }).fill('Pictured agent');
  await page.getByRole('checkbox', { name: /^Sandbox/ }).click();
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByText('the only time the key is shown').waitFor();
}

/** With a code of its own for every look, because a code stays with the session that looked it up. */
async function lookUpDevice(page: Page): Promise<void> {
  await page.getByLabel('Code').fill(await startDevice());
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Do not approve a code').waitFor();
}

async function startDevice(): Promise<string> {
  const body = new URLSearchParams({ client_id: 'Kitchen terminal', scope: 'sandbox github:read' });
  const answer = await fetch(`${stand.url}/auth/device/code`, { method: 'POST', body });
  return ((await answer.json()) as { user_code: string }).user_code;
}

async function openDocumentation(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'Documentation' }).click();
}

async function openLimits(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /^Manage/ })
    .first()
    .click();
  await page.getByRole('menuitem', { name: 'Plan and limits' }).click();
}

async function take(page: Page, shot: Shot, file: string): Promise<void> {
  await page.goto(stand.url + shot.path);
  await page.waitForLoadState('networkidle');
  await shot.prepare?.(page);
  await page.waitForTimeout(300);
  await page.screenshot({
    path: file,
    fullPage: shot.prepare === undefined || shot.name.startsWith('endpoint') || shot.name === 'home-table',
  });
}

/** Some calls of every outcome, an invitation, and a device that asks; returns its code. */
async function makeUseOf({ url, key, graphql, openOwnerWindow }: Stand): Promise<string> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const call = (endpoint: string, params: object) =>
    fetch(`${url}/v1/${endpoint}`, { method: 'POST', headers, body: JSON.stringify({ params }) });
  for (let count = 0; count < 12; count += 1) await call('sandbox/list_notes', {});
  await call('sandbox/get_note', { id: 999 });
  await call('sandbox/get_note', { id: 'x' });
  await call('github/list_issues', {});
  await graphql('mutation { createApiKey(name: "Coding agent", scopes: ["github:read", "sandbox"]) { apiKey { id } } }');
  const { context, page } = await openOwnerWindow();
  await page.goto(`${url}/dashboard/operator?tab=invitations`);
  await page.getByLabel('E-mail address of the guest').fill('guest@example.org');
  await page.getByRole('button', { name: 'Make an invitation' }).click();
  await page.getByRole('dialog').waitFor();
  await context.close();
  return startDevice();
}
