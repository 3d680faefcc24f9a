import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOperatorLink } from '../../src/app/process/first-start.ts';
import { makeSignInLink } from '../../src/domains/users/sign-in/sign-in-links.ts';
import { ownerEmail } from '../../src/domains/users/users.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Browser, browserEnv } from './browser.ts';
import { addUser } from './person.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: browserEnv });
});
afterAll(() => server.close());

const path = (link: string) => link.slice(browserEnv.PUBLIC_URL.length);
const tokenOf = (link: string) => new URL(link).searchParams.get('token') as string;
const formType = { 'content-type': 'application/x-www-form-urlencoded' };

function post(browser: Browser, token: string, headers: Record<string, string> = {}) {
  return browser.request('POST', '/api/auth/link', { body: `token=${token}`, headers: { ...formType, ...headers } });
}

describe('a sign-in link', () => {
  it.each([
    ['GET', 'Slack', { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }],
    ['GET', 'a browser that fetches ahead', { 'sec-purpose': 'prefetch;prerender' }],
    ['HEAD', 'a mail scanner', {}],
    ['GET', 'a person who only looks', {}],
  ] as const)('is not used up by a %s of %s, which gets no cookie', async (method, _who, headers) => {
    const link = await createOperatorLink(server.gateway);
    const visitor = new Browser(server);
    for (let time = 0; time < 12; time += 1) {
      const answer = await visitor.request(method, path(link), { headers });
      expect(answer.status).toBe(200);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(visitor.cookies.size).toBe(0);
    const person = new Browser(server);
    expect((await person.open(link)).headers.get('location')).toBe(`${browserEnv.PUBLIC_URL}/dashboard`);
    expect(await person.whoAmI()).toBe(ownerEmail);
  });

  it('opens a page that runs no script, is in no frame, and tells nobody whose link it is or whether it is good', async () => {
    const link = await makeSignInLink(server.gateway, await addUser(server, 'whose@example.org'), { actor: 'system', requestId: null });
    const page = await new Browser(server).request('GET', path(link.url));
    expect(page.text).not.toMatch(/whose|Ada|example\.org|<script/);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(page.headers.get('cache-control')).toBe('no-store');
    // Browsers name no origin with a form of a page whose policy is `no-referrer`.
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
    const made = 'A'.repeat(43);
    const unknown = await new Browser(server).request('GET', `/api/auth/link?token=${made}`);
    expect(unknown.status).toBe(200);
    expect(unknown.text.replace(made, '')).toBe(page.text.replace(tokenOf(link.url), ''));
    expect((await post(new Browser(server), made)).headers.get('location')).toContain('/sign-in?error=link_invalid');
  });

  it('is taken once by 20 posts at the same moment', async () => {
    const token = tokenOf(await createOperatorLink(server.gateway));
    const browsers = Array.from({ length: 20 }, () => new Browser(server));
    const answers = await Promise.all(browsers.map((browser) => post(browser, token)));
    expect(answers.map(({ status }) => status)).toEqual(new Array(20).fill(303));
    expect(answers.filter(({ headers }) => headers.get('location') === `${browserEnv.PUBLIC_URL}/dashboard`)).toHaveLength(1);
    expect((await Promise.all(browsers.map((browser) => browser.whoAmI()))).filter((email) => email !== undefined)).toEqual([ownerEmail]);
    expect((await post(new Browser(server), token)).headers.get('location')).toContain('error=link_invalid');
  });

  it.each([
    ['another site', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['a page that hides its origin', { origin: '', 'sec-fetch-site': 'cross-site' }],
    ['the same site under another host', { origin: 'http://evil.localhost:4000' }],
  ])('is not taken for a form of %s', async (_what, headers) => {
    const token = tokenOf(await createOperatorLink(server.gateway));
    const victim = new Browser(server);
    const refused = await post(victim, token, headers);
    expect(refused).toMatchObject({ status: 403, json: { error: 'forbidden' } });
    expect(victim.cookies.size).toBe(0);
    expect((await post(victim, token)).headers.get('location')).toBe(`${browserEnv.PUBLIC_URL}/dashboard`);
  });

  it.each(['PUT', 'DELETE', 'OPTIONS'])('takes no %s', async (method) => {
    const link = await createOperatorLink(server.gateway);
    expect((await new Browser(server).request(method, path(link))).status).toBe(404);
    expect((await new Browser(server).open(link)).headers.get('location')).toBe(`${browserEnv.PUBLIC_URL}/dashboard`);
  });
});
