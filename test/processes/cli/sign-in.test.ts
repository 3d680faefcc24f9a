import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Browser, browserEnv } from '../../people/browser.ts';
import { addUser, makeKey, signedIn } from '../../people/person.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';
import { Command } from './command.ts';

let server: TestServer;
let ada: Browser;
let command: Command;

beforeAll(async () => {
  server = await startTestServer({ env: { ...browserEnv, SKILLETT_LIMITS: '{"free":{"apiKeys":null}}' } });
  ada = await signedIn(server, await addUser(server));
});

beforeEach(() => {
  command = new Command();
  command.env.SKILLETT_URL = server.url;
  return () => command.remove();
});

afterAll(() => server.close());

const profilesFile = () => path.join(command.home, '.config/skillett/profiles.json');
const newKey = async (scopes?: string[]) => (await makeKey(ada, scopes)).replace('Bearer ', '');

async function waitFor<T>(read: () => T | undefined | null): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const value = read();
    if (value !== undefined && value !== null) return value;
    if (Date.now() > deadline) throw new Error('waited for 60 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The person compares the code in the browser and decides. */
async function decide(userCode: string, deny: boolean): Promise<void> {
  await ada.graphql('query ($userCode: String!) { deviceRequest(userCode: $userCode) { userCode } }', { userCode });
  const { json } = await ada.graphql(
    'mutation ($userCode: String!, $deny: Boolean!) { authorizeDevice(userCode: $userCode, deny: $deny) { status } }',
    { userCode, deny },
  );
  expect(json.errors).toBeUndefined();
}

describe('login', () => {
  it('shows a code, waits until a person approves it, and keeps a key that nobody else can read', async () => {
    const { child, output } = command.start(['login', '--no-browser', '--scope', 'github:read']);
    const code = await waitFor(() => /: ([A-Z0-9]{4}-[A-Z0-9]{4})\n/.exec(output.stderr)?.[1]);
    await decide(code, false);
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    const { profiles } = JSON.parse(readFileSync(profilesFile(), 'utf8'));
    expect(profiles.default).toEqual({ url: server.url, key: expect.stringMatching(/^sk_[0-9a-f]{48}$/) });
    expect(statSync(profilesFile()).mode & 0o777).toBe(0o600);
    expect(output.stdout + output.stderr).not.toContain(profiles.default.key);
    const viewer = JSON.parse((await command.run(['whoami'])).stdout);
    expect(viewer).toMatchObject({ url: server.url, scopes: ['github:read'], key: { name: expect.stringContaining('Command line (') } });
    expect(readFileSync(path.join(command.home, '.skillett/skills/skillett/SKILL.md'), 'utf8')).toContain('name: skillett');
  });

  it('ends with 1 and keeps nothing when the person refuses', async () => {
    const { child, output } = command.start(['login', '--no-browser']);
    await decide(await waitFor(() => /: ([A-Z0-9]{4}-[A-Z0-9]{4})\n/.exec(output.stderr)?.[1]), true);
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1);
    expect(output.stderr).toContain('The sign-in was refused in the browser.');
    expect(existsSync(profilesFile())).toBe(false);
  });

  it('says how long the code was good for when nobody approves it', async () => {
    const code = {
      device_code: 'd',
      user_code: 'ABCD-EFGH',
      verification_uri: 'http://x.test',
      verification_uri_complete: 'http://x.test',
      interval: 1,
    };
    const impatient = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_1' });
      response.end(JSON.stringify(request.url === '/auth/device/code' ? { ...code, expires_in: 1 } : { error: 'authorization_pending' }));
    });
    await new Promise<void>((resolve) => impatient.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(impatient.address() as AddressInfo).port}`;
    const ended = await command.run(['login', '--no-browser', '--url', url]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('Nobody approved the code within 1 second.') });
    await new Promise((resolve) => impatient.close(resolve));
  });

  it('takes a key from standard input, and typed unseen on a terminal; refuses what is none', async () => {
    const key = await newKey();
    expect((await command.run(['login', '--with-key'], { input: `${key}\n` })).code).toBe(0);
    expect((await command.run(['whoami'])).code).toBe(0);
    const typed = await command.runOnTerminal(['login', '--with-key', '--profile', 'typed'], { answers: [['API key', `${key}\r`]] });
    expect(typed.code).toBe(0);
    expect(typed.stdout).not.toContain(key);
    expect((await command.run(['whoami', '--profile', 'typed'])).code).toBe(0);
    expect(await command.run(['login', '--with-key'], { input: 'sk_wrong\n' })).toMatchObject({
      code: 1,
      stderr: 'That is no API key: it is `sk_` and 48 digits of 0 to 9 and a to f.\n',
    });
    const unknown = await command.run(['login', '--with-key', '--profile', 'none'], { input: `sk_${'0'.repeat(48)}\n` });
    expect(unknown).toMatchObject({ code: 1, stderr: 'Invalid API key.\nSign in again with: skillett login\n' });
    expect((await command.run(['whoami', '--profile', 'none'])).code).toBe(1);
  });

  it('keeps the key of one server from another', async () => {
    await command.run(['login', '--with-key'], { input: await newKey() });
    const elsewhere = await command.run(['whoami', '--url', 'http://127.0.0.1:1']);
    expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining('You are not signed in to http://127.0.0.1:1.') });
    expect(JSON.parse((await command.run(['whoami'])).stdout).url).toBe(server.url);
  });

  it('says what is wrong with a profile, a file, an address or a key, each in one sentence', async () => {
    const key = await newKey();
    await command.run(['login', '--with-key', '--profile', 'work'], { input: key });
    expect(await command.run(['whoami', '--profile', 'wrok'])).toMatchObject({
      code: 1,
      stderr: 'There is no profile "wrok". Did you mean work? Make it with: skillett login --profile wrok\n',
    });
    expect(await command.run(['whoami', '--url', 'ftp://x'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('http:// or https://'),
    });
    const expired = await command.run(['whoami'], { env: { SKILLETT_API_KEY: `sk_${'1'.repeat(48)}` } });
    expect(expired).toMatchObject({ code: 1, stderr: 'Invalid API key.\nSign in again with: skillett login\n' });
    writeFileSync(profilesFile(), 'no json');
    expect(await command.run(['whoami'])).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be read as JSON') });
  });

  it('revokes the key at logout and forgets it; a second logout says so', async () => {
    const key = await newKey();
    await command.run(['login', '--with-key'], { input: key });
    const elsewhere = await command.run(['logout', '--url', 'http://127.0.0.1:1']);
    expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining('is of another server than http://127.0.0.1:1.') });
    expect((await command.run(['whoami'])).code).toBe(0);
    expect((await command.run(['logout'])).code).toBe(0);
    expect((await command.run(['whoami'])).code).toBe(1);
    const answer = await server.request('GET', '/v1/skills', { authorization: `Bearer ${key}` });
    expect(answer.json.error).toBe('api_key_revoked');
    expect(await command.run(['logout'])).toMatchObject({ code: 0, stderr: 'You are not signed in.\n' });
  });

  it('writes what a linked file of profiles leads to, readable by its user alone, and leaves the link', async () => {
    const real = path.join(command.home, 'dotfiles.json');
    const other = { url: 'http://127.0.0.1:1', key: 'sk_1' };
    writeFileSync(real, JSON.stringify({ profiles: { other } }), { mode: 0o644 });
    mkdirSync(path.dirname(profilesFile()), { recursive: true });
    symlinkSync(real, profilesFile());
    const key = await newKey();
    expect((await command.run(['login', '--with-key'], { input: key })).code).toBe(0);
    expect(lstatSync(profilesFile()).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(real, 'utf8'))).toEqual({ profiles: { other, default: { url: server.url, key } } });
    expect(statSync(real).mode & 0o777).toBe(0o600);
  });

  it('leaves the key of the environment alone at logout', async () => {
    const [kept, given] = [await newKey(), await newKey()];
    await command.run(['login', '--with-key'], { input: kept });
    expect((await command.run(['logout'], { env: { SKILLETT_API_KEY: given } })).code).toBe(0);
    const status = async (key: string) => (await server.request('GET', '/v1/skills', { authorization: `Bearer ${key}` })).status;
    expect([await status(kept), await status(given)]).toEqual([401, 200]);
  });
});

describe('keys', () => {
  it('makes, lists and revokes keys; a key in place of an id is refused and sent nowhere', async () => {
    command.env.SKILLETT_API_KEY = await newKey();
    const made = JSON.parse((await command.run(['keys', 'create', 'For tests', '--scope', 'github:read', '--expires', '2d'])).stdout);
    expect(made.api_key).toMatchObject({ name: 'For tests', scopes: ['github:read'] });
    expect(Date.parse(made.api_key.expires_at) - Date.now()).toBeGreaterThan(47 * 3_600_000);
    const listed = await command.runOnTerminal(['keys', 'list']);
    expect(listed.stdout).toContain('For tests');
    expect(listed.stdout).not.toContain(made.full_key);
    expect((await command.run(['keys', 'revoke', made.full_key])).code).toBe(1);
    expect((await command.run(['keys', 'revoke', made.api_key.id])).code).toBe(0);
    const rows = JSON.parse((await command.run(['keys', 'list'])).stdout);
    expect(rows.find(({ id }: { id: string }) => id === made.api_key.id).revoked_at).not.toBeNull();
    expect(await command.run(['keys', 'create', 'x', '--expires', 'soon'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('90d'),
    });
  });
});
