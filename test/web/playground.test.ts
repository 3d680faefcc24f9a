import type { Page, Response } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examples } from '../../web/playground/src/examples.ts';
import { startTestServer } from '../support/server.ts';
import { openStand, type Stand } from './stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await openStand();
}, 120_000);
afterAll(() => stand.close());

/** What the playground got from the server for one operation. */
interface Ran {
  status: number;
  authorization: string | undefined;
  json: { data?: Record<string, { ok?: boolean }>; errors?: { message: string }[] };
}

async function open(page: Page, url = stand.url): Promise<Response> {
  const answer = await page.goto(`${url}/graphql`);
  await page.getByRole('region', { name: 'Operation Editor' }).getByRole('textbox').waitFor();
  await page.getByRole('button', { name: /^Execute query/ }).waitFor();
  return answer as Response;
}

async function pressRun(page: Page, operationName: string): Promise<Ran> {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().postDataJSON()?.operationName === operationName),
    page.getByRole('button', { name: /^Execute query/ }).click(),
  ]);
  return { status: answer.status(), authorization: (await answer.request().allHeaders()).authorization, json: await answer.json() };
}

async function openTab(page: Page, query: string): Promise<string> {
  const name = /(?:query|mutation) (\w+)/.exec(query)?.[1] as string;
  await page.getByRole('tab', { name }).getByRole('button', { name, exact: true }).click();
  // GraphiQL takes a moment to know the new document's operation, less than a hand does to the next button.
  await page.waitForTimeout(500);
  return name;
}

/** Presses Run in every tab that is there when the playground is opened for the first time. */
async function runExamples(page: Page): Promise<Map<string, Ran>> {
  const ran = new Map<string, Ran>();
  for (const { query } of examples) {
    const name = await openTab(page, query);
    ran.set(name, await pressRun(page, name));
    await page.getByRole('region', { name: 'Result Window' }).getByText('"data"').first().waitFor();
  }
  expect([...ran.keys()]).toEqual(['WhoAmI', 'Discover', 'Read', 'Write']);
  return ran;
}

async function pasteHeaders(page: Page, headers: object): Promise<void> {
  // Typed, the editor would close each quote by itself.
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate((text) => navigator.clipboard.writeText(text), JSON.stringify(headers));
  await page.getByRole('region', { name: 'Headers' }).locator('.view-lines').filter({ visible: true }).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Control+V');
}

async function openDocuments(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByRole('link', { name: 'Query', exact: true }).waitFor();
}

describe.each(['light', 'dark'] as const)('the playground in %s', (colorScheme) => {
  it('runs every example for a person who is signed in, without a header', async () => {
    const { context, page } = await stand.openOwnerWindow({ colorScheme });
    await open(page);
    await page.getByText('Requests without a key run as "Owner".').waitFor();
    for (const [name, { status, authorization, json }] of await runExamples(page)) {
      expect([name, status, authorization, json.errors]).toEqual([name, 200, undefined, undefined]);
      for (const value of Object.values(json.data ?? {})) expect(value.ok ?? true, name).toBe(true);
    }
    await openDocuments(page);
    expect(await page.locator('body').getAttribute('class')).not.toContain(colorScheme === 'dark' ? 'graphiql-light' : 'graphiql-dark');
    const background = await page.locator('.graphiql-container').evaluate((element) => getComputedStyle(element).backgroundColor);
    const lightness = /([\d.]+)%/.exec(background)?.[1] ?? Number(/\d+/.exec(background)?.[0]) / 2.55;
    expect(Number(lightness) < 50, background).toBe(colorScheme === 'dark');
    await context.close();
  });

  it('takes no press of Run until the editor is there, and runs the first that it takes', async () => {
    const { context, page } = await stand.openOwnerWindow({ colorScheme });
    let letEditorCome = () => {};
    const editorMayCome = new Promise<void>((resolve) => {
      letEditorCome = resolve;
    });
    let held = 0;
    await page.route(/\/graphql\/assets\/monaco-editor-[^/]*\.js$/, async (route) => {
      held += 1;
      await editorMayCome;
      await route.continue();
    });
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.postDataJSON()?.operationName));
    await page.goto(`${stand.url}/graphql`, { waitUntil: 'commit' });
    await page.getByText('The editor is being loaded').waitFor();
    const button = page.locator('.graphiql-execute-button');
    await expect.poll(() => held).toBeGreaterThan(0);
    await button.click({ force: true });
    const answered = page.waitForResponse((response) => response.request().postDataJSON()?.operationName === 'WhoAmI');
    const pressed = button.click();
    await page.waitForTimeout(500);
    expect(sent).not.toContain('WhoAmI');
    letEditorCome();
    await pressed;
    expect((await answered).status()).toBe(200);
    expect(sent.filter((name) => name === 'WhoAmI')).toHaveLength(1);
    expect(await page.getByText('The editor is being loaded').count()).toBe(0);
    await context.close();
  });

  it('runs every example with a key in Headers, and says where it goes', async () => {
    const { context, page } = await stand.openWindow({ colorScheme });
    await open(page);
    await page.getByText('Nobody is signed in: put an API key into Headers below, or sign in.').waitFor();
    await page.getByRole('region', { name: 'Headers' }).getByText('As an API key').waitFor();
    const refused = await pressRun(page, 'WhoAmI');
    expect([refused.status, refused.json.errors?.[0]?.message]).toEqual([401, 'Missing or invalid authorization.']);
    for (const { query } of examples) {
      const name = await openTab(page, query);
      await pasteHeaders(page, { Authorization: `Bearer ${stand.key}` });
      const { status, authorization, json } = await pressRun(page, name);
      expect([name, status, authorization, json.errors]).toEqual([name, 200, `Bearer ${stand.key}`, undefined]);
      for (const value of Object.values(json.data ?? {})) expect(value.ok ?? true, name).toBe(true);
    }
    const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(stored).toContain('WhoAmI');
    expect(stored).not.toContain(stand.key);
    await context.close();
  });
});

