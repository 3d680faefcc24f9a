import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Stand } from '../mcp/stand.ts';
import {
  agree,
  authorizeUrl,
  newClient,
  newCode,
  newPerson,
  newProof,
  newTokens,
  type Person,
  pingWith,
  post,
  proofOf,
  read,
  redirectUri,
  refresh,
  register,
  resource,
  startOAuthStand,
  wayBack,
} from './stand.ts';

let stand: Stand;
let person: Person;

beforeAll(async () => {
  stand = await startOAuthStand();
});
afterAll(() => stand.close());
beforeEach(async () => {
  person = await newPerson(stand.server);
});

const twenty = Array.from({ length: 20 });

describe('what works once', () => {
  it('a code gives one key of twenty that ask at once, and being shown again ends that one', async () => {
    const { form } = await newCode(stand.server, person);
    const answers = await Promise.all(twenty.map(() => post(stand.server, 'token', form)));
    const good = answers.filter(({ status }) => status === 200);
    expect(good).toHaveLength(1);
    expect(answers.filter(({ json }) => json.error === 'invalid_grant')).toHaveLength(19);
    expect(await pingWith(stand.server, good[0]?.json.access_token)).toBe(401);
    const rows = await stand.server.gateway.db.selectFrom('auditRows').select('details').where('action', '=', 'api_key.revoked').execute();
    expect(rows.map(({ details }) => details.reason)).toContain('code_reused');
    const once = await newTokens(stand.server, person);
    expect(await pingWith(stand.server, once.accessToken)).toBe(200);
  });

  it('a refresh token gives one key of twenty that ask at once, and being shown again ends the grant', async () => {
    const tokens = await newTokens(stand.server, person);
    const answers = await Promise.all(twenty.map(() => refresh(stand.server, tokens)));
    const good = answers.filter(({ status }) => status === 200);
    expect(good).toHaveLength(1);
    expect(await pingWith(stand.server, good[0]?.json.access_token)).toBe(401);
    expect((await refresh(stand.server, { ...tokens, refreshToken: good[0]?.json.refresh_token })).json.error).toBe('invalid_grant');
  });

  it('an old refresh token ends the grant also after many that were good', async () => {
    const first = await newTokens(stand.server, person);
    let tokens = first;
    for (let turn = 0; turn < 3; turn += 1) {
      const { json } = await refresh(stand.server, tokens);
      tokens = { ...tokens, accessToken: json.access_token, refreshToken: json.refresh_token };
    }
    expect(await pingWith(stand.server, tokens.accessToken)).toBe(200);
    expect((await refresh(stand.server, first)).status).toBe(400);
    expect([await pingWith(stand.server, tokens.accessToken), (await refresh(stand.server, tokens)).status]).toEqual([401, 400]);
  });

  it('a code is over after a minute', async () => {
    const { form } = await newCode(stand.server, person);
    stand.server.gateway.clock.offsetMs += 61_000;
    const late = await post(stand.server, 'token', form);
    stand.server.gateway.clock.offsetMs -= 61_000;
    expect(late.json.error).toBe('invalid_grant');
    expect((await post(stand.server, 'token', (await newCode(stand.server, person)).form)).status).toBe(200);
  });
});

describe('a code is good for whoever asked for it', () => {
  it.each([
    ['another client', async () => ({ client_id: await newClient(stand.server) }), 'invalid_grant'],
    ['another redirect address', async () => ({ redirect_uri: `${redirectUri}/` }), 'invalid_grant'],
    ['another verifier', async () => ({ code_verifier: newProof().verifier }), 'invalid_grant'],
    ['the challenge as verifier', async ({ challenge }: { challenge: string }) => ({ code_verifier: challenge }), 'invalid_grant'],
    ['no verifier', async () => ({ code_verifier: '' }), 'invalid_request'],
    ['another resource', async () => ({ resource: 'https://other.example/mcp' }), 'invalid_target'],
    ['the resource of /mcp', async () => ({ resource: resource.replace('/oauth', '') }), 'invalid_target'],
  ])('and not with %s', async (_what, change, error) => {
    const { form, verifier } = await newCode(stand.server, person);
    const { createHash } = await import('node:crypto');
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const refused = await post(stand.server, 'token', { ...form, ...(await change({ challenge })) });
    expect([refused.status, refused.json.error]).toEqual([400, error]);
    // What was shown by the wrong one is over for everyone; what was no question at all leaves it.
    expect((await post(stand.server, 'token', form)).status).toBe(error === 'invalid_grant' ? 400 : 200);
  });

  it('and a refresh token for its own client', async () => {
    const tokens = await newTokens(stand.server, person);
    expect((await refresh(stand.server, { ...tokens, clientId: await newClient(stand.server) })).json.error).toBe('invalid_grant');
  });
});

