import { randomBytes, scryptSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createOperatorLink } from '../../src/app/process/first-start.ts';
import { makeSignInLink } from '../../src/domains/users/sign-in/sign-in-links.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Browser, browserEnv } from './browser.ts';
import { addUser, makeKey, signedIn, signedInOwner } from './person.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { ...browserEnv, SKILLETT_SIGN_UP: 'anyone' } });
});
afterAll(() => server.close());

const setPassword = 'mutation ($newPassword: String!) { setPassword(newPassword: $newPassword) { id } }';
const changePassword =
  'mutation ($currentPassword: String!, $newPassword: String!) { changePassword(currentPassword: $currentPassword, newPassword: $newPassword) { id } }';
const updateProfile =
  'mutation ($displayName: String, $email: String) { updateProfile(displayName: $displayName, email: $email) { displayName email } }';
const password = 'correct horse battery';

const codeOf = ({ json }: { json: { errors?: { extensions: { code: string } }[] } }) => json.errors?.[0]?.extensions.code;

async function signsIn(email: string, secret: string): Promise<number> {
  return (await new Browser(server).post('/sign-in/email', { email, password: secret })).status;
}

describe('the owner', () => {
  it('comes by the link, sets name, address and password, and signs in with them from then on', async () => {
    const options = '{ signInOptions { providers signUp ownerHasSignedIn } }';
    const before = await new Browser(server).graphql(options);
    expect(before.json.data.signInOptions).toEqual({ providers: [], signUp: 'ANYONE', ownerHasSignedIn: false });
    const owner = new Browser(server);
    await owner.open(await createOperatorLink(server.gateway));
    expect((await new Browser(server).graphql(options)).json.data.signInOptions.ownerHasSignedIn).toBe(true);

    const ways = '{ viewer { hasPassword signInMethods } }';
    expect((await owner.graphql(ways)).json.data.viewer).toEqual({ hasPassword: false, signInMethods: [] });
    const profile = await owner.graphql(updateProfile, { displayName: ' Grace ', email: 'Grace@Example.org' });
    expect(profile.json.data.updateProfile).toEqual({ displayName: 'Grace', email: 'grace@example.org' });
    expect((await owner.graphql(setPassword, { newPassword: password })).json.errors).toBeUndefined();
    expect((await owner.graphql(ways)).json.data.viewer).toEqual({ hasPassword: true, signInMethods: ['password'] });

    expect(await signsIn('owner@skillett.invalid', password)).toBe(401);
    const again = new Browser(server);
    expect((await again.post('/sign-in/email', { email: 'grace@example.org', password })).status).toBe(200);
    expect((await again.graphql('{ viewer { scopes } }')).json.data.viewer.scopes).toEqual(['*', 'operator']);
    expect((await again.post('/sign-out', {})).status).toBe(200);
    expect(await again.whoAmI()).toBeUndefined();
  });
});