it('is served from our own assets under a policy that lets no other script run, and nothing breaks the policy', async () => {
  const { context, page } = await stand.openOwnerWindow();
  const loaded: Response[] = [];
  page.on('response', (response) => loaded.push(response));
  const document = await open(page);
  await page.waitForLoadState('networkidle');
  expect((await document.allHeaders())['content-security-policy']).toMatch(/default-src 'none'; script-src 'self'; worker-src 'self';/);
  const assets = loaded.filter((response) => /\.(js|css|ttf|svg)$/.test(new URL(response.url()).pathname));
  expect(assets.length).toBeGreaterThan(5);
  for (const asset of assets) {
    expect(new URL(asset.url()).pathname).toMatch(/^\/graphql\/assets\/[\w.-]+-[\w-]{8}\.(js|css|ttf|svg)$/);
    expect(asset.headers()).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable', 'content-encoding': 'br' });
  }
  const sizes = await Promise.all(assets.map(async (asset) => (await asset.request().sizes()).responseBodySize));
  expect(sizes.reduce((total, size) => total + size)).toBeLessThan(1_700_000);
  expect(stand.faults).toEqual([]);
  await context.close();
});

it('is reached from the dashboard', async () => {
  const { context, page } = await stand.openOwnerWindow();
  await page.goto(`${stand.url}/dashboard`);
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Playground' }).click();
  await page.getByRole('heading', { name: 'GraphQL playground' }).waitFor();
  await page.getByRole('link', { name: 'Skillett' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  await context.close();
});

describe('settings', () => {
  it('without introspection it says why there are no documents, and runs what is typed', async () => {
    const closed = await startTestServer({ env: { SKILLETT_INTROSPECTION: 'false' } });
    const { context, page } = await stand.openWindow();
    try {
      await open(page, closed.url);
      await pasteHeaders(page, { Authorization: `Bearer ${closed.key}` });
      await page.getByRole('button', { name: 'Re-fetch GraphQL schema' }).click();
      await page.getByText('There are no documents and no completion, because the schema cannot be read:').waitFor();
      expect((await pressRun(page, 'WhoAmI')).json).toMatchObject({ data: { viewer: { scopes: ['*'] } } });
    } finally {
      await context.close();
      await closed.close();
    }
  });

  it('without the playground there is no link to it, and its address takes no browser', async () => {
    const closed = await startTestServer({ env: { SKILLETT_PLAYGROUND: 'false' } });
    try {
      const html = { headers: { accept: 'text/html' }, authorization: null };
      expect((await closed.request('GET', '/dashboard', html)).text).toContain('data-playground="off"');
      expect((await closed.request('GET', '/graphql', html)).status).toBe(401);
      expect((await closed.request('GET', '/graphql/assets/index.js', html)).status).toBe(404);
    } finally {
      await closed.close();
    }
  });
});
