import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Stand } from '../mcp/stand.ts';
import { AuthProvider } from './auth-provider.ts';
import { agree, fetchOf, newPerson, pingWith, resource, startOAuthStand } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startOAuthStand();
});
afterAll(() => stand.close());

it('the first generation of the official SDK signs in with its auth provider, and calls', async () => {
  const { browser } = await newPerson(stand.server);
  const authProvider = new AuthProvider('http://127.0.0.1:33418/callback');
  const open = () =>
    new StreamableHTTPClientTransport(new URL(resource), { authProvider: authProvider as never, fetch: fetchOf(stand.server) });
  const first = open();
  await expect(new Client({ name: 'a test', version: '1.0.0' }).connect(first as never)).rejects.toThrow(/authoriz/i);
  const back = await agree(stand.server, browser, String(authProvider.opened), { reach: 'everything' });
  await first.finishAuth(back.searchParams.get('code') as string);
  const client = new Client({ name: 'a test', version: '1.0.0' });
  await client.connect(open() as never);
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['find', 'read']));
  expect((await client.callTool({ name: 'find', arguments: {} })).isError ?? false).toBe(false);
  await client.close();
});

it('oauth4webapi, which checks every answer, discovers, registers, signs in, renews and revokes', async () => {
  const { browser } = await newPerson(stand.server);
  const options = { [oauth.customFetch]: fetchOf(stand.server) as never, [oauth.allowInsecureRequests]: true };
  const described = await oauth.resourceDiscoveryRequest(new URL(resource), options);
  const { authorization_servers } = await oauth.processResourceDiscoveryResponse(new URL(resource), described);
  const issuer = new URL(authorization_servers?.[0] as string);
  const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  const redirectUri = 'https://client.example/callback';
  const registered = await oauth.dynamicClientRegistrationRequest(server, { redirect_uris: [redirectUri], client_name: 'Web' }, options);
  const client = await oauth.processDynamicClientRegistrationResponse(registered);
  const verifier = oauth.generateRandomCodeVerifier();
  const url = new URL(server.authorization_endpoint as string);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    resource,
    state: 'a state',
  }).toString();
  const back = await agree(stand.server, browser, url.href);
  // Of another issuer it would be refused (RFC 9207).
  const other = { ...server, issuer: 'https://other.example' };
  expect(() => oauth.validateAuthResponse(other, client, back, 'a state')).toThrow(/iss/);
  const params = oauth.validateAuthResponse(server, client, back, 'a state');
  const asked = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), params, redirectUri, verifier, options);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, asked);
  expect(await pingWith(stand.server, tokens.access_token)).toBe(200);
  const renewed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token as string, options),
  );
  expect(await pingWith(stand.server, renewed.access_token)).toBe(200);
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), renewed.access_token, options));
  expect(await pingWith(stand.server, renewed.access_token)).toBe(401);
});
