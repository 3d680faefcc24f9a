/** A gateway as a process of its own on an empty folder, and a real browser in front of it. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { makeFolder } from '../support/folder.ts';
import { type ServerProcess, startProcess } from '../support/process.ts';

export interface Stand {
  /** As people and the browser see it. */
  url: string;
  /** The owner's first key. */
  key: string;
  server: ServerProcess;
  browser: Browser;
  /** Errors that any page wrote to its console or threw, what a Content-Security-Policy refuses among them. */
  faults: string[];
  /** A browser window with cookies of its own. */
  openWindow(options?: BrowserContextOptions): Promise<{ context: BrowserContext; page: Page }>;
  /** A window in which the owner is signed in. */
  openOwnerWindow(options?: BrowserContextOptions): Promise<{ context: BrowserContext; page: Page }>;
  graphql(query: string, variables?: object): Promise<Record<string, never>>;
  close(): Promise<void>;
}

export const ownerPassword = 'correct horse battery staple';

/** Starts it and gives the owner a password by the link that the first start prints. */
export async function openStand(env: Record<string, string> = {}): Promise<Stand> {
  const { folder, remove } = await makeFolder();
  const server = await startProcess({
    SKILLETT_DATA: folder,
    SKILLETT_SIGN_UP: 'invited',
    LOG_LEVEL: 'warn',
    TRUST_PROXY: '127.0.0.1',
    ...env,
  });
  const url = env.PUBLIC_URL ?? server.url.replace('127.0.0.1', 'localhost');
  const browser = await openBrowser();
  const key = /^sk_[0-9a-f]{48}$/m.exec(server.stdout())?.[0] as string;
  const link = /^http\S+\/api\/auth\/link\S+$/m.exec(server.stdout())?.[0] as string;
  const faults: string[] = [];

  let windows = 0;
  const openWindow: Stand['openWindow'] = async (options) => {
    windows += 1;
    const context = await browser.newContext({
      viewport: { width: 1200, height: 900 },
      // Each window is a machine of its own, so that what one may do in a minute is not shared by all tests.
      extraHTTPHeaders: { 'x-forwarded-for': `10.0.${windows >> 8}.${windows & 255}` },
      ...options,
    });
    context.setDefaultTimeout(30_000);
    context.on('weberror', (error) => faults.push(error.error().message));
    context.on('console', (message) => {
      // A status that is no success is written there too, but the page says it in its own words.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
    });
    return { context, page: await context.newPage() };
  };

  const first = await openWindow();
  await first.page.goto(link);
  await first.page.getByRole('button', { name: 'Sign in' }).click();
  await first.page.waitForURL(`${url}/dashboard`);
  await first.page.goto(`${url}/settings`);
  await first.page.getByLabel('New password').fill(ownerPassword);
  await first.page.getByRole('button', { name: 'Set the password' }).click();
  await first.page.getByText('Your password is set').waitFor();
  const ownerState = await first.context.storageState();
  await first.context.close();

  return {
    url,
    key,
    server,
    browser,
    faults,
    openWindow,
    openOwnerWindow: (options) => openWindow({ ...options, storageState: ownerState }),
    graphql: async (query, variables) => {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await answer.json()) as { data: Record<string, never>; errors?: unknown };
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    close: async () => {
      await browser.close();
      await server.stop();
      await remove();
    },
  };
}

/** Counts the GraphQL requests that a page sends. */
export function watchGraphql(page: Page): string[] {
  const sent: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/graphql') sent.push(request.postData() ?? '');
  });
  return sent;
}

/** Presses Tab until what has the focus is called that. Fails when it is not reached. */
export async function tabTo(page: Page, role: string, name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role as 'button', { name, exact: typeof name === 'string' }).first();
  await wanted.waitFor();
  for (let pressed = 0; pressed < 150; pressed += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach the ${role} “${name}”`);
}
