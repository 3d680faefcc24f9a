/** A service with a site for every account: a person is asked for it where they connect, and sees it with the account. */
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Upstream } from '../support/upstream.ts';
import { openStand, type Stand } from './stand.ts';

let stand: Stand;
let desk: Upstream;

beforeAll(async () => {
  desk = await Upstream.start();
  desk.json('{"user":{"id":7,"email":"ada@acme.example"}}');
  stand = await openStand({
    SKILLETT_RECIPES: path.resolve(import.meta.dirname, '../recipes/hard'),
    SKILLETT_DESK_BASE_URL: `${desk.origin}/{subdomain}`,
    SKILLETT_DESK_CLIENT_ID: 'the-client',
    SKILLETT_DESK_CLIENT_SECRET: 'secret',
    SKILLETT_DESK_AUTHORIZE_URL: `${desk.origin}/authorize/{subdomain}`,
  });
});
afterAll(async () => {
  await stand.close();
  await desk.close();
});

it('the dialog asks for the site beside the token, says what is wrong with it, and the account shows it', async () => {
  const { context, page } = await stand.openOwnerWindow();
  await page.goto(`${stand.url}/dashboard/integrations/desk`);
  await page.getByRole('button', { name: 'Connect an account' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Connect Desk' });
  await dialog.getByRole('tab', { name: 'Token' }).click();
  await dialog.getByRole('textbox', { name: 'Token' }).fill('tok-1');
  const site = dialog.getByRole('textbox', { name: 'Subdomain' });
  expect(await dialog.getByRole('textbox', { name: 'Brand (optional)' }).count()).toBe(1);
  await site.fill('acme.desk.example');
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
  await dialog.getByText('is not as it should be: The first part of your Desk address').first().waitFor();
  expect(desk.received).toEqual([]);
  await site.fill('acme');
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('cell', { name: /ada@acme\.example.*subdomain acme/ }).waitFor();
  expect(desk.received.map(({ target }) => target)).toEqual(['/acme/users/me?site=acme']);
  expect(stand.faults).toEqual([]);
  await context.close();
});

it('a consent goes to the site that the dialog asked for', async () => {
  const { context, page } = await stand.openOwnerWindow();
  await page.goto(`${stand.url}/dashboard/integrations/desk`);
  await page.getByRole('button', { name: 'Connect another account' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Connect Desk' });
  await dialog.getByRole('textbox', { name: 'Subdomain' }).fill('beta');
  desk.received.length = 0;
  const opened = context.waitForEvent('page');
  await dialog.getByRole('button', { name: /^Continue to Desk/ }).click();
  await (await opened).waitForURL(`${desk.origin}/authorize/beta?**`);
  expect(desk.received[0]?.target).toMatch(/^\/authorize\/beta\?/);
  expect(stand.faults).toEqual([]);
  await context.close();
});
