import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOperatorLink } from '../../src/app/process/first-start.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Browser, browserEnv, newAddress } from './browser.ts';
import { addUser, signedIn } from './person.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { ...browserEnv, SKILLETT_SIGN_UP: 'anyone' } });
});
afterAll(() => server.close());

const foreign: [string, Record<string, string>][] = [
  ['another site’s origin', { origin: 'https://evil.example' }],
  ['the same host on another port', { origin: 'http://localhost:4001' }],
  ['the same host under another scheme', { origin: 'https://localhost:4000' }],
  ['an opaque origin', { origin: 'null' }],
  ['no origin', { origin: '' }],
];
const bodies = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'];

describe('requests of other sites, which carry the cookie too', () => {
  const query = { query: 'mutation { createApiKey(name: "Stolen") { fullKey } }' };

  it.each(foreign)('/graphql refuses %s', async (_name, headers) => {
    const browser = await signedIn(server, await addUser(server));
    const answer = await browser.request('POST', '/graphql', { body: query, headers });
    expect(answer).toMatchObject({ status: 403, json: { errors: [{ extensions: { code: 'forbidden' } }] } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect((await browser.request('POST', '/graphql', { body: query })).json.data.createApiKey.fullKey).toMatch(/^sk_/);
  });

  it.each(bodies)('/graphql and /api/auth refuse bodies of the type %s, which need no preflight', async (type) => {
    const browser = await signedIn(server, await addUser(server));
    const graphql = await browser.request('POST', '/graphql', {
      body: 'query=mutation{createApiKey(name:"x"){fullKey}}',
      headers: { 'content-type': type },
    });
    expect(graphql.status).toBe(415);
    const auth = await browser.request('POST', '/api/auth/sign-out', { body: '{}', headers: { 'content-type': type } });
    expect(auth.status).toBe(415);
    expect(await browser.whoAmI()).toBeDefined();
  });

  it.each(foreign)('/api/auth refuses %s', async (_name, headers) => {
    const browser = await signedIn(server, await addUser(server));
    for (const route of ['/sign-out', '/revoke-sessions', '/sign-in/email', '/sign-in/social', '/sign-up/email']) {
      const answer = await browser.post(
        route,
        { email: 'attacker@example.org', password: 'correct horse battery', name: 'A', provider: 'github' },
        headers,
      );
      expect(answer, route).toMatchObject({ status: 403, json: { error: 'forbidden' } });
    }
    expect(await browser.whoAmI()).toBeDefined();
    expect((await browser.post('/sign-out', {})).status).toBe(200);
    expect(await browser.whoAmI()).toBeUndefined();
  });

  it('a GraphQL request by GET does nothing with a cookie', async () => {
    const browser = await signedIn(server, await addUser(server));
    const answer = await browser.request('GET', `/graphql?query=${encodeURIComponent('{viewer{kind}}')}`);
    expect([answer.status, answer.json.errors[0].extensions.code]).toEqual([401, 'unauthorized']);
  });

  it('REST changes nothing for another site’s page either', async () => {
    const browser = await signedIn(server, await addUser(server));
    for (const [, headers] of foreign)
      expect((await browser.request('POST', '/api-keys', { body: { name: 'Stolen' }, headers })).status).toBe(403);
    expect((await browser.request('POST', '/api-keys', { body: { name: 'Mine' } })).status).toBe(201);
    // Reading takes no Origin, since browsers send none with it; a key in the address is refused beside a session too.
    for (const method of ['GET', 'HEAD'])
      expect((await browser.request(method, '/api-keys', { headers: { origin: '' } })).status, method).toBe(200);
    expect((await browser.request('GET', `/api-keys?key=${server.key}`)).status).toBe(400);
  });
});

describe('the session cookie', () => {
  const cookieOf = (lines: string[]) => lines.find((line) => line.includes('session_token')) as string;

  it('is HttpOnly and SameSite=Lax, without Secure where PUBLIC_URL is http', async () => {
    const answer = await new Browser(server).open(await createOperatorLink(server.gateway));
    const line = cookieOf(answer.headers.getSetCookie());
    expect(line).toMatch(/^skillett\.session_token=/);
    expect(line).toMatch(/; HttpOnly/i);
    expect(line).toMatch(/; SameSite=Lax/i);
    expect(line).not.toMatch(/Secure/i);
    expect(line).not.toMatch(/Domain=/i);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('is Secure where PUBLIC_URL is https', async () => {
    const secure = await startTestServer({ env: { ...browserEnv, PUBLIC_URL: 'https://skillett.example.org' } });
    try {
      const link = await createOperatorLink(secure.gateway);
      expect(link).toMatch(/^https:\/\/skillett\.example\.org\/api\/auth\/link\?token=/);
      const answer = await new Browser(secure).open(link);
      expect(answer.headers.get('location')).toBe('https://skillett.example.org/dashboard');
      const line = cookieOf(answer.headers.getSetCookie());
      expect(line).toMatch(/^__Secure-skillett\.session_token=/);
      expect(line).toMatch(/; Secure/i);
    } finally {
      await secure.close();
    }
  });

  it('is nothing when it is tampered with', async () => {
    const browser = await signedIn(server, await addUser(server));
    const [name, value] = [...browser.cookies].find(([key]) => key.includes('session_token')) as [string, string];
    const other = new Browser(server);
    other.cookies.set(
      name,
      value.replace(/^./, (first) => (first === 'a' ? 'b' : 'a')),
    );
    expect(await other.whoAmI()).toBeUndefined();
    expect(await browser.whoAmI()).toBeDefined();
  });
});

describe('the door to better-auth', () => {
  it.each([
    ['POST', '/sign-in/magic-link'],
    ['POST', '/update-user'],
    ['POST', '/change-password'],
    ['POST', '/change-email'],
    ['POST', '/delete-user'],
    ['POST', '/set-password'],
    ['POST', '/link-social'],
    ['POST', '/request-password-reset'],
    ['GET', '/sign-out'],
    ['GET', '/ok'],
    ['POST', '//sign-out'],
    ['POST', '/Sign-Out'],
    ['POST', '/sign-out/'],
    ['POST', '/%73ign-out'],
  ])('does not open %s %s', async (method, route) => {
    const browser = await signedIn(server, await addUser(server));
    const answer = await browser.request(method, `/api/auth${route}`, method === 'POST' ? { body: {} } : {});
    expect(answer).toMatchObject({ status: 404, json: { error: 'not_found' } });
    expect(await browser.whoAmI()).toBeDefined();
  });

  it('counts by the address that TRUST_PROXY yields, whatever headers the client sends', async () => {
    const address = newAddress();
    const attempt = (number: number) =>
      new Browser(server, `203.0.113.${number}, ${address}`).post(
        '/sign-in/email',
        { email: `nobody-${number}@example.org`, password: 'wrong wrong wrong' },
        { 'x-skillett-address': `203.0.113.${number}`, 'x-real-ip': `203.0.113.${number}` },
      );
    const answers = await Promise.all(Array.from({ length: 15 }, (_, number) => attempt(number)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(5);
    expect((await new Browser(server).post('/sign-in/email', { email: 'nobody@example.org', password: 'wrong wrong wrong' })).status).toBe(
      401,
    );
  });

  it('keeps the client’s address with its session', async () => {
    const address = newAddress();
    const browser = new Browser(server, address);
    await browser.post('/sign-up/email', { name: 'Ada', email: 'addressed@example.org', password: 'correct horse battery' });
    const { json } = await browser.request('GET', '/api/auth/list-sessions');
    expect(json).toMatchObject([{ ipAddress: address }]);
  });
});

describe('signing in with a provider', () => {
  it('is offered where its client is set, and leads there with our address to come back to', async () => {
    const provided = await startTestServer({
      env: {
        ...browserEnv,
        SKILLETT_SIGN_IN_GITHUB_CLIENT_ID: 'our-client',
        SKILLETT_SIGN_IN_GITHUB_CLIENT_SECRET: 'our-secret',
        SKILLETT_SIGN_IN_GOOGLE_CLIENT_ID: 'half-set',
      },
    });
    try {
      const browser = new Browser(provided);
      expect((await browser.graphql('{ signInOptions { providers } }')).json.data.signInOptions.providers).toEqual(['github']);
      const { status, json } = await browser.post('/sign-in/social', { provider: 'github', callbackURL: '/dashboard' });
      expect(status).toBe(200);
      const url = new URL(json.url);
      expect(url.origin).toBe('https://github.com');
      expect(url.searchParams.get('redirect_uri')).toBe(`${browserEnv.PUBLIC_URL}/api/auth/callback/github`);
      expect(url.searchParams.get('client_id')).toBe('our-client');
      expect((await browser.post('/sign-in/social', { provider: 'google', callbackURL: '/dashboard' })).status).toBe(404);
      const elsewhere = await browser.post('/sign-in/social', { provider: 'github', callbackURL: 'https://evil.example/' });
      expect(elsewhere.status).toBe(403);
      const forged = await browser.request('GET', '/api/auth/callback/github?code=x&state=forged');
      expect(forged.status).toBe(302);
      expect(forged.headers.get('location')).toMatch(/^http:\/\/localhost:4000\/sign-in\?/);
      expect(await browser.whoAmI()).toBeUndefined();
    } finally {
      await provided.close();
    }
  });
});
