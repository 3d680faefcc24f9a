import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { callTool, type Post } from '../mcp/stand.ts';
import { authorizeUrl, newProof, proofOf, redirectUri, wayBack } from '../oauth-clients/stand.ts';
import { Browser, browserEnv } from '../people/browser.ts';
import { tally } from '../support/tally.ts';
import { Installation } from './installation.ts';

let installation: Installation;
let people = 0;

beforeAll(async () => {
  installation = await Installation.start({ env: { ...browserEnv, SKILLETT_SIGN_UP: 'anyone' } });
});
afterAll(() => installation.close());
beforeEach(() => installation.upstream.reset());

const urlOf = (at: number) => (installation.processes[at] as { url: string }).url;

async function newPerson(): Promise<Browser> {
  people += 1;
  const browser = new Browser({ url: urlOf(0) });
  const { status } = await browser.post('/sign-up/email', {
    name: 'Ada',
    email: `ada${people}@example.org`,
    password: 'correct horse battery',
  });
  expect(status).toBe(200);
  return browser;
}

async function postForm(at: number, path: string, form: Record<string, string>) {
  const answer = await fetch(`${urlOf(at)}/mcp/oauth/${path}`, { method: 'POST', body: new URLSearchParams(form) });
  const text = await answer.text();
  return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) };
}

interface Granted {
  clientId: string;
  accessToken: string;
  refreshToken: string;
}

/** Registers at one process, lets it in there, and redeems the code at the other. */
async function letIn(browser: Browser): Promise<Granted> {
  const registered = await fetch(`${urlOf(0)}/mcp/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.1.${people}.1` },
    body: JSON.stringify({ client_name: 'Client', redirect_uris: [redirectUri] }),
  });
  const { client_id } = (await registered.json()) as { client_id: string };
  const { verifier, challenge } = newProof();
  const url = authorizeUrl({ client_id, code_challenge: challenge });
  const proof = proofOf(await browser.open(url));
  // A person takes a second to read the page.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const back = wayBack(await browser.press(url, { proof, answer: 'agree', reach: 'everything' }));
  const code = back.searchParams.get('code') as string;
  const form = { grant_type: 'authorization_code', code, client_id, redirect_uri: redirectUri, code_verifier: verifier };
  const { status, json } = await postForm(1, 'token', form);
  expect(status, JSON.stringify(json)).toBe(200);
  return { clientId: client_id, accessToken: json.access_token, refreshToken: json.refresh_token };
}

const refresh = (at: number, { clientId, refreshToken }: Granted) =>
  postForm(at, 'token', { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId });

const mcpAt =
  (at: number): Post =>
  async (body, { authorization }) => {
    const key = (authorization ?? '').slice('Bearer '.length);
    const answer = await installation.request(at, key, 'POST', '/mcp/oauth', body);
    return { ...answer, text: JSON.stringify(answer.json) };
  };

const read = (at: number, { accessToken }: Granted) => callTool(mcpAt(at), accessToken, 'read', { endpoint: 'desk.list_things' });
const bothRead = async (granted: Granted) => [(await read(0, granted)).status, (await read(1, granted)).status];

async function revoke(browser: Browser): Promise<void> {
  const { json } = await browser.graphql('{ apiKeys { nodes { id } } }');
  const { id } = json.data.apiKeys.nodes[0];
  const revoked = await browser.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }', { id });
  expect(revoked.json.data.revokeApiKey.revokedCount).toBe(1);
}

it('a grant that is revoked at one process is refused at both with the next request, and renewed at neither', async () => {
  const browser = await newPerson();
  const granted = await letIn(browser);
  expect(await bothRead(granted)).toEqual([200, 200]);
  await revoke(browser);
  expect(await bothRead(granted)).toEqual([401, 401]);
  expect([(await refresh(0, granted)).status, (await refresh(1, granted)).status]).toEqual([400, 400]);
  expect(installation.upstream.received).toHaveLength(2);
});

it('a client that gives its grant back at one process is refused at the other', async () => {
  const granted = await letIn(await newPerson());
  expect(await bothRead(granted)).toEqual([200, 200]);
  await postForm(0, 'revoke', { token: granted.refreshToken, client_id: granted.clientId });
  expect(await bothRead(granted)).toEqual([401, 401]);
});

it('of twenty at two processes one renews a key, and since the others showed its refresh token again, the grant is over', async () => {
  const granted = await letIn(await newPerson());
  const answers = await Promise.all(Array.from({ length: 20 }, (_, turn) => refresh(turn % 2, granted)));
  expect(tally(answers.map(({ status, json }) => json.error ?? status))).toEqual({ 200: 1, invalid_grant: 19 });
  const { json } = answers.find(({ status }) => status === 200) as (typeof answers)[number];
  const renewed = { ...granted, accessToken: json.access_token, refreshToken: json.refresh_token };
  expect(await bothRead(granted)).toEqual([401, 401]);
  expect(await bothRead(renewed)).toEqual([401, 401]);
  expect((await refresh(1, renewed)).json.error).toBe('invalid_grant');
});

it('one after the other at two processes, a client renews its key as often as it likes', async () => {
  let granted = await letIn(await newPerson());
  for (let turn = 0; turn < 4; turn += 1) {
    const before = granted;
    const { status, json } = await refresh(turn % 2, granted);
    expect(status).toBe(200);
    granted = { ...granted, accessToken: json.access_token, refreshToken: json.refresh_token };
    expect([await bothRead(before), await bothRead(granted)]).toEqual([
      [401, 401],
      [200, 200],
    ]);
  }
});

it('a call that is under way when its grant is revoked ends as it began, and is the last one', async () => {
  const browser = await newPerson();
  const granted = await letIn(browser);
  let answerNow = () => {};
  installation.upstream.play = (_request, response) => {
    answerNow = () => void response.setHeader('content-type', 'application/json').end('{"things":["late"]}');
  };
  const running = read(1, granted);
  await expect.poll(() => installation.upstream.received.length).toBe(1);
  await revoke(browser);
  expect((await read(0, granted)).status).toBe(401);
  answerNow();
  const done = await running;
  expect([done.status, done.failed, done.text.includes('late')]).toEqual([200, false, true]);
  expect(await bothRead(granted)).toEqual([401, 401]);
  expect(installation.upstream.received).toHaveLength(1);
});
