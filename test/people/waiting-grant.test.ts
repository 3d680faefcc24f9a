/** Who may finish a consent when there are several users, through the front door (contract, "Connecting"). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeSignInLink } from '../../src/domains/users/sign-in-links.ts';
import { githubSettings } from '../support/github-settings.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';
import { Browser, browserEnv } from './browser.ts';
import { addUser, makeKey, signedIn, signedInOwner } from './person.ts';

const password = 'correct horse battery';

let server: TestServer;
let github: Upstream;
/** Tokens that the provider was told to end. */
let revoked: string[];
/** The next that the provider gives. */
let token: string;
let ada: string;
let adasKey: string;
let adasBrowser: Browser;
let bob: string;
let emails = 0;
let adasEmail: string;

beforeAll(async () => {
  github = await Upstream.start();
  server = await startTestServer({
    env: {
      ...browserEnv,
      SKILLETT_SIGN_UP: 'anyone',
      ...githubSettings(github.origin),
    },
  });
});

afterAll(async () => {
  await server.close();
  await github.close();
});

beforeEach(async () => {
  revoked = [];
  token = 'gho_waiting';
  github.play = (request, response) => {
    if (request.method === 'DELETE') {
      revoked.push(JSON.parse(request.body.toString()).access_token);
      return void response.writeHead(204).end();
    }
    const asked = request.headers.authorization?.includes('gho_work') ? 'ada-at-work' : 'ada-on-github';
    const body = request.target.startsWith('/login') ? { access_token: token, scope: 'repo' } : { id: asked, login: asked };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  emails += 1;
  adasEmail = `ada-${emails}@example.org`;
  ada = await addUser(server, adasEmail);
  adasBrowser = await signedIn(server, ada);
  adasKey = await makeKey(adasBrowser);
  bob = await addUser(server);
});

/** As Ada's agent does. Returns the id, and the path that the provider sends a browser back to. */
async function startConsent(key = adasKey): Promise<{ id: string; back: string }> {
  const { json } = await server.request('POST', '/v1/connect', { body: { integration: 'github' }, authorization: key });
  const state = new URL(json.oauth_url).searchParams.get('state') as string;
  return { id: json.connection_id, back: `/oauth/callback?code=c&state=${state}` };
}

const statusOf = async (id: string, key = adasKey) => (await server.request('GET', `/v1/connect/${id}`, { authorization: key })).json;

/** Opens a page in a browser, which keeps the cookies it sets. */
async function openPage(browser: Browser, path: string) {
  const answer = await fetch(server.url + path, {
    headers: browser.cookies.size > 0 ? { cookie: browser.cookie } : {},
    redirect: 'manual',
  });
  const lines = answer.headers.getSetCookie();
  for (const line of lines) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string];
    browser.cookies.set(name, value);
  }
  return { status: answer.status, text: await answer.text(), lines };
}

const openLink = async (browser: Browser, userId: string) =>
  browser.open((await makeSignInLink(server.gateway, userId, { actor: 'system', requestId: null })).url);

it('the browser of the starter finishes at once; that of somebody else connects nothing for either', async () => {
  const mine = await startConsent();
  const page = await openPage(adasBrowser, mine.back);
  expect([page.status, page.lines]).toEqual([200, []]);
  expect(await statusOf(mine.id)).toEqual({ status: 'connected', integration: 'github' });

  const taken = await startConsent();
  const bobs = await signedIn(server, bob);
  const refused = await openPage(bobs, taken.back);
  expect(refused.status).toBe(400);
  expect(refused.text).toContain('somebody else');
  expect(await statusOf(taken.id)).toEqual({ status: 'error', integration: 'github', reason: 'failed' });
  expect((await bobs.graphql('{ connections { totalCount } }')).json.data.connections.totalCount).toBe(0);
});

it('a browser without a session holds the grant by a cookie that no script reads, and nothing is connected yet', async () => {
  const { id, back } = await startConsent();
  const page = await openPage(new Browser(server), back);
  expect(page.status).toBe(200);
  expect(page.text).toContain('One step is left');
  expect(page.lines).toEqual([expect.stringMatching(/^skillett_grant=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/)]);
  expect(await statusOf(id)).toEqual({ status: 'pending', integration: 'github' });
});

