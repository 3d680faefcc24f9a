import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Stand } from '../mcp/stand.ts';
import { Browser } from '../people/browser.ts';
import { AuthProvider } from './auth-provider.ts';
import {
  agree,
  authorizeUrl,
  fetchOf,
  newClient,
  newCode,
  newPerson,
  newProof,
  newTokens,
  pingWith,
  post,
  publicUrl,
  read,
  refresh,
  resource,
  startOAuthStand,
  wayBack,
} from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startOAuthStand();
});
afterAll(() => stand.close());

describe('a client of the official SDK that knows only the address', () => {
  it('finds where to sign in, registers, is let in by a person, calls, and renews its key', async () => {
    const person = await newPerson(stand.server);
    stand.upstream.json('{"things":[1]}');
    const authProvider = new AuthProvider('http://localhost:33418/callback');
    const open = () => new StreamableHTTPClientTransport(new URL(resource), { authProvider, fetch: fetchOf(stand.server) });
    const first = open();
    await expect(new Client({ name: 'a test', version: '1.0.0' }).connect(first)).rejects.toThrow(/authoriz/i);
    expect(authProvider.opened?.origin).toBe(publicUrl);
    const back = await agree(stand.server, person.browser, String(authProvider.opened), { reach: 'some', scope: 'desk' });
    expect(back.origin).toBe('http://localhost:33418');
    expect(back.searchParams.get('state')).toBe('of-the-sdk');
    await first.finishAuth(back.searchParams);

    const client = new Client({ name: 'a test', version: '1.0.0' });
    await client.connect(open());
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['find', 'read']));
    expect((await client.callTool({ name: 'find', arguments: {} })).isError).toBeUndefined();
    const call = () => client.callTool({ name: 'read', arguments: { endpoint: 'desk.list_things' } });
    expect(await call()).not.toHaveProperty('isError');
    expect(stand.upstream.received).toHaveLength(1);
    const before = authProvider.tokens()?.access_token;
    stand.server.gateway.clock.offsetMs += 3_601_000;
    await call();
    stand.server.gateway.clock.offsetMs -= 3_601_000;
    expect(authProvider.tokens()?.access_token).not.toBe(before);
    await client.close();
  });
});