describe('the question', () => {
  const faultOf = async (query: Record<string, string | undefined>) => {
    const clientId = await newClient(stand.server);
    const url = authorizeUrl({ client_id: clientId, code_challenge: newProof().challenge, ...query });
    const page = await person.browser.open(url);
    expect(page.headers.get('location')).toBeNull();
    return { status: page.status, page };
  };

  it.each([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with PKCE of the kind plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with PKCE without a kind', { code_challenge_method: undefined }, 'invalid_request'],
    ['with a challenge that is none', { code_challenge: 'abc' }, 'invalid_request'],
    ['for a token at once', { response_type: 'token' }, 'unsupported_response_type'],
    ['for an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['for another resource', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['in an object of its own', { request: 'e30.e30.' }, 'request_not_supported'],
  ])('%s is a page, from which the person may tell the client', async (_what, query, error) => {
    const { status, page } = await faultOf(query);
    expect(status).toBe(400);
    const back = wayBack(page);
    expect(back.origin + back.pathname).toBe(redirectUri);
    expect(back.searchParams.get('error')).toBe(error);
    expect(back.searchParams.get('iss')).toBe(resource);
  });

  it.each([
    `${redirectUri}/`,
    `${redirectUri}?a=b`,
    `${redirectUri}#x`,
    redirectUri.toUpperCase(),
    'https://client.example/callback/../other',
    'https://client.example.evil.example/callback',
    'https://client.example@evil.example/callback',
    'https://client.example:444/callback',
    'http://client.example/callback',
    'http://localhost/callback',
    'javascript:alert(1)//',
    '//evil.example',
  ])('with the redirect address %s leads nowhere', async (uri) => {
    const { status, page } = await faultOf({ redirect_uri: uri });
    expect(status).toBe(400);
    expect(page.text).not.toContain('<a href');
    expect(page.text).not.toContain('http-equiv');
  });

  it('with a parameter twice, or without a client that there is, leads nowhere', async () => {
    const url = authorizeUrl({ client_id: await newClient(stand.server), code_challenge: newProof().challenge });
    for (const wrong of [
      `${url}&redirect_uri=https%3A%2F%2Fevil.example`,
      `${url}&client_id=x`,
      authorizeUrl({ client_id: 'client_00000000000000000000000000000000', code_challenge: newProof().challenge }),
      authorizeUrl({ client_id: undefined }),
    ]) {
      const page = await person.browser.open(wrong);
      expect([page.status, page.text.includes('<a href')]).toEqual([400, false]);
    }
    expect((await person.browser.open(url)).status).toBe(200);
  });

  it('of a program on the same machine may come with any port, and with nothing else changed', async () => {
    const clientId = await newClient(stand.server, { redirect_uris: ['http://127.0.0.1:1000/callback'] });
    const open = (redirect_uri: string) =>
      person.browser.open(authorizeUrl({ client_id: clientId, redirect_uri, code_challenge: newProof().challenge }));
    for (const good of ['http://127.0.0.1:1000/callback', 'http://127.0.0.1:54321/callback', 'http://127.0.0.1/callback'])
      expect((await open(good)).status).toBe(200);
    for (const bad of [
      'http://127.0.0.1:54321/other',
      'http://localhost:1000/callback',
      'http://127.0.0.1:1@evil.example/callback',
      'http://127.0.0.1:999999/callback',
      'https://127.0.0.1:1000/callback',
    ])
      expect([(await open(bad)).status, bad]).toEqual([400, bad]);
  });
});

describe('the answer', () => {
  it('is taken from the page alone, in the session that was shown it, for what was shown', async () => {
    const clientId = await newClient(stand.server);
    const url = authorizeUrl({ client_id: clientId, code_challenge: newProof().challenge });
    const proof = proofOf(await person.browser.open(url));
    const fields = { proof, answer: 'agree', reach: 'everything' };
    for (const origin of ['https://evil.example', 'null', '']) {
      const foreign = await person.browser.press(url, fields, { origin });
      expect([foreign.status, foreign.text.includes('code=')]).toEqual([403, false]);
    }
    // Signed in by somebody else, in the hope that the person grants in that account.
    const other = await newPerson(stand.server);
    const theirs = await other.browser.press(url, fields);
    expect([theirs.status, theirs.text.includes('code=')]).toEqual([409, false]);
    const another = authorizeUrl({ client_id: clientId, code_challenge: newProof().challenge });
    expect((await person.browser.press(another, fields)).status).toBe(409);
    expect((await person.browser.press(url, { ...fields, proof: '' })).status).toBe(409);
    read(stand.server);
    const done = await person.browser.press(url, fields);
    expect(wayBack(done).searchParams.get('iss')).toBe(resource);
    expect(wayBack(done).searchParams.get('code')).toMatch(/^oc_/);
  });

  it('is not taken within a second of the page, as by the second press of a double click, and then the page is shown again', async () => {
    const url = authorizeUrl({ client_id: await newClient(stand.server), code_challenge: newProof().challenge });
    const fields = { answer: 'agree', reach: 'everything' };
    const first = await person.browser.open(url);
    const again = await person.browser.press(url, { ...fields, proof: proofOf(first) });
    expect([again.status, again.text.includes('code='), again.text.includes('within a second')]).toEqual([409, false, true]);
    read(stand.server);
    // A time of one's own choice is no proof.
    const earlier = `000000000001${proofOf(again).slice(12)}`;
    expect((await person.browser.press(url, { ...fields, proof: earlier })).status).toBe(409);
    const done = await person.browser.press(url, { ...fields, proof: proofOf(again) });
    expect(wayBack(done).searchParams.get('code')).toMatch(/^oc_/);
    // Nobody is harmed by a quick no.
    const page = await person.browser.open(url);
    expect((await person.browser.press(url, { answer: 'decline', proof: proofOf(page) })).status).toBe(200);
  });

  it('is none without a session, and a code does not outlive the session that gave it', async () => {
    const somebody = await newPerson(stand.server);
    const { form } = await newCode(stand.server, somebody);
    await somebody.browser.post('/sign-out', {});
    expect((await post(stand.server, 'token', form)).json.error).toBe('invalid_grant');
    const url = authorizeUrl({ client_id: await newClient(stand.server), code_challenge: newProof().challenge });
    expect((await somebody.browser.press(url, { answer: 'agree', reach: 'everything' })).status).toBe(401);
  });

  it('is asked for each time, and of a client whose name has changed since it was shown', async () => {
    const clientId = await newClient(stand.server);
    const url = authorizeUrl({ client_id: clientId, code_challenge: newProof().challenge });
    await agree(stand.server, person.browser, url);
    const page = await person.browser.open(url);
    expect([page.status, page.text.includes('Let this client in?')]).toEqual([200, true]);
    await stand.server.gateway.db.updateTable('oauthClients').set({ name: 'Another' }).where('id', '=', clientId).execute();
    const changed = await person.browser.press(url, { proof: proofOf(page), answer: 'agree', reach: 'everything' });
    expect([changed.status, changed.text.includes('Another')]).toEqual([409, true]);
  });
});

describe('registration', () => {
  it('takes at most 16 KiB, and no addresses that are none', async () => {
    expect((await register(stand.server, { client_name: 'x'.repeat(20_000) })).status).toBe(413);
    for (const uri of [
      'javascript:alert(1)',
      'data:text/html,x',
      'http://client.example/callback',
      'https://a@client.example/',
      'https://client.example/#x',
      'callback',
      'http://localhost.evil.example/',
    ]) {
      const { status, json } = await register(stand.server, { redirect_uris: [uri] });
      expect([status, json.error, uri]).toEqual([400, 'invalid_redirect_uri', uri]);
    }
    for (const uri of ['http://[::1]:3000/cb', 'https://client.example/cb?x=1'])
      expect((await register(stand.server, { redirect_uris: [uri] })).status).toBe(201);
    for (const client_uri of [
      'https://client.example/ x',
      'https://client.example/\n',
      ' https://client.example/',
      'http://client.example/',
    ])
      expect((await register(stand.server, { client_uri })).json.error).toBe('invalid_client_metadata');
    expect((await register(stand.server, { client_uri: 'https://client.example' })).json.client_uri).toBe('https://client.example');
    const { json } = await register(stand.server, { token_endpoint_auth_method: 'client_secret_basic' });
    expect(json.token_endpoint_auth_method).toBe('none');
    expect(json).not.toHaveProperty('client_secret');
  });

  it('takes the schemes of applications that are known, or that stand after a domain, and no others', async () => {
    for (const uri of [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'vscode://publisher.extension',
      'vscode-insiders://publisher.extension/callback',
      'windsurf://publisher.extension/callback',
      'warp://mcp/oauth2callback',
      'claude://oauth/callback',
      'com.example.app:/callback',
      'com.raycast:/oauth?package_name=Extension',
    ])
      expect([(await register(stand.server, { redirect_uris: [uri] })).status, uri]).toEqual([201, uri]);
    for (const uri of [
      'ms-msdt:/id',
      'search-ms:query=x',
      'shell:startup',
      'ssh://evil.example',
      'smb://evil.example/share',
      'feed:javascript:alert(1)',
      'itms-services://?action=download-manifest',
      'x-apple.systempreferences:com.apple.preference',
      'myeditor://callback',
      'vscode:mcp/install?x',
      'vscode://file/etc/passwd',
      'vscode://vscode-remote/ssh-remote+evil.example/',
      'cursor://anysphere.cursor-deeplink/mcp/install?name=x&config=e30',
      'warp://action/new_window',
    ]) {
      const { status, json } = await register(stand.server, { redirect_uris: [uri] });
      expect([status, json.error, uri]).toEqual([400, 'invalid_redirect_uri', uri]);
      expect(json.error_description).toContain('com.example.app:/callback');
    }
  });

  it('from before a rule is held to the rule when a person is asked', async () => {
    const clientId = await newClient(stand.server, { redirect_uris: ['com.example.app:/callback'] });
    const statusOf = async (redirect_uri: string) =>
      (await person.browser.open(authorizeUrl({ client_id: clientId, redirect_uri, code_challenge: newProof().challenge }))).status;
    expect(await statusOf('com.example.app:/callback')).toBe(200);
    const { db } = stand.server.gateway;
    await db
      .updateTable('oauthClients')
      .set({ redirectUris: ['ms-msdt:/id'] })
      .where('id', '=', clientId)
      .execute();
    expect(await statusOf('ms-msdt:/id')).toBe(400);
  });
});