it.each(['link', 'password'])('the starter completes it by signing in there with a %s, and the page says so', async (way) => {
  if (way === 'password') await adasBrowser.graphql('mutation ($p: String!) { setPassword(newPassword: $p) { id } }', { p: password });
  const { id, back } = await startConsent();
  const browser = new Browser(server);
  await openPage(browser, back);
  expect((await openPage(browser, '/oauth/waiting')).status).toBe(401);
  if (way === 'link') {
    const { headers } = await openLink(browser, ada);
    expect(headers.get('location')).toBe(`${browserEnv.PUBLIC_URL}/oauth/waiting`);
  } else expect((await browser.post('/sign-in/email', { email: adasEmail, password })).status).toBe(200);
  expect(await statusOf(id)).toEqual({ status: 'connected', integration: 'github' });
  expect(browser.cookies.has('skillett_grant')).toBe(false);
  const page = await openPage(browser, '/oauth/waiting');
  expect(page.status).toBe(200);
  expect(page.text).toContain('ada-on-github');
  expect(revoked).toEqual([]);
});

it('all that the starter consented to in this browser is completed by one sign-in; what another one started there is not', async () => {
  const [mine, second] = [await startConsent(), await startConsent()];
  const bobsKey = await makeKey(await signedIn(server, bob));
  const bobs = await startConsent(bobsKey);
  const browser = new Browser(server);
  await openPage(browser, mine.back);
  await openPage(browser, bobs.back);
  token = 'gho_work';
  await openPage(browser, second.back);
  await openLink(browser, ada);
  expect(await statusOf(mine.id)).toMatchObject({ status: 'connected' });
  expect(await statusOf(second.id)).toMatchObject({ status: 'connected' });
  expect(await statusOf(bobs.id, bobsKey)).toEqual({ status: 'error', integration: 'github', reason: 'failed' });
  expect(revoked).toEqual(['gho_waiting']);
  const page = await openPage(browser, '/oauth/waiting');
  expect(page.status).toBe(200);
  for (const account of ['ada-on-github', 'ada-at-work']) expect(page.text).toContain(`The account ${account} of GitHub`);
  expect(page.text).toContain('You are somebody else');
});

it('anyone else who signs in there ends it, by a link or with a new account, also when the starter comes after', async () => {
  const linked = await startConsent();
  const browser = new Browser(server);
  await openPage(browser, linked.back);
  const cookie = browser.cookies.get('skillett_grant') as string;
  await openLink(browser, bob);
  expect(revoked).toEqual(['gho_waiting']);
  expect(await statusOf(linked.id)).toEqual({ status: 'error', integration: 'github', reason: 'failed' });
  expect((await openPage(browser, '/oauth/waiting')).text).toContain('You are somebody else');
  expect((await browser.graphql('{ connections { totalCount } }')).json.data.connections.totalCount).toBe(0);
  adasBrowser.cookies.set('skillett_grant', cookie);
  const late = await openPage(adasBrowser, '/oauth/waiting');
  expect(late.text).toContain('No account waits in this browser');

  const signedUp = await startConsent();
  const stranger = new Browser(server);
  await openPage(stranger, signedUp.back);
  await stranger.post('/sign-up/email', { name: 'Eve', email: `eve-${emails}@example.org`, password });
  expect(revoked).toEqual(['gho_waiting', 'gho_waiting']);
  expect(await statusOf(signedUp.id)).toMatchObject({ status: 'error', reason: 'failed' });
});

it('a sign-in that fails, and one that finds nothing waiting, leave everything as it is', async () => {
  const { id, back } = await startConsent();
  const browser = new Browser(server);
  await openPage(browser, back);
  expect((await browser.post('/sign-in/email', { email: adasEmail, password: 'not the password' })).status).toBe(401);
  expect(await statusOf(id)).toMatchObject({ status: 'pending' });
  expect(revoked).toEqual([]);

  const other = new Browser(server);
  other.cookies.set('skillett_grant', 'made-up');
  expect((await openLink(other, bob)).headers.get('location')).toBe(`${browserEnv.PUBLIC_URL}/dashboard`);
  expect((await openPage(other, '/oauth/waiting')).status).toBe(400);
});

