import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStand, type Stand, watchGraphql } from './stand.ts';

let stand: Stand;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  stand = await openStand({ SKILLETT_NOTION_CLIENT_ID: 'of-the-environment', SKILLETT_NOTION_CLIENT_SECRET: 'a-secret' });
}, 120_000);
afterAll(() => stand.close());
beforeEach(async () => {
  ({ context, page } = await stand.openOwnerWindow());
});
afterEach(async () => {
  await context.close();
  expect(stand.faults.splice(0)).toEqual([]);
});

interface Code {
  device_code: string;
  user_code: string;
  verification_uri_complete: string;
}

async function askForCode(scope?: string): Promise<Code> {
  const body = new URLSearchParams({ client_id: 'Kitchen terminal', ...(scope === undefined ? {} : { scope }) });
  const answer = await fetch(`${stand.url}/auth/device/code`, { method: 'POST', body });
  return (await answer.json()) as Code;
}

async function redeem({ device_code }: Code): Promise<{ error?: string; access_token?: string; scope?: string }> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code,
    client_id: 'Kitchen terminal',
  });
  const answer = await fetch(`${stand.url}/auth/device/token`, { method: 'POST', body });
  return (await answer.json()) as { error?: string };
}

describe('a device', () => {
  it('is shown with its code, name, address and age, and gets only what stays ticked', async () => {
    const code = await askForCode('sandbox github');
    const sent = watchGraphql(page);
    await page.goto(code.verification_uri_complete);
    await page.getByRole('button', { name: 'Continue' }).waitFor();
    await page.waitForLoadState('networkidle');
    // A link alone decides nothing, and looks nothing up.
    expect(sent.filter((body) => /authorizeDevice|deviceRequest/.test(body))).toEqual([]);
    expect(await page.getByLabel('Code').inputValue()).toBe(code.user_code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Do not approve a code that you did not ask for.').waitFor();
    await page.getByText(code.user_code).waitFor();
    for (const shown of ['Kitchen terminal', '127.0.0.1', 'just now']) await page.getByText(shown, { exact: true }).waitFor();
    await page.getByRole('checkbox', { name: /^GitHub/ }).click();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('The device is signed in').waitFor();
    expect(await redeem(code)).toMatchObject({ access_token: expect.stringMatching(/^sk_/), scope: 'sandbox' });
    await page.getByRole('link', { name: 'See your API keys' }).click();
    await page.getByText('signed in on a device').waitFor();
  });

  it('gets nothing when it is denied', async () => {
    const code = await askForCode();
    await page.goto(`${stand.url}/device`);
    await page.getByLabel('Code').fill(code.user_code.toLowerCase().replace('-', ' '));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('main').getByText('The device gets nothing').waitFor();
    expect(await redeem(code)).toMatchObject({ error: 'access_denied' });
  });

  it('is not found under a code that nobody asked for', async () => {
    await page.goto(`${stand.url}/device`);
    await page.getByLabel('Code').fill('BBBB-BBBB');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
  });
});

describe('the operator', () => {
  it('invites somebody, whose plan and limits they set, and whose account they close', async () => {
    await page.goto(`${stand.url}/dashboard/operator?tab=invitations`);
    await page.getByLabel('E-mail address of the guest').fill('guest@example.org');
    await page.getByRole('button', { name: 'Make an invitation' }).click();
    const made = page.getByRole('dialog', { name: '"guest@example.org" is invited' });
    const link = await made.getByRole('region', { name: 'the invitation’s link' }).innerText();
    await made.getByRole('button', { name: 'Done' }).click();

    const guest = await stand.openWindow();
    await guest.page.goto(link);
    expect(await guest.page.getByLabel('E-mail address').inputValue()).toBe('guest@example.org');
    await guest.page.getByLabel('Name').fill('Guest');
    await guest.page.getByLabel('Password').fill('a password of some length');
    await guest.page.getByRole('button', { name: 'Make the account' }).click();
    await guest.page.waitForURL('**/dashboard');
    await guest.page.getByText('of 10,000').waitFor();
    expect(await guest.page.getByRole('link', { name: 'Operator' }).count()).toBe(0);
    await guest.page.goto(`${stand.url}/dashboard/operator`);
    await guest.page.getByText('for whoever runs the installation').waitFor();

    await page.getByRole('tab', { name: 'Users' }).click();
    await page.getByRole('button', { name: 'Manage "Guest"' }).click();
    await page.getByRole('menuitem', { name: 'Plan and limits' }).click();
    const dialog = page.getByRole('dialog', { name: 'Plan and limits of "Guest"' });
    await dialog.getByRole('combobox', { name: 'Plan', exact: true }).click();
    await page.getByRole('option', { name: 'pro' }).click();
    await dialog.getByRole('combobox', { name: 'Calls a day' }).click();
    await page.getByRole('option', { name: 'This many' }).click();
    await dialog.getByLabel('How many: calls a day').fill('1234');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('1,234 per day, 300 per minute').waitFor();
    await guest.page.goto(`${stand.url}/billing`);
    await guest.page.getByText('of 1,234').waitFor();
    await guest.page.getByText('Your plan is Pro').waitFor();

    await page.getByRole('button', { name: 'Manage "Guest"' }).click();
    await page.getByRole('menuitem', { name: 'Close the account' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Close the account' }).click();
    await page.getByRole('row', { name: /Guest/ }).getByText('closed').waitFor();
    await guest.page.reload();
    await guest.page.waitForURL('**/sign-in?next=*');
    await guest.context.close();
  });

  it('says to a guest without an invitation that one is needed', async () => {
    const guest = await stand.openWindow();
    await guest.page.goto(`${stand.url}/sign-up`);
    await guest.page.getByLabel('Name').fill('Stranger');
    await guest.page.getByLabel('E-mail address').fill('stranger@example.org');
    await guest.page.getByLabel('Password').fill('a password of some length');
    await guest.page.getByRole('button', { name: 'Make the account' }).click();
    await guest.page.getByRole('alert').getByText('An account needs an invitation').waitFor();
    await guest.context.close();
  });

  it('lets anyone make an account where that is set, and says so', async () => {
    const open = await openStand({ SKILLETT_SIGN_UP: 'anyone' });
    try {
      const { page: newcomer } = await open.openWindow();
      await newcomer.goto(`${open.url}/sign-in`);
      await newcomer.getByRole('link', { name: 'Make an account' }).click();
      await newcomer.getByText('With an account you connect services').waitFor();
      expect(await newcomer.getByText('invitation').count()).toBe(0);
      await newcomer.getByLabel('Name').fill('Newcomer');
      await newcomer.getByLabel('E-mail address').fill('newcomer@example.org');
      await newcomer.getByLabel('Password').fill('a password of some length');
      await newcomer.getByRole('button', { name: 'Make the account' }).click();
      await newcomer.getByText('Three steps to the first call').waitFor();
      await newcomer.getByText('No calls in the last 14 days').waitFor();
    } finally {
      await open.close();
    }
  });

  it('sets and removes an OAuth client, after which a consent can and cannot be asked for', async () => {
    await page.goto(`${stand.url}/dashboard/operator?oauth=slack`);
    const dialog = page.getByRole('dialog', { name: 'OAuth client of Slack' });
    await dialog.getByText(`${stand.url}/oauth/callback`).waitFor();
    await dialog.getByLabel('Client id').fill('client-1');
    await dialog.getByLabel('Client secret').fill('secret-1');
    await dialog.getByRole('button', { name: 'Set the client' }).click();
    const row = page.getByRole('row', { name: /Slack/ });
    await row.getByText('set', { exact: true }).waitFor();
    expect(await row.getByText('settings go first').count()).toBe(0);
    await row.getByRole('button', { name: 'Remove the client of Slack' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove the client' }).click();
    await row.getByText('not set').waitFor();
    await page.goto(`${stand.url}/dashboard/integrations/slack`);
    await page.getByRole('button', { name: 'Connect an account' }).first().click();
    await page.getByRole('tab', { name: 'Consent' }).click();
    await page.getByRole('dialog').getByText('needs an OAuth client').first().waitFor();
  });

  it('says of an OAuth client that the environment sets which settings go before one that is stored', async () => {
    await page.goto(`${stand.url}/dashboard/operator?tab=oauth`);
    const overrides = 'SKILLETT_NOTION_CLIENT_ID, SKILLETT_NOTION_CLIENT_SECRET';
    const row = page.getByRole('row', { name: /Notion/ });
    await row.getByText(`settings go first: ${overrides}`).waitFor();
    await row.getByRole('button', { name: 'Replace the client of Notion' }).click();
    const dialog = page.getByRole('dialog', { name: 'OAuth client of Notion' });
    await dialog.getByText(`settings go first: ${overrides}`).waitFor();
    await dialog.getByLabel('Client id').fill('client-1');
    await dialog.getByLabel('Client secret').fill('secret-1');
    await dialog.getByRole('button', { name: 'Set the client' }).click();
    await page.getByText(`settings go before it: ${overrides}`).waitFor();
  });

  it('makes a new data key and sees everything brought under it', async () => {
    await page.goto(`${stand.url}/dashboard/operator?tab=keys`);
    await page.getByText('version 1').waitFor();
    await page.getByRole('region', { name: 'Master key' }).getByText('SKILLETT_MASTER_KEY=<new>,<old>').waitFor();
    await page.getByRole('button', { name: 'Make a new data key' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Make it' }).click();
    await page.getByText('version 2').waitFor();
    await page.getByText('Everything is sealed under it').waitFor({ timeout: 20_000 });
  });
});
