import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hardRecipes } from '../../recipes/hard-stand.ts';
import { openLink, ownerBrowser } from '../../support/consent-link.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';
import { Upstream } from '../../support/upstream.ts';
import { Command } from './command.ts';

let server: TestServer;
let github: Upstream;
let command: Command;

beforeAll(async () => {
  github = await Upstream.start();
  github.play = ({ headers, target }, response) => {
    if (target === '/token') return void response.end('{"access_token":"ya29","token":"ghs_1"}');
    const known = headers.authorization === 'Bearer ghp_planted';
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end(known ? '{"login":"ada","id":1}' : '{}');
  };
  const env = {
    PUBLIC_URL: 'http://gateway.example',
    SKILLETT_RECIPES: hardRecipes,
    SKILLETT_GITHUB_BASE_URL: github.origin,
    SKILLETT_GOOGLE_PUBSUB_TOKEN_URL: `${github.origin}/token`,
    SKILLETT_GITHUB_APP_TOKEN_URL: `${github.origin}/token`,
  };
  server = await startTestServer({ kind: 'embedded', env });
});

beforeEach(() => {
  command = new Command();
  Object.assign(command.env, { SKILLETT_URL: server.url, SKILLETT_API_KEY: server.key });
  return () => command.remove();
});

afterAll(async () => {
  await server.close();
  await github.close();
});

/** Starts `connect sandbox` and answers its consent page as the owner would. */
async function connectSandbox(answer: 'allow' | 'deny') {
  const { child, output } = command.start(['connect', 'sandbox', '--no-browser']);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await expect.poll(() => output.stderr).toContain('/connect/conn_');
  const { url } = await openLink(server, /http\S+/.exec(output.stderr)?.[0] as string);
  const pressed = await server.request('POST', url.pathname + url.search, {
    body: new URLSearchParams({ account: 'grace', answer }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    authorization: null,
  });
  await (await ownerBrowser(server)).open(pressed.headers.get('location') as string);
  return { code: await ended, ...output };
}

describe('connect', () => {
  it('prints the link, waits until the person has agreed, and ends with 0; disconnect ends it', async () => {
    const { code, stdout, stderr } = await connectSandbox('allow');
    expect({ code, last: stderr.trimEnd().split('\n').at(-1) }).toEqual({ code: 0, last: 'sandbox is connected.' });
    const { connection_id: id, ...state } = JSON.parse(stdout);
    expect(state).toEqual({ status: 'connected', integration: 'sandbox' });
    expect((await command.runOnTerminal(['connections'])).stdout).toMatch(new RegExp(`sandbox +grace +connected +${id}`));
    const disconnected = await command.run(['disconnect', id]);
    expect(disconnected).toMatchObject({ code: 0, stderr: 'Disconnected, and its service revoked what was granted.\n' });
    expect((await command.run(['disconnect', id])).code).toBe(1);
  });

  it('ends with 1 when the person refuses', async () => {
    expect(await connectSandbox('deny')).toMatchObject({ code: 1, stderr: expect.stringContaining('was refused in the browser.') });
  });

  it('takes a token from standard input or typed unseen, and never from the arguments', async () => {
    const connected = await command.run(['connect', 'github', '--token', '--account', 'work'], { input: 'ghp_planted\n' });
    expect(connected).toMatchObject({ code: 0, stderr: 'github is connected.\n' });
    const typed = await command.runOnTerminal(['connect', 'github', '--token'], { answers: [['◆', 'ghp_planted\r']] });
    expect(typed.code).toBe(0);
    expect(typed.stdout).not.toContain('ghp_planted');
    const inArguments = await command.run(['connect', 'github', '--token', 'ghp_planted']);
    expect(inArguments.code).toBe(1);
    expect(inArguments.stderr).toContain('too many arguments');
  });

  it('takes a key file, or a key, from standard input as it is, and sends whoever would have to type it there', async () => {
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const file = { project_id: 'plans', client_email: 'robot@plans.example', private_key_id: '0a', private_key: key };
    const connected = await command.run(['connect', 'google_pubsub', '--token'], { input: JSON.stringify(file, null, 2) });
    expect(connected).toMatchObject({ code: 0, stderr: 'google_pubsub is connected.\n' });
    const app = ['connect', 'github_app', '--token', '--set', 'app=7', '--set', 'installation=42'];
    expect(await command.run(app, { input: key })).toMatchObject({ code: 0, stderr: 'github_app is connected.\n' });
    const broken = await command.run(['connect', 'google_pubsub', '--token'], { input: JSON.stringify(file).slice(0, 600) });
    expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining('is no JSON file') });
    expect(broken.stderr).not.toContain(key.slice(100, 140));
    const typed = await command.runOnTerminal(['connect', 'google_pubsub', '--token']);
    expect([typed.code, typed.stdout]).toEqual([1, expect.stringContaining('--token < file')]);
  });

  it.each([
    [['connect', 'github', '--token'], 'ghp_wrong\n', /refused|rejected/i],
    [['connect', 'github', '--token'], '', /^Standard input is empty\./],
    [['connect', 'hackernews', '--token'], 'x', /hackernews takes no token/],
    [['connect', 'githbu'], '', /Integration not found\./],
    [['connect', 'github', '--set', 'site'], '', /^--set takes name=value/],
  ])('ends with 1 for %j with %j', async (args, input, sentence) => {
    const { code, stderr } = await command.run(args, { input });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(sentence) });
  });
});
