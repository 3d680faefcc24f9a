import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPasswordFault } from '../../src/domains/users/sign-in/common-passwords.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Browser, browserEnv } from './browser.ts';
import { addUser, signedIn } from './person.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { ...browserEnv, SKILLETT_SIGN_UP: 'anyone' } });
});
afterAll(() => server.close());

const good = 'correct horse battery';

describe('a new password', () => {
  it.each([
    '1234567890',
    'qwertyuiop',
    'QWERTYuiop',
    'P@ssw0rd123',
    'password2024',
    'Password!!!!',
    'passwordpassword',
    'aaaaaaaaaaaa',
    'sunshine1234',
  ])('%s is refused as common', async (password) => {
    expect(await findPasswordFault(password, 'ada@example.org')).toContain('common passwords');
  });

  it.each(['ada.lovelace@example.org', 'Ada.Lovelace', 'ada.lovelace1815', 'ADA.LOVELACE!'])(
    '%s is refused as the address',
    async (word) => {
      expect(await findPasswordFault(word, 'Ada.Lovelace@example.org')).toContain('your e-mail address');
    },
  );

  it.each([good, 'kV9#tq-2Lm', 'wrong wrong wrong', 'another horse battery', 'über Wälder 77 Flüsse'])('%s passes', async (password) => {
    expect(await findPasswordFault(password, 'ada@example.org')).toBeUndefined();
  });

  it('is judged at sign-up, when it is set and when it is changed, with a sentence', async () => {
    const guest = new Browser(server);
    const signUp = (password: string) => guest.post('/sign-up/email', { name: 'Ada', email: 'common@example.org', password });
    const refused = await signUp('password2024');
    expect(refused).toMatchObject({ status: 400, json: { message: expect.stringContaining('common passwords') } });
    expect((await signUp(good)).status).toBe(200);
    const change = (newPassword: string) =>
      guest.graphql(
        'mutation ($currentPassword: String!, $newPassword: String!) { changePassword(currentPassword: $currentPassword, newPassword: $newPassword) { id } }',
        { currentPassword: good, newPassword },
      );
    expect((await change('qwertyuiop')).json.errors[0]).toMatchObject({
      extensions: { code: 'bad_request', details: [{ path: 'newPassword' }] },
    });
    const person = await signedIn(server, await addUser(server, 'setting.one@example.org'));
    const set = (newPassword: string) =>
      person.graphql('mutation ($newPassword: String!) { setPassword(newPassword: $newPassword) { id } }', { newPassword });
    expect((await set('Setting.One1')).json.errors[0].message).toContain('your e-mail address');
    expect((await set('another horse battery')).json.errors).toBeUndefined();
  });
});
