import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { admitNewcomer, RegistrationRefused } from '../../src/domains/users/registration.ts';
import { findUserByEmail } from '../../src/domains/users/store.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Browser, browserEnv } from './browser.ts';
import { addUser, signedIn, signedInOwner } from './person.ts';

const password = 'correct horse battery';
const invite =
  'mutation ($email: String!, $plan: PlanName) { inviteUser(email: $email, plan: $plan) { url invitation { id email plan state } } }';

/** What the sign-up page sends after an invitation's link was opened. */
function accept(server: TestServer, link: string, changes: Record<string, unknown> = {}) {
  const query = new URL(link).searchParams;
  const body = { name: 'Guest', email: query.get('email'), password, invitation: query.get('invitation'), ...changes };
  return new Browser(server).post('/sign-up/email', body);
}

describe('with SKILLETT_SIGN_UP=invited', () => {
  let server: TestServer;
  let owner: Browser;
  beforeAll(async () => {
    server = await startTestServer({ env: { ...browserEnv, SKILLETT_SIGN_UP: 'invited' } });
    owner = await signedInOwner(server);
  });
  afterAll(() => server.close());

  const inviteOne = async (email: string, plan?: string) => (await owner.graphql(invite, { email, plan })).json.data.inviteUser;

  it('an invitation’s link makes the account for its address, on its plan, and signs in', async () => {
    const { url, invitation } = await inviteOne('Guest@example.org', 'PRO');
    expect(invitation).toMatchObject({ email: 'guest@example.org', plan: 'PRO', state: 'OPEN' });
    expect(url).toMatch(/^http:\/\/localhost:4000\/sign-up\?invitation=[\w-]{43}&email=guest%40example\.org$/);
    const query = new URL(url).searchParams;
    const guest = new Browser(server);
    const body = { name: 'Guest', email: 'Guest@Example.org', password, invitation: query.get('invitation') };
    expect((await guest.post('/sign-up/email', { ...body, plan: 'unlimited' })).status).toBe(400);
    const made = await guest.post('/sign-up/email', { ...body, isOwner: true, is_owner: true, emailVerified: true, limits: {} });
    expect(made).toMatchObject({ status: 200, json: { user: { emailVerified: false } } });
    const viewer = await guest.graphql('{ viewer { plan { name } user { id email isOwner } scopes } }');
    expect(viewer.json.data.viewer).toMatchObject({
      plan: { name: 'PRO' },
      user: { email: 'guest@example.org', isOwner: false },
      scopes: ['*'],
    });
    const { json } = await owner.graphql('{ invitations { nodes { id state userId } } }');
    expect(json.data.invitations.nodes).toContainEqual({ id: invitation.id, state: 'ACCEPTED', userId: viewer.json.data.viewer.user.id });
    const again = await accept(server, url, { email: 'guest@example.org' });
    expect(again).toMatchObject({ status: 403, json: { code: 'SIGN_UP_REFUSED' } });
  });

  it('without one, with a wrong one or for another address there is no account, and an address that has one is answered alike', async () => {
    await addUser(server, 'member@example.org');
    const { url } = await inviteOne('intended@example.org');
    const refused = await Promise.all([
      accept(server, url, { invitation: undefined }),
      accept(server, url, { invitation: 'a'.repeat(43) }),
      accept(server, url, { invitation: ['x'] }),
      accept(server, url, { email: 'other@example.org' }),
      accept(server, url, { email: 'member@example.org' }),
    ]);
    for (const answer of refused) expect(answer).toMatchObject({ status: 403, json: refused[0]?.json });
    expect(refused[0]?.json.message).toContain('invitation');
    expect((await accept(server, url)).status).toBe(200);
  });

  it('is used once, also when it is accepted several times at the same moment', async () => {
    const { url } = await inviteOne('race@example.org');
    const answers = await Promise.all(Array.from({ length: 8 }, () => accept(server, url)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const users = await server.gateway.db.selectFrom('users').select('id').where('email', '=', 'race@example.org').execute();
    expect(users).toHaveLength(1);
  });

  it('is good for seven days, and until it is withdrawn or replaced', async () => {
    const old = await inviteOne('slow@example.org');
    server.gateway.clock.offsetMs = 7 * 86_400_000 + 1_000;
    try {
      expect((await accept(server, old.url)).status).toBe(403);
      const listed = await owner.graphql('{ invitations(first: 1) { nodes { id state } } }');
      expect(listed.json.data.invitations.nodes).toEqual([{ id: old.invitation.id, state: 'EXPIRED' }]);
    } finally {
      server.gateway.clock.offsetMs = 0;
    }
    const withdrawn = await inviteOne('unwanted@example.org');
    const answer = await owner.graphql('mutation ($id: ID!) { withdrawInvitation(id: $id) { state } }', { id: withdrawn.invitation.id });
    expect(answer.json.data.withdrawInvitation.state).toBe('WITHDRAWN');
    expect((await accept(server, withdrawn.url)).status).toBe(403);
    const first = await inviteOne('replaced@example.org');
    const second = await inviteOne('Replaced@example.org');
    expect((await accept(server, first.url)).status).toBe(403);
    expect((await accept(server, second.url)).status).toBe(200);
    const unknown = await owner.graphql('mutation { withdrawInvitation(id: "inv_0") { id } }');
    expect(unknown.json.errors[0].extensions.code).toBe('not_found');
  });

  it('an address with an account is not invited', async () => {
    await addUser(server, 'here@example.org');
    const { json } = await owner.graphql(invite, { email: 'Here@example.org' });
    expect(json.errors[0].extensions.code).toBe('conflict');
  });

  it('a provider that vouches for the address stands in for the link’s token, once; one that does not is no proof', async () => {
    await inviteOne('google@example.org', 'PRO');
    const { gateway } = server;
    const admit = (email: string, emailVerified: boolean) => admitNewcomer(gateway, { email, emailVerified, token: undefined });
    await expect(admit('google@example.org', false)).rejects.toThrow(RegistrationRefused);
    await expect(admit('stranger@example.org', true)).rejects.toThrow(RegistrationRefused);
    expect(await admit('Google@example.org', true)).toBe('pro');
    await expect(admit('google@example.org', true)).rejects.toThrow(RegistrationRefused);
    // Its account never came into being, so a minute later the invitation is open again.
    gateway.clock.offsetMs = 61_000;
    try {
      expect(await admit('google@example.org', true)).toBe('pro');
    } finally {
      gateway.clock.offsetMs = 0;
    }
  });

  it('tokens are kept as hashes, and every step is on record', async () => {
    const { url, invitation } = await inviteOne('recorded@example.org');
    expect((await accept(server, url)).status).toBe(200);
    const { db } = server.gateway;
    const rows = await db.selectFrom('auditRows').selectAll().execute();
    const dump = JSON.stringify([rows, await db.selectFrom('invitations').selectAll().execute()]);
    expect(dump).not.toContain(new URL(url).searchParams.get('invitation'));
    expect(server.log.join('')).not.toContain(new URL(url).searchParams.get('invitation'));
    expect(rows.find((row) => row.action === 'invitation.created' && row.target === invitation.id)?.details).toEqual({
      email: 'recorded@example.org',
      plan: 'free',
    });
    expect(rows.find((row) => row.action === 'user.created' && row.details.invitation === invitation.id)).toBeDefined();
    expect(rows.filter((row) => row.action === 'invitation.withdrawn').length).toBeGreaterThanOrEqual(2);
  });
});

describe('with SKILLETT_SIGN_UP=nobody', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ env: browserEnv });
  });
  afterAll(() => server.close());

  it('nobody makes an account, and inviting somebody says what to set', async () => {
    await addUser(server, 'member@example.org');
    for (const email of ['new@example.org', 'member@example.org']) {
      const answer = await new Browser(server).post('/sign-up/email', { name: 'New', email, password });
      expect(answer).toMatchObject({ status: 403, json: { code: 'SIGN_UP_REFUSED', message: expect.stringContaining('no new accounts') } });
    }
    const { json } = await (await signedInOwner(server)).graphql(invite, { email: 'guest@example.org' });
    expect(json.errors[0]).toMatchObject({ message: expect.stringContaining('SKILLETT_SIGN_UP'), extensions: { code: 'conflict' } });
    expect(await server.gateway.db.selectFrom('invitations').selectAll().execute()).toEqual([]);
  });
});

