import AxeBuilder from '@axe-core/playwright';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStand, ownerPassword, type Stand, tabTo } from './stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await openStand();
  const headers = { authorization: `Bearer ${stand.key}`, 'content-type': 'application/json' };
  for (const [endpoint, body] of [
    ['list_notes', '{}'],
    ['get_note', '{"params":{"id":999}}'],
    ['get_note', '{"params":{"id":"x"}}'],
  ])
    await fetch(`${stand.url}/v1/sandbox/${endpoint}`, { method: 'POST', headers, body: body as string });
}, 120_000);
afterAll(() => stand.close());

const pages = [
  '/dashboard',
  '/dashboard/integrations',
  '/dashboard/integrations/sandbox',
  '/dashboard/integrations/sandbox?endpoint=create_note',
  '/dashboard/api-keys',
  '/dashboard/calls',
  '/device?user_code=BCDF-GHJK',
  '/billing',
  '/settings',
  '/dashboard/operator',
  '/dashboard/operator?tab=invitations',
  '/dashboard/operator?tab=oauth',
  '/dashboard/operator?tab=keys',
  '/dashboard/nothing-here',
];
const openPages = ['/sign-in', '/sign-in?error=link_invalid', '/sign-up'];

/** Serious and critical faults in a sentence each. */
async function findFaults(page: Page): Promise<string[]> {
  const { violations, passes } = await new AxeBuilder({ page }).analyze();
  // With nothing checked, nothing would be found.
  expect(passes.length).toBeGreaterThan(10);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(stand.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForFunction(() => document.querySelector('.loading') === null);
}

describe.each([
  { colorScheme: 'light', width: 1200 },
  { colorScheme: 'dark', width: 360 },
] as const)('$colorScheme, $width wide', ({ colorScheme, width }) => {
  let owner: { context: BrowserContext; page: Page };
  let stranger: { context: BrowserContext; page: Page };
  beforeAll(async () => {
    const options = { colorScheme, viewport: { width, height: 800 } };
    owner = await stand.openOwnerWindow(options);
    stranger = await stand.openWindow(options);
  });
  afterAll(async () => {
    await owner.context.close();
    await stranger.context.close();
  });

  it.each([...pages.map((path) => [path, true] as const), ...openPages.map((path) => [path, false] as const)])(
    '%s has no serious fault and does not scroll sideways',
    async (path, signedIn) => {
      const { page } = signedIn ? owner : stranger;
      await open(page, path);
      expect(await findFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    },
  );

  it('has none in dialogs and menus either', async () => {
    const { page } = owner;
    await open(page, '/dashboard/api-keys');
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Choose single endpoints of Sandbox' }).click();
    await page.getByText('list_notes').waitFor();
    expect(await findFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /appearance and sign-out/ }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).waitFor();
    expect(await findFaults(page)).toEqual([]);
  });

  it('has none where the session has ended over an open dialog', async () => {
    const { page, context } = owner;
    const cookies = await context.cookies();
    await open(page, '/dashboard/api-keys');
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Never made');
    await page.getByRole('checkbox', { name: /^Sandbox/ }).click();
    await context.clearCookies();
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByRole('dialog', { name: 'You are signed out' }).waitFor();
    expect(await findFaults(page)).toEqual([]);
    await context.addCookies(cookies);
  });
});

it('axe finds a fault where there is one', async () => {
  const { context, page } = await stand.openWindow();
  await open(page, '/sign-in');
  await page.evaluate(() => document.querySelector('label')?.remove());
  expect((await findFaults(page)).length).toBeGreaterThan(0);
  await context.close();
});

describe('by keyboard alone', () => {
  it('one signs in, makes a key, runs an endpoint and revokes the key', async () => {
    const { context, page } = await stand.openWindow();
    await open(page, '/sign-in?next=/dashboard/api-keys');
    await tabTo(page, 'textbox', 'E-mail address');
    await page.keyboard.type('owner@skillett.invalid');
    await page.keyboard.press('Tab');
    await page.keyboard.type(ownerPassword);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'API keys', level: 1 }).waitFor();

    await tabTo(page, 'button', 'Make a key');
    await page.keyboard.press('Enter');
    await tabTo(page, 'textbox', 'Name');
    await page.keyboard.type('By keyboard');
    await tabTo(page, 'checkbox', /^Sandbox/);
    await page.keyboard.press('Space');
    await tabTo(page, 'combobox', 'It works');
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: '7 days' }).waitFor();
    await page.keyboard.type('7');
    await page.keyboard.press('Enter');
    await tabTo(page, 'button', 'Make the key');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: '"By keyboard" is ready' }).waitFor();
    await tabTo(page, 'button', 'I have kept it');
    await page.keyboard.press('Enter');
    const row = page.getByRole('row', { name: /By keyboard/ });
    await row.getByText('in 6 days').waitFor();

    await tabTo(page, 'link', 'Integrations');
    await page.keyboard.press('Enter');
    const sandbox = page.getByRole('link', { name: 'Sandbox' });
    await sandbox.first().waitFor();
    await tabTo(page, 'link', 'Sandbox');
    await page.keyboard.press('Enter');
    await tabTo(page, 'link', 'list_notes');
    await page.keyboard.press('Enter');
    await tabTo(page, 'button', 'Run');
    await page.keyboard.press('Enter');
    await page.getByText('Succeeded · 200').waitFor();

    await page.goBack();
    await page.goBack();
    await page.goBack();
    await tabTo(page, 'button', 'Revoke "By keyboard"');
    await page.keyboard.press('Enter');
    await tabTo(page, 'button', 'Revoke the key');
    await page.keyboard.press('Enter');
    await page.getByText('"By keyboard" is revoked').waitFor();
    await context.close();
  });

  it('what has the focus shows it', async () => {
    const { context, page } = await stand.openOwnerWindow();
    await open(page, '/dashboard');
    const unseen: string[] = [];
    for (let stop = 0; stop < 15; stop += 1) {
      await page.keyboard.press('Tab');
      const fault = await page.evaluate(() => {
        const focused = document.activeElement as Element;
        const { outlineStyle, outlineWidth } = getComputedStyle(focused);
        // After the last stop the focus is the browser's own.
        return focused === document.body || (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2)
          ? undefined
          : focused.outerHTML;
      });
      if (fault !== undefined) unseen.push(fault);
    }
    expect(unseen).toEqual([]);
    await context.close();
  });
});