it('what came of it is shown to the one who signed in and to nobody else', async () => {
  const { back } = await startConsent();
  const browser = new Browser(server);
  await openPage(browser, back);
  await openLink(browser, ada);
  const outcome = browser.cookies.get('skillett_grant_outcome') as string;
  expect(outcome).not.toContain('github');
  const bobs = await signedIn(server, bob);
  bobs.cookies.set('skillett_grant_outcome', outcome);
  expect((await openPage(bobs, '/oauth/waiting')).text).not.toContain('ada-on-github');
});

describe('an operator who revokes in bulk', () => {
  const revoke = async (target: Record<string, string>) => {
    const { json } = await (await signedInOwner(server)).graphql(
      'mutation ($t: BulkTarget!) { revokeConnections(target: $t) { remaining outcomes { outcome revoked userId connection { id status } } } }',
      { t: target },
    );
    expect(json.data.revokeConnections.remaining).toBe(0);
    const outcomes: { connection: { id: string }; outcome: string; revoked: string }[] = json.data.revokeConnections.outcomes;
    return new Map(outcomes.map((entry) => [entry.connection.id, [entry.outcome.toLowerCase(), entry.revoked.toLowerCase()]]));
  };
  const failed = { status: 'error', integration: 'github', reason: 'failed' };

  it('a user ends what they have pending and what waits for them, and nothing of others', async () => {
    const [pending, waiting] = [await startConsent(), await startConsent()];
    const browser = new Browser(server);
    await openPage(browser, waiting.back);
    const bobsBrowser = await signedIn(server, bob);
    const bobsKey = await makeKey(bobsBrowser);
    const bobs = await startConsent(bobsKey);
    expect(await revoke({ userId: ada })).toEqual(
      new Map([
        [pending.id, ['cancelled', 'unsupported']],
        [waiting.id, ['cancelled', 'true']],
      ]),
    );
    expect(revoked).toEqual(['gho_waiting']);
    for (const { id } of [pending, waiting]) expect(await statusOf(id)).toEqual(failed);
    expect((await openPage(adasBrowser, pending.back)).status).toBe(400);
    await openLink(browser, ada);
    expect((await openPage(browser, '/oauth/waiting')).text).toContain('No account waits in this browser');
    expect((await adasBrowser.graphql('{ connections { totalCount } }')).json.data.connections.totalCount).toBe(0);
    const trail = server.gateway.db.selectFrom('auditRows').select(['userId', 'target']).where('action', '=', 'consent.cancelled');
    expect((await trail.execute()).map(({ target }) => target).sort()).toEqual([pending.id, waiting.id].sort());
    expect((await openPage(bobsBrowser, bobs.back)).status).toBe(200);
    expect(await statusOf(bobs.id, bobsKey)).toMatchObject({ status: 'connected' });
  });

  it('a key ends the consents it started, an integration ends all of them with its connections', async () => {
    const byKey = await startConsent();
    const { startConnection } = (await adasBrowser.graphql('mutation { startConnection(integration: "github") { connectionId } }')).json
      .data;
    const keys = (await adasBrowser.graphql('{ apiKeys { nodes { id } } }')).json.data.apiKeys.nodes;
    expect(await revoke({ keyId: keys[0].id })).toEqual(new Map([[byKey.id, ['cancelled', 'unsupported']]]));
    expect(await statusOf(byKey.id)).toEqual(failed);
    expect(await statusOf(startConnection.connectionId)).toMatchObject({ status: 'pending' });
    const bobsBrowser = await signedIn(server, bob);
    const bobs = await startConsent(await makeKey(bobsBrowser));
    await openPage(bobsBrowser, bobs.back);
    const all = await revoke({ integration: 'github' });
    expect([all.get(startConnection.connectionId), all.get(bobs.id)]).toEqual([
      ['cancelled', 'unsupported'],
      ['disconnected', 'true'],
    ]);
    expect(await revoke({ integration: 'github' })).toEqual(new Map());
  });

  it('a consent that is being completed at that moment connects nothing, and its grant is revoked', async () => {
    const { id, back } = await startConsent();
    const { play } = github;
    github.play = async (...asked) => {
      if (asked[0].target.startsWith('/login')) expect((await revoke({ userId: ada })).get(id)).toEqual(['cancelled', 'unsupported']);
      return play(...asked);
    };
    const page = await openPage(adasBrowser, back);
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('was cancelled before it was complete')]);
    expect(revoked).toEqual(['gho_waiting']);
    expect(await statusOf(id)).toEqual(failed);
  });
});