describe('with SKILLETT_SIGN_UP=anyone', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ env: { ...browserEnv, SKILLETT_SIGN_UP: 'anyone', SKILLETT_DEFAULT_PLAN: 'pro' } });
  });
  afterAll(() => server.close());

  it('an account is made on the default plan, and one with an invitation on the invitation’s', async () => {
    const plain = new Browser(server);
    await plain.post('/sign-up/email', { name: 'Plain', email: 'plain@example.org', password });
    expect((await plain.graphql('{ viewer { plan { name } } }')).json.data.viewer.plan.name).toBe('PRO');
    const owner = await signedInOwner(server);
    const { url } = (await owner.graphql(invite, { email: 'vip@example.org', plan: 'UNLIMITED' })).json.data.inviteUser;
    expect((await accept(server, url)).status).toBe(200);
    const vip = (await owner.graphql('{ users(search: "vip@") { nodes { plan { name } } } }')).json.data.users.nodes;
    expect(vip).toEqual([{ plan: { name: 'UNLIMITED' } }]);
    const twice = await new Browser(server).post('/sign-up/email', { name: 'Plain', email: 'plain@example.org', password });
    expect(twice.status).toBe(422);
  });

  it('takes a name without what could hide or break the text around it, and nothing else that a newcomer says of themselves', async () => {
    const signUp = async (name: string, more: object = {}) => {
      const email = `named-${Math.random()}@example.org`;
      const { status } = await new Browser(server).post('/sign-up/email', { name, email, password: 'correct horse battery', ...more });
      return { status, user: await findUserByEmail(server.gateway.db, email), email };
    };
    expect((await signUp('Zoë  Ångström 李')).user?.displayName).toBe('Zoë Ångström 李');
    expect((await signUp('A\u0000da\r\n\u202eevil')).user?.displayName).toBe('A da evil');
    expect((await signUp('x'.repeat(5000))).user?.displayName).toBe('x'.repeat(100));
    const nameless = await signUp(' \u200b ');
    expect(nameless.user?.displayName).toBe(nameless.email.split('@')[0]);
    const claims = await signUp('Eve', {
      emailVerified: true,
      isOwner: true,
      is_owner: true,
      image: 'https://evil.example/p.png',
      id: 'user_0',
    });
    expect(claims.user).toMatchObject({ emailVerified: false, isOwner: false, image: null });
    expect(claims.user?.id).not.toBe('user_0');
    expect((await signUp('Eve', { plan: 'unlimited' })).user).toBeUndefined();
  });

  it('a session made by signing up is that person’s alone', async () => {
    const id = await addUser(server, 'alone@example.org');
    const browser = await signedIn(server, id);
    expect(await browser.whoAmI()).toBe('alone@example.org');
    expect(await new Browser(server).whoAmI()).toBeUndefined();
  });
});
