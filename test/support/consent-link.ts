/** Opening a consent's link as its starter does: signed in, in a browser that keeps its cookies, as far as the provider's page. */
import { expect } from 'vitest';
import type { Browser, BrowserAnswer } from '../people/browser.ts';
import { signedInOwner } from '../people/person.ts';
import type { TestServer } from './server.ts';

export interface OpenedLink {
  /** The provider's page, with what it is asked. */
  url: URL;
  state: string;
  /** Comes back from there, as the provider sends people. */
  comeBack(answer: Record<string, string>): Promise<BrowserAnswer>;
}

const owners = new WeakMap<TestServer, Promise<Browser>>();

/** The owner's browser, one a server. */
export function ownerBrowser(server: TestServer): Promise<Browser> {
  let browser = owners.get(server);
  if (!browser) {
    browser = signedInOwner(server);
    owners.set(server, browser);
  }
  return browser;
}

/** Opens the link in the owner's browser, or another; agrees where a narrow key asked. */
export async function openLink(server: TestServer, link: string, browser?: Browser): Promise<OpenedLink> {
  return openLinkIn(browser ?? (await ownerBrowser(server)), link);
}

export async function openLinkIn(browser: Browser, link: string): Promise<OpenedLink> {
  let page = await browser.open(link);
  let location = page.headers.get('location');
  if (page.status === 200) {
    page = await browser.press(link, { answer: 'agree' });
    location = /url=([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? null;
  }
  expect(location, page.text).not.toBeNull();
  const url = new URL(location as string);
  const state = url.searchParams.get('state') as string;
  expect(state, `${page.status} ${location}`).toMatch(/^[\w-]{43}$/);
  const comeBack = (answer: Record<string, string>) =>
    browser.request('GET', `/oauth/callback?${new URLSearchParams({ ...answer, state })}`);
  return { url, state, comeBack };
}