describe('a password', () => {
  it('is set once; after that only the current one or a fresh link lets it be replaced', async () => {
    const id = await addUser(server, 'twice@example.org');
    const first = await signedIn(server, id);
    expect((await first.graphql(setPassword, { newPassword: password })).json.errors).toBeUndefined();

    const byPassword = new Browser(server);
    await byPassword.post('/sign-in/email', { email: 'twice@example.org', password });
    expect(codeOf(await byPassword.graphql(setPassword, { newPassword: 'a stranger’s password' }))).toBe('conflict');
    expect(await signsIn('twice@example.org', password)).toBe(200);

    const byLink = await signedIn(server, id);
    expect((await byLink.graphql(setPassword, { newPassword: 'after it was lost' })).json.errors).toBeUndefined();
    expect(await signsIn('twice@example.org', password)).toBe(401);
    expect(await signsIn('twice@example.org', 'after it was lost')).toBe(200);
    // Setting it ended the sessions that may have been somebody else's.
    expect(await byPassword.whoAmI()).toBeUndefined();
    expect(await byLink.whoAmI()).toBe('twice@example.org');
  });

  it('cannot be replaced by a link’s session an hour later', async () => {
    const browser = await signedIn(server, await addUser(server, 'late@example.org'));
    await browser.graphql(setPassword, { newPassword: password });
    server.gateway.clock.offsetMs = 3_700_000;
    try {
      expect(codeOf(await browser.graphql(setPassword, { newPassword: 'something else' }))).toBe('conflict');
    } finally {
      server.gateway.clock.offsetMs = 0;
    }
    expect((await browser.graphql(setPassword, { newPassword: 'something else' })).json.errors).toBeUndefined();
  });

  it('is changed by who knows the current one', async () => {
    const browser = await signedIn(server, await addUser(server, 'changes@example.org'));
    expect(codeOf(await browser.graphql(changePassword, { currentPassword: '', newPassword: password }))).toBe('conflict');
    await browser.graphql(setPassword, { newPassword: password });
    const wrong = await browser.graphql(changePassword, { currentPassword: 'not the current one', newPassword: 'yet another one' });
    expect(wrong.json.errors[0].extensions).toMatchObject({ code: 'bad_request', details: [{ path: 'currentPassword' }] });
    const right = await browser.graphql(changePassword, { currentPassword: password, newPassword: 'yet another one' });
    expect(right.json.errors).toBeUndefined();
    expect(await signsIn('changes@example.org', password)).toBe(401);
    expect(await signsIn('changes@example.org', 'yet another one')).toBe(200);
  });

  it('ends a sign-in link that was made before it, however it was given, and no later one', async () => {
    const userId = await addUser(server, 'linked@example.org');
    const browser = await signedIn(server, userId);
    const makeLink = async () => (await makeSignInLink(server.gateway, userId, { actor: 'system', requestId: null })).url;
    const opens = async (link: string) => {
      const guest = new Browser(server);
      await guest.open(link);
      return guest.whoAmI();
    };
    const changes = [
      () => browser.graphql(setPassword, { newPassword: password }),
      () => browser.graphql(changePassword, { currentPassword: password, newPassword: 'yet another one' }),
    ];
    for (const change of changes) {
      const before = await makeLink();
      expect((await change()).json.errors).toBeUndefined();
      expect(await opens(before)).toBeUndefined();
    }
    expect(await opens(await makeLink())).toBe('linked@example.org');
  });

  it('has 10 to 128 characters', async () => {
    const browser = await signedIn(server, await addUser(server));
    for (const newPassword of ['123456789', 'x'.repeat(129)])
      expect(codeOf(await browser.graphql(setPassword, { newPassword }))).toBe('bad_request');
    expect((await browser.graphql(setPassword, { newPassword: 'vexing nap' })).json.errors).toBeUndefined();
    expect((await browser.graphql(setPassword, { newPassword: randomBytes(64).toString('hex') })).json.errors).toBeUndefined();
  });

  it('is guessed at most ten times in a quarter of an hour by a session that was left open', async () => {
    const browser = await signedIn(server, await addUser(server));
    await browser.graphql(setPassword, { newPassword: password });
    const guesses = await Promise.all(
      Array.from({ length: 14 }, () => browser.graphql(changePassword, { currentPassword: 'a guess', newPassword: 'taken over by me' })),
    );
    const codes = guesses.map(codeOf).sort();
    expect(codes).toEqual([...new Array(10).fill('bad_request'), ...new Array(4).fill('rate_limited')]);
  });

  it('is forgiven the wrong ones before the right one', async () => {
    const browser = await signedIn(server, await addUser(server, 'clumsy@example.org'));
    await browser.graphql(setPassword, { newPassword: password });
    for (let round = 0; round < 2; round += 1) {
      for (let count = 0; count < 8; count += 1) expect(await signsIn('clumsy@example.org', 'wrong wrong wrong')).toBe(401);
      expect(await signsIn('clumsy@example.org', password)).toBe(200);
    }
  });

  it('is in no answer, log line or audit row, and in the database only as a hash', async () => {
    const { db } = server.gateway;
    const dump = JSON.stringify([
      await db.selectFrom('signInMethods').selectAll().execute(),
      await db.selectFrom('auditRows').selectAll().execute(),
    ]);
    expect(dump).toContain('user.password_changed');
    for (const secret of [password, 'yet another one', 'after it was lost', 'not the current one']) {
      expect(dump).not.toContain(secret);
      expect(server.log.join('')).not.toContain(secret);
    }
  });
});

