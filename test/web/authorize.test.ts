import AxeBuilder from '@axe-core/playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStand, ownerPassword, type Stand } from './stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await openStand();
}, 120_000);
afterAll(() => stand.close());

it('a person signs in, narrows what a client may do, and lets it in, on a phone in the dark', async () => {
  const redirect_uri = 'http://localhost:33418/callback';
  const registered = await fetch(`${stand.url}/mcp/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Browser <b>client</b>', redirect_uris: [redirect_uri] }),
  });
  const { client_id } = (await registered.json()) as { client_id: string };
  const code_challenge = 'A'.repeat(43);
  const query = new URLSearchParams({ client_id, redirect_uri, response_type: 'code', code_challenge, code_challenge_method: 'S256' });
  const { page, context } = await stand.openWindow({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  await page.goto(`${stand.url}/mcp/oauth/authorize?${query}`);
  await page.waitForURL(/\/sign-in\?next=/);
  await page.getByLabel('Password').fill(ownerPassword);
  await page.getByLabel('E-mail address').fill('owner@skillett.invalid');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL(/\/mcp\/oauth\/authorize\?/);
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations, passes } = await new AxeBuilder({ page }).analyze();
    expect(passes.length).toBeGreaterThan(0);
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  // A page that comes to the front under the pointer does not take the press that follows; a person comes to the button and presses.
  const letIn = page.getByRole('button', { name: 'Let it in' });
  await letIn.scrollIntoViewIfNeeded();
  const button = await letIn.boundingBox();
  const [x, y] = [(button?.x ?? 0) + 10, (button?.y ?? 0) + 10];
  const under = () => page.evaluate(([left, top]) => document.elementFromPoint(left as number, top as number)?.tagName, [x, y]);
  let posts = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST') posts += 1;
  });
  await page.mouse.click(x, y);
  await page.waitForTimeout(300);
  expect(posts).toBe(0);
  expect(page.url()).toContain('/mcp/oauth/authorize?');
  expect(await under()).toBe('DIV');
  await expect.poll(under).toBe('BUTTON');
  const left = page.waitForRequest((request) => request.url().startsWith(redirect_uri));
  await page.getByRole('radio', { name: /^Everything/ }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('checkbox', { name: /^Only read/ }).focus();
  await page.keyboard.press('Space');
  await page.mouse.click(x, y);
  const back = new URL((await left).url());
  expect(back.searchParams.get('code')).toMatch(/^oc_/);
  expect(back.searchParams.get('iss')).toBe(`${stand.url}/mcp/oauth`);
  expect(stand.faults).toEqual([]);
  await context.close();
});
