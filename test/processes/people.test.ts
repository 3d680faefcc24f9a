import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, browserEnv } from '../people/browser.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { runToEnd, type ServerProcess, startProcess } from '../support/process.ts';

const password = 'correct horse battery';
const linkLine = /^http:\/\/localhost:4000\/api\/auth\/link\?token=\S+$/m;

let env: Record<string, string>;
let drop: () => Promise<void>;
let servers: [ServerProcess, ServerProcess];
let owner: Browser;
beforeAll(async () => {
  const database = await createEmptyDatabase();
  drop = database.drop;
  env = {
    ...browserEnv,
    DATABASE_URL: database.url,
    SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'),
    SKILLETT_SIGN_UP: 'anyone',
  };
  const first = await startProcess(env);
  servers = [first, await startProcess(env)];
  owner = new Browser(first);
  await owner.open(first.stdout().match(linkLine)?.[0] as string);
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await drop();
});

/** The same cookies at another process. */
function at(server: ServerProcess, browser: Browser, address?: string): Browser {
  const other = new Browser(server, address);
  for (const [name, value] of browser.cookies) other.cookies.set(name, value);
  return other;
}

async function signUp(email: string): Promise<{ browser: Browser; id: string }> {
  const browser = new Browser(servers[0]);
  const { status, json } = await browser.post('/sign-up/email', { name: 'Ada', email, password });
  expect(status, JSON.stringify(json)).toBe(200);
  return { browser, id: json.user.id };
}

async function call(server: ServerProcess, key: string) {
  const answer = await fetch(`${server.url}/v1/open_meteo/get_forecast`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"params":{}}',
  });
  return (await answer.json()) as { error: string; message: string };
}

async function makeKey(browser: Browser): Promise<string> {
  return (await browser.graphql('mutation { createApiKey(name: "A key") { fullKey } }')).json.data.createApiKey.fullKey;
}