it('a password is slow to try for whoever has its hash, and good for signing in', async () => {
  const slow = await startTestServer({ env: { ...browserEnv, SKILLETT_SIGN_UP: 'anyone' }, slowPasswords: true });
  onTestFinished(() => slow.close());
  const browser = await signedIn(slow, await addUser(slow, 'ada@example.org'));
  expect((await browser.graphql(setPassword, { newPassword: password })).json.errors).toBeUndefined();
  const signIn = async (secret: string) =>
    (await new Browser(slow).post('/sign-in/email', { email: 'ada@example.org', password: secret })).status;
  expect([await signIn(password), await signIn('not the current one')]).toEqual([200, 401]);
  const methods = await slow.gateway.db.selectFrom('signInMethods').select('password').where('password', 'is not', null).execute();
  const [salt = '', key = ''] = methods[0]?.password?.split(':') ?? [];
  const costs = { N: 16_384, r: 16, p: 1, maxmem: 64 * 1024 * 1024 };
  expect(scryptSync(password, salt, 64, costs).toString('hex')).toBe(key);
});

describe('name and address', () => {
  it('are changed by their user alone, in a session, with what they were before on record', async () => {
    const id = await addUser(server, 'before@example.org');
    const browser = await signedIn(server, id);
    const key = await makeKey(browser);
    const byKey = await server.graphql(updateProfile, { email: 'thief@example.org' }, { authorization: key });
    expect(byKey.json.errors[0].extensions.code).toBe('forbidden');
    for (const [query, variables] of [
      [setPassword, { newPassword: password }],
      [changePassword, { currentPassword: 'a', newPassword: password }],
    ] as const)
      expect((await server.graphql(query, variables, { authorization: key })).json.errors[0].extensions.code).toBe('forbidden');
    expect((await browser.graphql(updateProfile, { email: 'after@example.org' })).json.data.updateProfile).toEqual({
      displayName: 'Ada',
      email: 'after@example.org',
    });
    await browser.graphql(updateProfile, { email: 'AFTER@example.org' });
    const rows = await server.gateway.db
      .selectFrom('auditRows')
      .selectAll()
      .where('action', '=', 'user.profile_changed')
      .where('target', '=', id)
      .execute();
    expect(rows.map((row) => row.details)).toEqual([
      { from: { displayName: 'Ada', email: 'before@example.org' }, to: { displayName: 'Ada', email: 'after@example.org' } },
    ]);
  });

  it('an address that another account has is refused, also when two ask for it at the same moment', async () => {
    await addUser(server, 'taken@example.org');
    const people = await Promise.all(Array.from({ length: 6 }, async () => signedIn(server, await addUser(server))));
    const taken = await (people[0] as Browser).graphql(updateProfile, { email: 'Taken@example.org' });
    expect(codeOf(taken)).toBe('conflict');
    const answers = await Promise.all(people.map((browser) => browser.graphql(updateProfile, { email: 'wanted@example.org' })));
    expect(answers.filter((answer) => answer.json.errors === undefined)).toHaveLength(1);
    expect(answers.map(codeOf).filter((code) => code === 'conflict')).toHaveLength(5);
  });

  it('an address that was changed counts as unproven, so that no provider’s account is joined to it', async () => {
    const owner = await signedInOwner(server);
    await owner.graphql(updateProfile, { email: 'victim@example.org' });
    const row = await server.gateway.db
      .selectFrom('users')
      .select('emailVerified')
      .where('email', '=', 'victim@example.org')
      .executeTakeFirstOrThrow();
    expect(row.emailVerified).toBe(false);
  });

  it.each(['', 'no-address', 'a@b', `${'x'.repeat(250)}@example.org`, 'a\u0000@example.org'])('refuse the address %j', async (email) => {
    const browser = await signedIn(server, await addUser(server));
    expect(codeOf(await browser.graphql(updateProfile, { email }))).toBe('bad_request');
  });
});
