import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOperatorLink } from '../../src/app/process/first-start.ts';
import { dropOldSignIns } from '../../src/domains/users/sign-in/old-sign-ins.ts';
import { ownerEmail } from '../../src/domains/users/users.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Browser, browserEnv } from './browser.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: browserEnv });
});
afterAll(() => server.close());

describe('a sign-in link', () => {
  it('signs its user in, once, also when it is opened several times at the same moment', async () => {
    const link = await createOperatorLink(server.gateway);
    const browsers = Array.from({ length: 8 }, () => new Browser(server));
    const answers = await Promise.all(browsers.map((browser) => browser.open(link)));
    const places = answers.map((answer) => answer.headers.get('location')).sort();
    expect(places.filter((place) => place === `${browserEnv.PUBLIC_URL}/dashboard`)).toHaveLength(1);
    expect(places.filter((place) => place === `${browserEnv.PUBLIC_URL}/sign-in?error=link_invalid`)).toHaveLength(7);
    const signedIn = await Promise.all(browsers.map((browser) => browser.whoAmI()));
    expect(signedIn.filter((email) => email !== undefined)).toEqual([ownerEmail]);
  });

  it('gives a session that is the owner’s, with the scope `operator`', async () => {
    const browser = new Browser(server);
    const answer = await browser.open(await createOperatorLink(server.gateway));
    expect(answer.status).toBe(303);
    const { json } = await browser.graphql('{ viewer { kind scopes } }');
    expect(json.data.viewer).toEqual({ kind: 'SESSION', scopes: ['*', 'operator'] });
  });

  it('is good for seven days by the database’s time', async () => {
    const link = await createOperatorLink(server.gateway);
    server.gateway.clock.offsetMs = 7 * 24 * 60 * 60 * 1000 + 1000;
    try {
      const late = new Browser(server);
      expect((await late.open(link)).headers.get('location')).toBe(`${browserEnv.PUBLIC_URL}/sign-in?error=link_invalid`);
      expect(await late.whoAmI()).toBeUndefined();
    } finally {
      server.gateway.clock.offsetMs = 0;
    }
    const fresh = await createOperatorLink(server.gateway);
    server.gateway.clock.offsetMs = 7 * 24 * 60 * 60 * 1000 - 10_000;
    try {
      expect((await new Browser(server).open(fresh)).headers.get('location')).toBe(`${browserEnv.PUBLIC_URL}/dashboard`);
    } finally {
      server.gateway.clock.offsetMs = 0;
    }
  });

  it('ends when a newer one is made', async () => {
    const older = await createOperatorLink(server.gateway);
    const newer = await createOperatorLink(server.gateway);
    expect((await new Browser(server).open(older)).headers.get('location')).toContain('error=link_invalid');
    expect((await new Browser(server).open(newer)).headers.get('location')).toContain('/dashboard');
  });

  it.each(['', '?token=', '?token=guessed', '?token=a&token=b'])('leads to the sign-in page with %j instead of a token', async (query) => {
    const answer = await new Browser(server).request('GET', `/api/auth/link${query}`);
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toMatch(/^http:\/\/localhost:4000\/sign-in\?error=\w+$/);
  });

  it('is kept as a hash, and written down without it', async () => {
    const token = new URL(await createOperatorLink(server.gateway)).searchParams.get('token') as string;
    const dump = JSON.stringify([
      await server.gateway.db.selectFrom('verifications').selectAll().execute(),
      await server.gateway.db.selectFrom('auditRows').selectAll().execute(),
    ]);
    expect(dump).toContain('user.sign_in_link_created');
    expect(dump).not.toContain(token);
    expect(server.log.join('')).not.toContain(token);
  });
});

describe('the background job', () => {
  it('forgets sessions and links whose time is over, and no others', async () => {
    const { gateway } = server;
    const browser = new Browser(server);
    await browser.open(await createOperatorLink(gateway));
    const link = await createOperatorLink(gateway);
    await dropOldSignIns(gateway);
    expect(await browser.whoAmI()).toBe(ownerEmail);
    expect((await new Browser(server).open(link)).headers.get('location')).toContain('/dashboard');
    await createOperatorLink(gateway);
    gateway.clock.offsetMs = 31 * 86_400_000;
    try {
      const dropped = await dropOldSignIns(gateway);
      expect(dropped.sessions).toBeGreaterThan(0);
      expect(dropped.proofs).toBeGreaterThan(0);
    } finally {
      gateway.clock.offsetMs = 0;
    }
    expect(await browser.whoAmI()).toBeUndefined();
    const left = await gateway.db.selectFrom('verifications').select('id').where('identifier', 'like', 'sign-in-link:%').execute();
    expect(left).toEqual([]);
  });
});