describe('what a client is given', () => {
  it('works at its own address alone, and keys of other kinds do not work there', async () => {
    const person = await newPerson(stand.server);
    const { accessToken } = await newTokens(stand.server, person);
    expect(await pingWith(stand.server, accessToken)).toBe(200);
    expect(await pingWith(stand.server, accessToken, '/mcp')).toBe(401);
    const authorization = `Bearer ${accessToken}`;
    for (const [method, path, body] of [
      ['GET', '/v1/skills', undefined],
      ['GET', '/api-keys', undefined],
      ['POST', '/v1/desk/list_things', {}],
      ['POST', '/graphql', { query: '{ viewer { kind } }' }],
    ] as const) {
      const answer = await stand.server.request(method, path, { authorization, body });
      expect([answer.status, path]).toEqual([401, path]);
    }
    expect(await pingWith(stand.server, await stand.newKey())).toBe(401);
    expect(await pingWith(stand.server, await stand.newKey(), '/mcp')).toBe(200);
  });

  it('is one line among the keys, over any number of renewals, and does not count against the plan', async () => {
    const person = await newPerson(stand.server);
    let tokens = await newTokens(stand.server, person, { reach: 'some', scope: 'desk', reads: 'only', days: '7' });
    for (let turn = 0; turn < 3; turn += 1) {
      const { status, json } = await refresh(stand.server, tokens);
      expect(status).toBe(200);
      expect(json).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'desk:read' });
      expect(await pingWith(stand.server, tokens.accessToken)).toBe(401);
      tokens = { ...tokens, accessToken: json.access_token, refreshToken: json.refresh_token };
      expect(await pingWith(stand.server, tokens.accessToken)).toBe(200);
    }
    const { json } = await person.browser.graphql('{ apiKeys { nodes { id name kind scopes expiresAt lastUsedAt } } }');
    const nodes = json.data.apiKeys.nodes;
    expect(nodes).toMatchObject([{ name: 'Client of a test', kind: 'OAUTH', scopes: ['desk:read'] }]);
    expect(nodes[0].lastUsedAt).not.toBeNull();
    expect(Date.parse(nodes[0].expiresAt) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    // The plan has one key.
    const made = await person.browser.graphql('mutation { createApiKey(name: "Mine") { apiKey { id } } }');
    expect(made.json.errors).toBeUndefined();
    const revoked = await person.browser.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }', { id: nodes[0].id });
    expect(revoked.json.data.revokeApiKey.revokedCount).toBe(1);
    expect(await pingWith(stand.server, tokens.accessToken)).toBe(401);
    expect((await refresh(stand.server, tokens)).json.error).toBe('invalid_grant');
  });

  it('lasts an hour by the time of the database, also where the clock of the process is wrong', async () => {
    const person = await newPerson(stand.server);
    const { clock, db } = stand.server.gateway;
    const wrong = vi.spyOn(clock, 'nowMs').mockImplementation(() => Date.now() - 86_400_000);
    await newTokens(stand.server, person).finally(() => wrong.mockRestore());
    const { createdAt, expiresAt } = await db
      .selectFrom('apiKeys')
      .select(['createdAt', 'expiresAt'])
      .where('userId', '=', person.userId)
      .executeTakeFirstOrThrow();
    // The database counts in microseconds.
    expect(Math.abs((expiresAt as Date).getTime() - createdAt.getTime() - 3_600_000)).toBeLessThanOrEqual(1);
  });

  it('says how long it lasts, also where the grant is over before an hour is', async () => {
    const tokens = await newTokens(stand.server, await newPerson(stand.server), { reach: 'everything', days: '1' });
    const { clock } = stand.server.gateway;
    clock.offsetMs += 84_600_000;
    const { status, json } = await refresh(stand.server, tokens);
    clock.offsetMs -= 84_600_000;
    expect(status).toBe(200);
    expect(json.expires_in).toBeGreaterThan(1_700);
    expect(json.expires_in).toBeLessThanOrEqual(1_800);
  });

  it('ends when the client gives it back, when its person leaves, and when its time is over', async () => {
    for (const kind of ['accessToken', 'refreshToken'] as const) {
      const tokens = await newTokens(stand.server, await newPerson(stand.server));
      expect((await post(stand.server, 'revoke', { token: tokens[kind], client_id: tokens.clientId })).status).toBe(200);
      expect([await pingWith(stand.server, tokens.accessToken), (await refresh(stand.server, tokens)).status]).toEqual([401, 400]);
    }
    expect((await post(stand.server, 'revoke', { token: 'nothing' })).status).toBe(200);

    const person = await newPerson(stand.server);
    const short = await newTokens(stand.server, person, { reach: 'everything', days: '1' });
    stand.server.gateway.clock.offsetMs += 86_401_000;
    expect([await pingWith(stand.server, short.accessToken), (await refresh(stand.server, short)).status]).toEqual([401, 400]);
    stand.server.gateway.clock.offsetMs -= 86_401_000;

    const left = await newTokens(stand.server, person);
    await stand.server.gateway.db.updateTable('users').set({ closedAt: new Date() }).where('id', '=', person.userId).execute();
    expect(await pingWith(stand.server, left.accessToken)).toBe(401);
  });

  it('is in the audit trail: let in, made, renewed and given back', async () => {
    const person = await newPerson(stand.server);
    const tokens = await newTokens(stand.server, person);
    const { json } = await refresh(stand.server, tokens);
    await post(stand.server, 'revoke', { token: json.refresh_token });
    const rows = await stand.server.gateway.db
      .selectFrom('auditRows')
      .select(['action', 'details'])
      .where('userId', '=', person.userId)
      .execute();
    const actions = rows.map(({ action }) => action).filter((action) => /^(api_key|oauth)/.test(action));
    expect(actions.toSorted()).toEqual(['api_key.created', 'api_key.renewed', 'api_key.revoked', 'oauth_grant.approved']);
    const text = JSON.stringify(rows);
    for (const secret of [tokens.accessToken, tokens.refreshToken, json.access_token, json.refresh_token])
      expect(text).not.toContain(secret);
  });
});