describe('with two processes on one database', () => {
  it('the first start printed one link, which signed the owner in', async () => {
    const printed = servers.map((server) => server.stdout()).join('');
    expect(printed.match(new RegExp(linkLine, 'gm'))).toHaveLength(1);
    expect(await owner.whoAmI()).toBe('owner@skillett.invalid');
    expect(await at(servers[1], owner).whoAmI()).toBe('owner@skillett.invalid');
  });

  it('the command makes another link while they run', async () => {
    const { code, stdout } = await runToEnd({ ...env, LOG_LEVEL: 'silent' }, ['sign-in-link']);
    expect(code).toBe(0);
    const browser = new Browser(servers[1]);
    await browser.open(stdout.trim());
    expect(await browser.whoAmI()).toBe('owner@skillett.invalid');
    const nobody = await runToEnd({ ...env, LOG_LEVEL: 'silent' }, ['sign-in-link', 'nobody@example.org']);
    expect(nobody).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('nobody@example.org') });
  });

  it('signing out everywhere holds on the next request on each', async () => {
    const { browser } = await signUp('everywhere@example.org');
    const second = new Browser(servers[1]);
    await second.post('/sign-in/email', { email: 'everywhere@example.org', password });
    expect(await at(servers[0], second).whoAmI()).toBe('everywhere@example.org');
    expect((await browser.post('/revoke-sessions', {})).status).toBe(200);
    for (const server of servers) for (const session of [browser, second]) expect(await at(server, session).whoAmI()).toBeUndefined();
  });

  it('a changed password ends the other sessions on each, and keeps this one', async () => {
    const { browser } = await signUp('changed@example.org');
    const second = new Browser(servers[1]);
    await second.post('/sign-in/email', { email: 'changed@example.org', password });
    const changed = await browser.graphql(
      'mutation ($currentPassword: String!, $newPassword: String!) { changePassword(currentPassword: $currentPassword, newPassword: $newPassword) { id } }',
      { currentPassword: password, newPassword: 'another horse battery' },
    );
    expect(changed.json.errors).toBeUndefined();
    for (const server of servers) {
      expect(await at(server, second).whoAmI()).toBeUndefined();
      expect(await at(server, browser).whoAmI()).toBe('changed@example.org');
    }
  });

  it('a closed user’s keys and sessions stop at once on each, and there is no way back in', async () => {
    const { browser, id } = await signUp('closed@example.org');
    const key = await makeKey(browser);
    const link = (await owner.graphql('mutation ($id: ID!) { createSignInLink(userId: $id) { url } }', { id })).json.data.createSignInLink
      .url;
    for (const server of servers) expect((await call(server, key)).error).toBe('bad_request');
    const closed = await owner.graphql(
      'mutation ($id: ID!) { closeUser(userId: $id) { user { closedAt } connections { remaining outcomes { outcome } } } }',
      { id },
    );
    expect(closed.json.data.closeUser).toEqual({ user: { closedAt: expect.any(String) }, connections: { remaining: 0, outcomes: [] } });
    for (const server of servers) {
      expect((await call(server, key)).error).toBe('api_key_revoked');
      expect(await at(server, browser).whoAmI()).toBeUndefined();
    }
    const again = await new Browser(servers[1]).post('/sign-in/email', { email: 'closed@example.org', password });
    expect(again).toMatchObject({ status: 403, json: { code: 'ACCOUNT_CLOSED' } });
    expect((await new Browser(servers[1]).open(link)).headers.get('location')).toContain('/sign-in?error=');
    const refused = await owner.graphql('mutation ($id: ID!) { createSignInLink(userId: $id) { url } }', { id });
    expect(refused.json.errors[0].extensions.code).toBe('conflict');
    const trail = await owner.graphql('query ($id: ID!) { user(id: $id) { closedAt } auditRows(target: $id) { nodes { action } } }', {
      id,
    });
    expect(trail.json.data.user.closedAt).not.toBeNull();
    expect(trail.json.data.auditRows.nodes.map((row: { action: string }) => row.action)).toContain('user.closed');
  });

  it('limits changed for one user count from the next call on, on each', async () => {
    const { browser, id } = await signUp('limited@example.org');
    const key = await makeKey(browser);
    // Without its parameters a call is refused after the limits, and has counted.
    for (const server of servers) expect((await call(server, key)).error).toBe('bad_request');
    const set = (limit: string) => owner.graphql(`mutation ($id: ID!) { setLimits(userId: $id, perDay: ${limit}) { id } }`, { id });
    await set('{ max: 3 }');
    expect((await call(servers[1], key)).error).toBe('bad_request');
    for (const server of servers)
      expect(await call(server, key)).toMatchObject({ error: 'daily_limit_reached', message: expect.stringContaining('(3)') });
    await set('{ none: true }');
    for (const server of servers) expect((await call(server, key)).error).toBe('bad_request');
  });

  /** A password at one of the servers in turn, from a browser that nobody knows. */
  const guess = (email: string, turn: number, word = 'wrong wrong wrong', address?: string) =>
    new Browser(servers[turn % 2] as ServerProcess, address).post('/sign-in/email', { email, password: word });
  const count = (answers: { status: number }[], status: number) => answers.filter((answer) => answer.status === status).length;

  it('wrong passwords of a network are counted together, exactly, and the right one is refused with them there and nowhere else', async () => {
    const { browser } = await signUp('guessed@example.org');
    const fromOneNetwork = (email: string, times: number) =>
      Promise.all(Array.from({ length: times }, (_, turn) => guess(email, turn, undefined, `10.7.7.${turn}`)));
    const answers = await fromOneNetwork('guessed@example.org', 24);
    expect(count(answers, 401)).toBe(10);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(14);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(800);
    expect(refused[0]?.json.message).toMatch(/Try again in 1\d minutes, or sign in with a link/);
    expect((await guess(' Guessed@example.org', 0, password, '10.7.7.200')).status).toBe(429);
    expect((await guess('guessed@example.org', 1, password, '10.7.8.1')).status).toBe(200);
    // A browser that signed in before is not kept out, wherever it is and whether or not it signed out.
    await browser.post('/sign-out', {});
    const known = at(servers[1], browser, '10.7.7.201');
    expect((await known.post('/sign-in/email', { email: 'guessed@example.org', password })).status).toBe(200);
    expect((await guess('guessed@example.org', 0, password, '10.7.7.202')).status).toBe(429);
    // An address without an account is answered alike.
    const unknown = await fromOneNetwork('no-account@example.org', 12);
    expect(count(unknown, 401)).toBe(10);
    expect(unknown.find(({ status }) => status === 401)?.json).toEqual(answers.find(({ status }) => status === 401)?.json);
    const shape = ({ error, message }: { error: string; message: string }) => ({ error, message: message.replace(/\d+ minutes/, '') });
    expect(shape(unknown.find(({ status }) => status === 429)?.json)).toEqual(shape(refused[0]?.json));
  });

  it('an account takes 100 wrong passwords a day from all networks together, and still the right one from a browser it knows', async () => {
    const { browser } = await signUp('daily@example.org');
    const answers: Awaited<ReturnType<typeof guess>>[] = [];
    // In waves: a password takes a tenth of a second to look at, and a hundred at once would wait for longer than the database does.
    for (let wave = 0; wave < 5; wave += 1)
      answers.push(
        ...(await Promise.all(
          Array.from({ length: 22 }, (_, turn) => guess('daily@example.org', turn, undefined, `10.8.${wave * 11 + (turn >> 1)}.1`)),
        )),
      );
    expect(answers.map(({ status }) => status).filter((status) => status !== 401)).toEqual(new Array(10).fill(429));
    expect(answers.find(({ status }) => status === 429)?.json.message).toMatch(/within a day\. Try again in 24 hours, use a browser/);
    expect((await guess('daily@example.org', 0, password, '2001:db8:1::1')).status).toBe(429);
    // The name of a known browser is good for its own account alone, and not when it was changed.
    const cookie = (await signUp('other@example.org')).browser.cookies.get('skillett_known') as string;
    const own = browser.cookies.get('skillett_known') as string;
    const [name, expiresAt, signature] = own.split('~') as [string, string, string];
    for (const made of [cookie, `${name}~${Number(expiresAt) + 1}~${signature}`, `${'A'.repeat(22)}~${expiresAt}~${signature}`]) {
      const thief = new Browser(servers[0], '10.9.0.1');
      thief.cookies.set('skillett_known', made);
      expect((await thief.post('/sign-in/email', { email: 'daily@example.org', password })).status).toBe(429);
    }
    await browser.post('/sign-out', {});
    const known = await at(servers[1], browser).post('/sign-in/email', { email: 'daily@example.org', password });
    expect(known.status).toBe(200);
    const line = known.headers.getSetCookie().find((set) => set.startsWith('skillett_known=')) as string;
    expect(line).toMatch(/; Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax$/);
    expect(line).not.toContain('daily');
    // The right password does not begin the day of the strangers anew, and its own wrong ones are counted too.
    expect((await guess('daily@example.org', 1, undefined, '10.9.0.2')).status).toBe(429);
    const thief = new Browser(servers[0], '10.9.0.3');
    thief.cookies.set('skillett_known', own);
    const stolen = await Promise.all(
      Array.from({ length: 12 }, (_, turn) => {
        const one = at(servers[turn % 2] as ServerProcess, thief, `10.9.${turn}.4`);
        return one.post('/sign-in/email', { email: 'daily@example.org', password: 'wrong wrong wrong' });
      }),
    );
    expect(count(stolen, 401)).toBe(10);
    expect(stolen.find(({ status }) => status === 429)?.json.message).toContain('from this browser');
  });

  it('an attacker’s /64 of IPv6 is one network', async () => {
    await signUp('rotated@example.org');
    const from = (network: string) =>
      Promise.all(Array.from({ length: 12 }, (_, turn) => guess('rotated@example.org', turn, undefined, `${network}::${turn + 1}`)));
    expect(count(await from('2001:db8:7:1'), 401)).toBe(10);
    expect(count(await from('2001:db8:7:2'), 401)).toBe(10);
  });
});
