/**
 * The page that a consent's link opens, through the front door: for the starter, for strangers, and for keys that may only ask. In one
 * file although it is long, since all of it asks one server with the same two services, each time as people of its own.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Browser, browserEnv } from '../people/browser.ts';
import { addUser, makeKey, signedIn, signedInOwner } from '../people/person.ts';
import { openLinkIn } from '../support/consent-link.ts';
import { githubSettings } from '../support/github-settings.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let github: Upstream;
let notion: Upstream;
let revoked: string[];
let account: string;
let ada: string;
let browser: Browser;
let fullKey: string;

beforeAll(async () => {
  [github, notion] = await Promise.all([Upstream.start(), Upstream.start()]);
  server = await startTestServer({
    env: { ...browserEnv, SKILLETT_SIGN_UP: 'anyone', ...githubSettings(github.origin), SKILLETT_NOTION_BASE_URL: notion.origin },
  });
});

afterAll(async () => {
  await server.close();
  await github.close();
  await notion.close();
});

beforeEach(async () => {
  revoked = [];
  account = 'ada-on-github';
  github.reset();
  notion.reset();
  github.play = (request, response) => {
    if (request.method === 'DELETE') {
      revoked.push(JSON.parse(request.body.toString()).access_token);
      return void response.writeHead(204).end();
    }
    const body = request.target.startsWith('/login') ? { access_token: 'gho_1', scope: 'repo' } : { id: account, login: account };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  notion.play = ({ headers }, response) => {
    const good = headers.authorization === 'Bearer ntn_good';
    response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' });
    response.end(good ? '{"id":"bot-1","name":"Planning","bot":{}}' : '{"code":"unauthorized"}');
  };
  ada = await addUser(server);
  await server.gateway.db.updateTable('users').set({ plan: 'unlimited' }).where('id', '=', ada).execute();
  browser = await signedIn(server, ada);
  fullKey = await makeKey(browser);
});

interface Ask {
  id: string;
  link: string;
}

async function ask(authorization = fullKey, body: object = {}): Promise<Ask> {
  const { status, json, text } = await server.request('POST', '/v1/connect', { body: { integration: 'github', ...body }, authorization });
  expect(status, text).toBe(200);
  expect(json).toEqual({ oauth_url: `${browserEnv.PUBLIC_URL}/connect/${json.connection_id}`, connection_id: json.connection_id });
  return { id: json.connection_id, link: json.oauth_url };
}

const narrowKey = (scopes: string[]) => makeKey(browser, scopes);
const statusOf = async (id: string, authorization = fullKey) => (await server.request('GET', `/v1/connect/${id}`, { authorization })).json;
const rowOf = (id: string) => server.gateway.db.selectFrom('consents').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const accountsOf = async (who: Browser) =>
  (await who.graphql('{ connections { nodes { account isDefault } } }')).json.data.connections.nodes;
const toProvider = /^https:\/\/github\.com\/login\/oauth\/authorize\?/;
const pending = { status: 'pending', integration: 'github' };

describe('a link that was started with the whole integration', () => {
  it('goes on to the provider at once where the starter is signed in, and ties the consent to that browser', async () => {
    const { id, link } = await ask();
    const page = await browser.open(link);
    expect([page.status, page.headers.get('cache-control'), page.headers.get('referrer-policy')]).toEqual([302, 'no-store', 'no-referrer']);
    expect(page.headers.get('location')).toMatch(toProvider);
    const [cookie] = page.headers.getSetCookie();
    expect(cookie).toMatch(new RegExp(`^skillett_${id}=[\\w-]{43}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax$`));
    const stored = await rowOf(id);
    expect(Buffer.from(stored.browserHash as Buffer)).toHaveLength(32);
    expect(JSON.stringify(stored)).not.toContain(browser.cookies.get(`skillett_${id}`));

    const { comeBack } = await openLinkIn(browser, link);
    const done = await comeBack({ code: 'c' });
    expect(done.status).toBe(200);
    expect(done.text).toContain('The account &quot;ada-on-github&quot; can be used from now on.');
    expect(done.text).toContain(`href="${browserEnv.PUBLIC_URL}/dashboard/integrations/github"`);
    expect(browser.cookies.has(`skillett_${id}`)).toBe(false);
    expect(await statusOf(id)).toEqual({ status: 'connected', integration: 'github' });
    expect((await browser.open(link)).text).toContain('connected by this link before');
  });

  it('asks whoever is not signed in to do so, the same for an id that nobody has, and changes nothing for a preview', async () => {
    const { id, link } = await ask();
    const before = await rowOf(id);
    const made = `${browserEnv.PUBLIC_URL}/connect/conn_${'0'.repeat(32)}`;
    for (const at of [link, made]) {
      const page = await new Browser(server).open(at, { 'user-agent': 'Slackbot-LinkExpanding 1.0' });
      expect([page.status, page.headers.get('location'), page.headers.getSetCookie()]).toEqual([
        302,
        `${browserEnv.PUBLIC_URL}/sign-in?next=/connect/${at.split('/').at(-1)}`,
        [],
      ]);
    }
    const pressed = await new Browser(server).press(link, { answer: 'agree' });
    expect([pressed.status, pressed.headers.getSetCookie()]).toEqual([401, []]);
    expect(await rowOf(id)).toEqual(before);
    expect((await browser.open(link)).headers.get('location')).toMatch(toProvider);
  });

  it('is nothing to anybody else who is signed in, exactly as an id that nobody has', async () => {
    const { id, link } = await ask();
    const before = await rowOf(id);
    for (const other of [await signedIn(server, await addUser(server)), await signedInOwner(server)]) {
      const [theirs, unknown] = [await other.open(link), await other.open(`${browserEnv.PUBLIC_URL}/connect/conn_${'0'.repeat(32)}`)];
      expect([theirs.status, theirs.headers.getSetCookie()]).toEqual([404, []]);
      expect(theirs.text).toContain('Nothing waits for you here');
      expect(theirs.text).toBe(unknown.text);
      const pressed = await other.press(link, { answer: 'decline' });
      expect([pressed.status, pressed.text]).toEqual([404, unknown.text]);
    }
    expect(await rowOf(id)).toEqual(before);
  });

  it('does not let whoever sends the person to the provider have them finish it, nor be finished by them', async () => {
    const bob = await signedIn(server, await addUser(server));
    const bobsKey = await makeKey(bob);
    // Bob opens his own link and hands the provider's page on: the victim's account must not come to be Bob's.
    const bobs = await ask(bobsKey);
    const { state } = await openLinkIn(bob, bobs.link);
    for (const victim of [new Browser(server), browser]) {
      const page = await victim.request('GET', `/oauth/callback?code=c&state=${state}`);
      expect([page.status, page.headers.getSetCookie()]).toEqual([403, []]);
    }
    // Nor with a cookie that Bob planted in the victim's browser: it is not signed in as Bob.
    const held = bob.cookies.get(`skillett_${bobs.id}`) as string;
    const planted = await signedIn(server, ada);
    planted.cookies.set(`skillett_${bobs.id}`, held);
    expect((await planted.request('GET', `/oauth/callback?code=c&state=${state}`)).status).toBe(403);
    // Nor may Bob finish what Ada started.
    const adas = await ask();
    const opened = await openLinkIn(browser, adas.link);
    expect((await bob.request('GET', `/oauth/callback?code=c&state=${opened.state}`)).status).toBe(403);
    expect(github.received).toEqual([]);
    expect(await statusOf(bobs.id, bobsKey)).toEqual(pending);
    expect((await opened.comeBack({ code: 'c' })).status).toBe(200);
    expect(await accountsOf(bob)).toEqual([]);
  });

  it.each([
    ['a frame', { 'sec-fetch-dest': 'iframe' }],
    ['an image', { 'sec-fetch-dest': 'image' }],
    ['a script', { 'sec-fetch-dest': 'empty' }],
    ['a prefetch', { 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' }],
    ['a prerender', { 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch;prerender' }],
    ['a preview', { purpose: 'preview' }],
  ])('is not opened by %s', async (_name, headers) => {
    const { id, link } = await ask();
    const page = await browser.open(link, headers as Record<string, string>);
    expect([page.status, page.headers.get('location'), page.headers.getSetCookie()]).toEqual([400, null, []]);
    expect((await rowOf(id)).browserHash).toBeNull();
    const opened = await browser.open(link, { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' });
    expect(opened.headers.get('location')).toMatch(toProvider);
  });

  it('is not finished after the session ended, and is when the person signs in again', async () => {
    const { id, link } = await ask();
    const opened = await openLinkIn(browser, link);
    await browser.post('/sign-out', {});
    const refused = await opened.comeBack({ code: 'c' });
    expect([refused.status, refused.text]).toEqual([401, expect.stringContaining(link)]);
    expect(await statusOf(id)).toEqual(pending);
    const again = await signedIn(server, ada);
    for (const [name, value] of browser.cookies) if (!again.cookies.has(name)) again.cookies.set(name, value);
    const { comeBack, state } = await openLinkIn(again, link);
    expect(state).toBe(opened.state);
    expect((await comeBack({ code: 'c' })).status).toBe(200);
    expect((await comeBack({ code: 'c' })).status).toBe(400);
    expect(await statusOf(id)).toEqual({ status: 'connected', integration: 'github' });
  });

  it('ends when its key is revoked, its user closed, or its ten minutes are over', async () => {
    const key = await makeKey(browser);
    const [lost, late, closed] = [await ask(key), await ask(), await ask()];
    const { startedBy: keyId } = await rowOf(lost.id);
    await browser.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }', { id: keyId });
    const over = await browser.open(lost.link);
    expect([over.status, over.text]).toEqual([410, expect.stringContaining('was revoked')]);
    expect(await statusOf(lost.id)).toEqual({ status: 'error', integration: 'github', reason: 'failed' });
    server.gateway.clock.offsetMs = 601_000;
    try {
      expect((await browser.open(late.link)).text).toContain('last ten minutes');
    } finally {
      server.gateway.clock.offsetMs = 0;
    }
    await server.gateway.db.updateTable('users').set({ closedAt: new Date() }).where('id', '=', ada).execute();
    expect((await browser.open(closed.link)).status).not.toBe(302);
    expect((await rowOf(closed.id)).browserHash).toBeNull();
  });
});

describe('a link that a narrow key asked for', () => {
  it('shows which key asks and for what, and goes on only when the person agrees', async () => {
    const key = await narrowKey(['github:read', 'github.create_issue', 'notion']);
    await server.gateway.db
      .updateTable('apiKeys')
      .set({ name: '<b>Agent</b>\u202e "x"' })
      .where('keyPrefix', '=', key.slice(7, 18))
      .execute();
    const { id, link } = await ask(key, { account: 'work' });
    for (let turn = 0; turn < 2; turn += 1) {
      const page = await browser.open(link, { 'sec-fetch-dest': 'document' });
      expect([page.status, page.headers.getSetCookie()]).toEqual([200, []]);
      for (const part of [
        'Connect GitHub?',
        '&quot;&lt;b&gt;Agent&lt;/b&gt;\\u202e \\&quot;x\\&quot;&quot;',
        `<code>${key.slice(7, 18)}…</code>`,
        '<code>github:read</code>',
        '<code>github.create_issue</code>',
        '<code>repo</code>',
        '&quot;work&quot;',
        'the one you choose is what calls use when they name none',
      ])
        expect(page.text).toContain(part);
      expect(page.text).not.toContain('<code>notion</code>');
      expect(page.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
      );
      expect([page.headers.get('cache-control'), page.headers.get('referrer-policy')]).toEqual(['no-store', 'same-origin']);
    }
    expect((await rowOf(id)).browserHash).toBeNull();
    expect(await statusOf(id, key)).toEqual(pending);

    const { url, comeBack } = await openLinkIn(browser, link);
    expect(url.href).toMatch(toProvider);
    expect((await comeBack({ code: 'c' })).text).toContain('The account &quot;work&quot; can be used');
    expect(await statusOf(id, key)).toEqual({ status: 'connected', integration: 'github' });
    const trail = await server.gateway.db
      .selectFrom('auditRows')
      .select(['action', 'actor'])
      .where('target', '=', id)
      .orderBy('id')
      .execute();
    expect(trail.map(({ action, actor }) => [action, actor.split('_')[0]])).toEqual([
      ['consent.started', 'key'],
      ['consent.confirmed', 'sess'],
      ['connection.created', 'key'],
    ]);
  });

  it('ends as denied when the person declines, and can be agreed to no more', async () => {
    const key = await narrowKey(['github.create_issue']);
    const { id, link } = await ask(key);
    const page = await browser.press(link, { answer: 'decline' });
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('Nothing was connected')]);
    expect(await statusOf(id, key)).toEqual({ status: 'error', integration: 'github', reason: 'denied' });
    for (const late of [await browser.press(link, { answer: 'agree' }), await browser.open(link)])
      expect([late.status, late.text]).toEqual([410, expect.stringContaining('It was declined')]);
    const { actor } = await server.gateway.db
      .selectFrom('auditRows')
      .select('actor')
      .where('target', '=', id)
      .where('action', '=', 'consent.failed')
      .executeTakeFirstOrThrow();
    expect(actor).toMatch(/^sess_/);
  });

  it.each([
    ['another site’s page', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['no origin', { origin: '' }],
    ['the same host on another port', { origin: 'http://localhost:4001' }],
  ])('is neither agreed to nor declined by a form of %s', async (_name, headers) => {
    const key = await narrowKey(['github:read']);
    const { id, link } = await ask(key);
    const before = await rowOf(id);
    for (const answer of ['agree', 'decline']) {
      const page = await browser.press(link, { answer }, headers as Record<string, string>);
      expect([page.status, page.headers.getSetCookie()]).toEqual([403, []]);
    }
    expect((await browser.press(link, { answer: 'agree' }, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await browser.press(link, { answer: 'anything' })).text).toContain('Connect GitHub?');
    expect(await rowOf(id)).toEqual(before);
    expect((await browser.press(link, { answer: 'agree' })).text).toContain('Going on to GitHub');
  });

  it('replaces a credential only by the person’s hand, says so before, and renames nothing', async () => {
    await (await openLinkIn(browser, (await ask()).link)).comeBack({ code: 'c' });
    account = 'ada-at-work';
    await (await openLinkIn(browser, (await ask()).link)).comeBack({ code: 'c' });
    const key = await narrowKey(['github:read']);
    const { link } = await ask(key, { account: 'renamed' });
    expect((await browser.open(link)).text).toContain(
      'Connected already: &quot;ada-on-github&quot; (the default), &quot;ada-at-work&quot;. If you choose one of these again, its credential is replaced',
    );
    const { comeBack } = await openLinkIn(browser, link);
    expect((await comeBack({ code: 'c' })).text).toContain('The account &quot;ada-at-work&quot; was connected before');
    expect(await accountsOf(browser)).toEqual([
      { account: 'ada-on-github', isDefault: true },
      { account: 'ada-at-work', isDefault: false },
    ]);
    // A key for the integration may do by itself what the narrow one asked for.
    const whole = await narrowKey(['github']);
    await (await openLinkIn(browser, (await ask(whole, { account: 'renamed' })).link)).comeBack({ code: 'c' });
    expect((await accountsOf(browser))[1]).toEqual({ account: 'renamed', isDefault: false });
  });

  it('gives no credential, renames and chooses nothing itself, over every door', async () => {
    const { json } = await server.request('POST', '/v1/connect', {
      body: { integration: 'notion', credentials: { token: 'ntn_good' } },
      authorization: fullKey,
    });
    const key = await narrowKey(['notion:read']);
    const body = { integration: 'notion', credentials: { token: 'ntn_good' } };
    const refused = await server.request('POST', '/v1/connect', { body, authorization: key });
    expect([refused.status, refused.json.error, refused.json.message]).toEqual([
      403,
      'forbidden',
      expect.stringContaining('scope `notion` or `*`'),
    ]);
    const id = json.connection_id;
    for (const change of [
      `startConnection(integration: "notion", credentials: {token: "ntn_good"}) { status }`,
      `renameConnection(id: "${id}", account: "x") { id }`,
      `setDefaultConnection(id: "${id}") { connection { id } }`,
      `disconnect(id: "${id}") { revoked }`,
    ]) {
      const answer = await server.graphql(`mutation { ${change} }`, {}, { authorization: key });
      expect([answer.json.errors?.[0].extensions.code, answer.json.errors?.[0].message], change).toEqual([
        'forbidden',
        expect.stringContaining('`notion` or `*`'),
      ]);
    }
    expect((await server.request('DELETE', `/v1/connect/${id}`, { authorization: key })).status).toBe(403);
    expect(await accountsOf(browser)).toEqual([{ account: 'Planning', isDefault: true }]);
    expect((await server.request('DELETE', `/v1/connect/${id}`, { authorization: await narrowKey(['notion']) })).status).toBe(204);
  });

  it('ends when the key is revoked between its question and the answer', async () => {
    const key = await narrowKey(['github:read']);
    const { id, link } = await ask(key);
    const opened = await openLinkIn(browser, link);
    await browser.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }', { id: (await rowOf(id)).startedBy });
    const page = await opened.comeBack({ code: 'c' });
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('was revoked')]);
    expect(revoked).toEqual(['gho_1']);
    expect(await statusOf(id)).toEqual({ status: 'error', integration: 'github', reason: 'failed' });
  });
});

describe('where a service takes a credential only', () => {
  const connecting = { integration: 'notion' };

  it.each(['notion:read', '*'])('the person enters it on the page, whatever scope (%s) the key has', async (scope) => {
    const key = scope === '*' ? fullKey : await narrowKey([scope]);
    const { id, link } = await ask(key, connecting);
    const page = await browser.open(link);
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/<input id="bearer-token" name="credential\.token" type="password" value="" autocomplete="off"/);
    expect(page.text).toContain('<code>ntn_…</code>');
    expect(page.text.includes('Decline')).toBe(scope !== '*');

    for (const [token, words] of [
      ['ntn_bad', 'refused the credential'],
      ['', 'is empty or holds characters'],
      ['a\nb', 'holds characters that cannot be sent'],
    ] as const) {
      const refused = await browser.press(link, { answer: 'connect', 'credential.token': token });
      expect([refused.status, refused.headers.get('location')]).toEqual([400, null]);
      expect(refused.text).toContain(words);
      expect(refused.text).toContain('role="alert"');
      if (token) expect(refused.text).not.toContain(token);
    }
    expect(await statusOf(id, key)).toEqual({ status: 'pending', integration: 'notion' });

    const done = await browser.press(link, { answer: 'connect', 'credential.token': ' ntn_good ' });
    expect([done.status, done.text]).toEqual([200, expect.stringContaining('The account &quot;Planning&quot; can be used')]);
    expect(await statusOf(id, key)).toEqual({ status: 'connected', integration: 'notion' });
    expect((await browser.press(link, { answer: 'connect', 'credential.token': 'ntn_good' })).text).toContain('This is done');
    for (const secret of ['ntn_good', 'ntn_bad']) expect(server.log.join('\n')).not.toContain(secret);
    const trail = await server.gateway.db
      .selectFrom('auditRows')
      .select('actor')
      .where('target', '=', id)
      .where('action', '=', 'connection.created')
      .execute();
    expect(trail).toEqual([{ actor: expect.stringMatching(/^sess_/) }]);
  });

  it('two answers at once make one connection, and another site’s form makes none', async () => {
    const { link } = await ask(await narrowKey(['notion:read']), connecting);
    const form = { answer: 'connect', 'credential.token': 'ntn_good' };
    expect((await browser.press(link, form, { origin: 'https://evil.example' })).status).toBe(403);
    expect(notion.received).toEqual([]);
    const answers = await Promise.all([browser.press(link, form), browser.press(link, form)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      expect.toSatisfy((status: number) => status === 410 || status === 200),
    ]);
    expect(await accountsOf(browser)).toEqual([{ account: 'Planning', isDefault: true }]);
    const tooLong = await browser.press((await ask(fullKey, connecting)).link, {
      answer: 'connect',
      'credential.token': 'x'.repeat(70_000),
    });
    expect(tooLong.status).toBe(413);
  });
});

describe('an operator who revokes in bulk', () => {
  const revoke = async (target: Record<string, string>) => {
    const { json } = await (await signedInOwner(server)).graphql(
      'mutation ($t: BulkTarget!) { revokeConnections(target: $t) { remaining outcomes { outcome revoked userId connection { id status } } } }',
      { t: target },
    );
    expect(json.data.revokeConnections.remaining).toBe(0);
    // biome-ignore lint/suspicious/noExplicitAny: outcomes as they are answered
    return new Map(json.data.revokeConnections.outcomes.map((entry: any) => [entry.connection.id, [entry.outcome, entry.revoked]]));
  };
  const failed = { status: 'error', integration: 'github', reason: 'failed' };

  it('ends what a user or a key has pending, and nothing of others', async () => {
    const bobs = await signedIn(server, await addUser(server));
    const bobsKey = await makeKey(bobs);
    const [byKey, theirs] = [await ask(), await ask(bobsKey)];
    const bySession = (await browser.graphql('mutation { startConnection(integration: "github") { connectionId } }')).json.data
      .startConnection.connectionId;
    const opened = await openLinkIn(browser, byKey.link);
    const unsupported = await revoke({ keyId: (await rowOf(byKey.id)).startedBy });
    expect([...unsupported.keys()]).toEqual([byKey.id]);
    expect((await opened.comeBack({ code: 'c' })).status).toBe(400);
    expect(await statusOf(byKey.id)).toEqual(failed);
    expect([...(await revoke({ userId: ada })).keys()]).toEqual([bySession]);
    expect((await (await openLinkIn(bobs, theirs.link)).comeBack({ code: 'c' })).status).toBe(200);
  });

  it('ends a consent that is being completed at that moment: nothing is connected, and its grant is revoked', async () => {
    const { id, link } = await ask();
    const { comeBack } = await openLinkIn(browser, link);
    const { play } = github;
    github.play = async (...asked) => {
      if (asked[0].target.startsWith('/login')) expect([...(await revoke({ userId: ada })).keys()]).toEqual([id]);
      return play(...asked);
    };
    const page = await comeBack({ code: 'c' });
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('was cancelled before it was complete')]);
    expect(revoked).toEqual(['gho_1']);
    expect(await statusOf(id)).toEqual(failed);
  });
});