describe('discovery', () => {
  const get = (path: string) => stand.server.request('GET', path, { authorization: null });

  it('begins with the refusal and leads to the routes', async () => {
    const refused = await stand.server.request('POST', '/mcp/oauth', {
      authorization: null,
      body: { jsonrpc: '2.0', id: 1, method: 'ping' },
    });
    expect(refused.status).toBe(401);
    const pointer = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1];
    expect(pointer).toBe(`${publicUrl}/.well-known/oauth-protected-resource/mcp/oauth`);
    expect((await get('/.well-known/oauth-protected-resource/mcp/oauth')).json).toMatchObject({
      resource,
      authorization_servers: [resource],
    });
    expect((await get('/.well-known/oauth-authorization-server/mcp/oauth')).json).toMatchObject({
      issuer: resource,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    });
  });

  it('is nowhere else, so a client with a key that looks for it first keeps its key', async () => {
    for (const name of ['oauth-protected-resource', 'oauth-authorization-server', 'openid-configuration'])
      for (const path of [
        `/.well-known/${name}`,
        `/.well-known/${name}/mcp`,
        `/mcp/.well-known/${name}`,
        '/register',
        '/authorize',
        '/token',
      ])
        expect([(await get(path)).status, path]).toEqual([404, path]);
    const refused = await stand.server.request('POST', '/mcp', { authorization: null, body: {} });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).not.toContain('resource_metadata');
    expect(await pingWith(stand.server, await stand.newKey(), '/mcp')).toBe(200);
  });
});

describe('the page of consent', () => {
  it('asks to sign in first and comes back with every character', async () => {
    const clientId = await newClient(stand.server);
    const url = authorizeUrl({ client_id: clientId, code_challenge: newProof().challenge, scope: "* desk's (x)~" });
    const stranger = new Browser(stand.server);
    const sent = await stranger.open(url);
    expect(sent.status).toBe(302);
    const next = new URL(sent.headers.get('location') as string).searchParams.get('next') as string;
    expect(next).toMatch(/^\/mcp\/oauth\/authorize\?[\w.%&=-]+$/);
    expect(new URL(next, publicUrl).searchParams.toString()).toBe(new URL(url).searchParams.toString());
    const { browser } = await newPerson(stand.server);
    expect((await browser.open(publicUrl + next)).status).toBe(200);
  });

  it('tells the client when it is declined, and from whom that comes', async () => {
    const { browser } = await newPerson(stand.server);
    const url = authorizeUrl({ client_id: await newClient(stand.server), code_challenge: newProof().challenge });
    const page = await browser.open(url);
    const proof = /name="proof" value="([0-9a-f]+)"/.exec(page.text)?.[1] as string;
    const back = wayBack(await browser.press(url, { proof, answer: 'decline' }));
    expect(Object.fromEntries(back.searchParams)).toEqual({ error: 'access_denied', state: 's', iss: resource });
  });

  it('shows the name as a text, names where the answer goes, loads nothing and cannot be framed', async () => {
    const { browser } = await newPerson(stand.server);
    const client_name = '<img src=https://evil.example/x> GitHub\u202e';
    const clientId = await newClient(stand.server, { client_name, logo_uri: 'https://evil.example/logo.png' });
    const page = await browser.open(authorizeUrl({ client_id: clientId, code_challenge: newProof().challenge }));
    expect(page.text).not.toMatch(/<img|logo\.png|\u202e/);
    expect(page.text).toContain('&lt;img src=https://evil.example/x&gt; GitHub');
    expect(page.text).toContain('<strong class="host">client.example</strong>');
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it('gives what was ticked of what was offered, and never more than was asked for', async () => {
    const { browser } = await newPerson(stand.server);
    const clientId = await newClient(stand.server);
    const { challenge, verifier } = newProof();
    const url = authorizeUrl({ client_id: clientId, code_challenge: challenge, scope: 'openid desk:read bank operator' });
    const page = await browser.open(url);
    expect(page.text).not.toContain('value="everything"');
    const proof = /name="proof" value="([0-9a-f]+)"/.exec(page.text)?.[1] as string;
    read(stand.server);
    const nothing = await browser.press(url, { proof, answer: 'agree', reach: 'everything', scope: 'desk' });
    expect(nothing.status).toBe(400);
    const done = await browser.press(url, { proof, answer: 'agree', reach: 'everything', scope: 'bank', reads: 'only' });
    const code = wayBack(done).searchParams.get('code') as string;
    const form = {
      grant_type: 'authorization_code',
      code,
      client_id: clientId,
      redirect_uri: 'https://client.example/callback',
      code_verifier: verifier,
    };
    expect((await post(stand.server, 'token', form)).json.scope).toBe('bank:read');
  });

  it('gives no operator and no reads of a proxy where everything is to be read only', async () => {
    const { form } = await newCode(stand.server, await newPerson(stand.server), { reach: 'everything', reads: 'only' });
    const { scope } = (await post(stand.server, 'token', form)).json;
    expect(scope.split(' ').every((one: string) => one.endsWith(':read'))).toBe(true);
    expect(scope).toContain('desk:read');
  });
});
