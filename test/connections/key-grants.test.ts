/** Connections by a private key: what is signed with it, at a real authorisation server, and what is taken for a key at all. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/core/context.ts';
import type { Principal } from '../../src/core/principal.ts';
import { credentialFor } from '../../src/domains/connections/connections.ts';
import { startConnection } from '../../src/domains/connections/start-connection.ts';
import { Upstream } from '../support/upstream.ts';
import { makeIntegration, openStandGateway } from './gateway.ts';
import { createStand, type Stand } from './stand.ts';
import { holderOf, keyOf, pemOf, TokenServer } from './token-server.ts';

let stand: Stand;
/** Another process of the same installation. */
let other: Gateway;
let server: TokenServer;
let upstream: Upstream;

const way = { type: 'jwt_bearer', how: 'Make a key.', token_url: 'https://keys.example/token', header: { kid: '{key_id}' } };
const variables = {
  holder: { description: 'The name of the holder.', pattern: '[A-Za-z0-9-]+' },
  key_id: { description: 'The id of the key.', pattern: '[A-Za-z0-9-]+', default: '' },
  person: { description: 'For whom it acts.', default: '' },
};
const claims = { iss: '{holder}', sub: '{holder}' };

beforeAll(async () => {
  server = await TokenServer.start();
  upstream = await Upstream.start();
  const real = { baseUrl: `${server.origin}/api`, tokenUrl: `${server.origin}/token` };
  const played = { baseUrl: upstream.origin, tokenUrl: `${upstream.origin}/token` };
  const settings = { rsa: real, ec: real, odd: played, apps: played, chain: played };
  const answer = { access_token: 'token', expires_at: 'until' };
  const named = { account: '{holder}', variables };
  const integrations = [
    makeIntegration(
      'rsa',
      { auth: [{ ...way, algorithm: 'RS256', claims }], variables, verify: { path: '/me', account: { id: 'id', label: 'id' } } },
      real,
    ),
    makeIntegration(
      'ec',
      { auth: [{ ...way, algorithm: 'ES256', claims }], variables, verify: { path: '/me', account: { id: 'id', label: 'id' } } },
      real,
    ),
    makeIntegration(
      'odd',
      {
        auth: [
          {
            ...way,
            algorithm: 'RS256',
            claims: { ...claims, aud: 'the-audience', act: '{person}', list: ['{holder}', 7] },
            account: '{holder}',
          },
        ],
        variables,
        verify: undefined,
      },
      played,
    ),
    makeIntegration(
      'apps',
      {
        auth: [
          {
            ...way,
            token_url: undefined,
            algorithm: 'RS256',
            claims,
            account: named.account,
            exchange: {
              url: 'https://api.apps.example/apps/{holder}/tokens',
              body: { for: '{holder}' },
              headers: { 'X-Version': '7' },
              answer,
            },
          },
        ],
        variables,
        verify: undefined,
      },
      { baseUrl: upstream.origin },
    ),
    makeIntegration(
      'chain',
      {
        auth: [
          {
            ...way,
            algorithm: 'RS256',
            claims,
            account: named.account,
            exchange: { url: 'https://keys.example/second', answer: { access_token: 'token' } },
          },
        ],
        variables,
        verify: undefined,
      },
      played,
    ),
  ];
  stand = await createStand(integrations, { ...settings, apps: { baseUrl: upstream.origin } });
  other = await openStandGateway(stand.databaseUrl, stand.masterKey, integrations, settings);
});

afterAll(async () => {
  await other.outbound.close();
  await other.database.close();
  await stand.close();
  await server.close();
  await upstream.close();
});

beforeEach(() => {
  upstream.reset();
  stand.gateway.clock.offsetMs = 0;
  other.clock.offsetMs = 0;
  server.granted = 0;
  server.refused = 0;
});

const pass = (seconds: number) => {
  for (const gateway of [stand.gateway, other]) gateway.clock.offsetMs += seconds * 1000;
};

async function connect(slug: string, credentials: object, by?: Principal) {
  const ada = by ?? (await stand.addUser());
  const { id } = await startConnection(
    stand.gateway,
    ada,
    { integration: slug, account: undefined, scopes: undefined, credentials },
    'req_1',
  );
  return id;
}

async function tokenOf(slug: string, id: string, gateway = stand.gateway) {
  return (await credentialFor(gateway, stand.integration(slug), await stand.admitted(id))).headers.authorization;
}

const given = (algorithm: 'ES256' | 'RS256', more: object = {}) => ({
  private_key: pemOf(keyOf(algorithm)),
  holder: holderOf(algorithm),
  key_id: 'key-1',
  ...more,
});

describe('a private key', () => {
  it.each([
    ['rsa', 'RS256', 'pkcs8'],
    ['rsa', 'RS256', 'pkcs1'],
    ['ec', 'ES256', 'pkcs8'],
    ['ec', 'ES256', 'sec1'],
  ] as const)('of %s (%s) in the form %s signs what a real server takes', async (slug, algorithm, form) => {
    const id = await connect(slug, given(algorithm, { private_key: pemOf(keyOf(algorithm), form) }));
    expect(await stand.admitted(id)).toMatchObject({ authType: 'jwt_bearer', account: holderOf(algorithm), status: 'connected' });
    expect([server.granted, server.refused]).toEqual([1, 0]);
  });

  it('may come with its line ends written out, or around it', async () => {
    const pem = pemOf(keyOf('RS256'));
    for (const text of [pem.replaceAll('\n', '\\n'), `\n\n${pem}\n`, pem.replaceAll('\n', '\r\n')])
      expect(await connect('rsa', given('RS256', { private_key: text }))).toMatch(/^conn_/);
  });

  it.each([40, -40, 58])('signs what is taken where our clock is %i seconds off', async (seconds) => {
    stand.gateway.clock.offsetMs = seconds * 1000;
    expect(await connect('rsa', given('RS256'))).toMatch(/^conn_/);
  });

  it('is asked with once by 20 calls at once of two processes whose token has run out', async () => {
    const id = await connect('rsa', given('RS256'));
    server.granted = 0;
    // The token's time, not the assertion's: the server's clock does not move with ours.
    await stand.gateway.db
      .updateTable('connections')
      .set({ accessExpiresAt: new Date(Date.now() - 1000) })
      .where('id', '=', id)
      .execute();
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, at) => tokenOf('rsa', id, at % 2 === 0 ? stand.gateway : other)));
    expect(new Set(tokens).size).toBe(1);
    expect([server.granted, server.refused]).toEqual([1, 0]);
  });

  it('that the service does not know is rejected, and the connection of one that it forgot ends', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    await expect(connect('rsa', given('RS256', { private_key: pemOf(stranger) }))).rejects.toMatchObject({
      code: 'credential_rejected',
      message: 'Rsa gives no token for the credential: it answered "invalid_client". Make a key.',
    });
    upstream.json('{"access_token":"at","expires_in":100}');
    const id = await connect('odd', given('RS256'));
    pass(200);
    upstream.json('{"error":"invalid_grant"}', 400);
    await expect(tokenOf('odd', id)).rejects.toMatchObject({ code: 'token_expired' });
    expect(await stand.admitted(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'invalid_grant' });
  });

  it('may not be given by a narrower key', async () => {
    const narrow = await stand.addUser({ scopes: ['rsa:read'] });
    await expect(connect('rsa', given('RS256'), narrow)).rejects.toMatchObject({ code: 'forbidden' });
    expect(server.granted).toBe(0);
  });
});

const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey;
const edwards = generateKeyPairSync('ed25519').privateKey;
const sealed = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'x',
}) as string;
const sealedOld = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'x',
}) as string;
const whole = pemOf(keyOf('RS256'));
const publicHalf = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }) as string;
/** A sign of the modulus. */
const changed = whole.replace(/^((?:.*\n){2}.{20})(.)/, (_, before, sign) => `${before}${sign === 'A' ? 'B' : 'A'}`);

it.each<[string, string, string]>([
  ['nothing of a key', 'not a key', 'is no private key in PEM form'],
  ['half of it', whole.slice(0, 800), 'is no private key in PEM form'],
  ['a middle that is missing', whole.replace(/\n.{64}\n/, '\n'), 'cannot be read as a private key'],
  ['one that was changed', changed, 'does not fit itself'],
  ['a public key', publicHalf, 'is the public half'],
  ['one with a passphrase', sealed, 'is encrypted'],
  ['an old one with a passphrase', sealedOld, 'is encrypted'],
  ['a weak one', pemOf(weak), 'must have 2048 to 4096 bits, and has 1024'],
  ['an EC key', pemOf(keyOf('ES256')), 'must be an RSA key, for RS256'],
  ['an RSA-PSS key', pemOf(pss), 'must be an RSA key, for RS256'],
  ['an Ed25519 key', pemOf(edwards), 'must be an RSA key, for RS256'],
  ['two of them', whole + whole, 'is no private key in PEM form'],
  ['a secret for HMAC', 'c2VjcmV0', 'is no private key in PEM form'],
])('%s is rejected before anything is asked, and none of it is repeated', async (_name, text, said) => {
  const error = await connect('rsa', given('RS256', { private_key: text })).catch((thrown) => thrown);
  expect(error).toMatchObject({
    code: 'credential_rejected',
    details: [{ path: 'credentials.private_key' }],
    action: 'https://rsa.example/docs',
  });
  expect(error.message).toMatch(said);
  expect([server.granted, server.refused]).toEqual([0, 0]);
  for (const line of text.split('\n').filter((one) => one.length > 20 && !one.startsWith('--')))
    expect(error.message + JSON.stringify(error.details) + String(error.cause) + stand.log.join('\n')).not.toContain(line.slice(0, 20));
});

it.each([
  ['an RSA key', () => keyOf('RS256')],
  ['another curve', () => otherCurve],
] as [string, () => KeyObject][])('%s is rejected where the recipe says ES256', async (_name, key) => {
  await expect(connect('ec', given('ES256', { private_key: pemOf(key()) }))).rejects.toMatchObject({
    code: 'credential_rejected',
    message: expect.stringContaining('must be an EC key on the curve P-256'),
  });
});

describe('what is signed', () => {
  const assertion = () => new URLSearchParams(upstream.received[0]?.body.toString()).get('assertion') as string;
  const publicKey = () => keyOf('RS256');

  it('says what the recipe says, is good for five minutes and comes once', async () => {
    upstream.json('{"access_token":"at"}');
    await connect('odd', given('RS256'));
    const form = Object.fromEntries(new URLSearchParams(upstream.received[0]?.body.toString()));
    expect(Object.keys(form).sort()).toEqual(['assertion', 'grant_type']);
    expect(form.grant_type).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { payload, protectedHeader } = await jwtVerify(assertion(), createPublicKey(publicKey()), {
      algorithms: ['RS256'],
      audience: 'the-audience',
    });
    expect(protectedHeader).toEqual({ kid: 'key-1', typ: 'JWT', alg: 'RS256' });
    const { iat = 0, exp = 0, jti, ...rest } = payload;
    expect(rest).toEqual({ aud: 'the-audience', iss: holderOf('RS256'), sub: holderOf('RS256'), list: [holderOf('RS256'), 7] });
    expect(exp - iat).toBe(360);
    expect(Math.abs(iat + 60 - Date.now() / 1000)).toBeLessThan(5);
    await connect('odd', given('RS256'));
    const again = new URLSearchParams(upstream.received[1]?.body.toString()).get('assertion') as string;
    expect((await jwtVerify(again, createPublicKey(publicKey()))).payload.jti).not.toBe(jti);
  });

  it('takes no other algorithm, header or claim from what the person gives', async () => {
    upstream.json('{"access_token":"at"}');
    await connect('odd', given('RS256', { person: '","iss":"evil","alg":"none' }));
    expect(decodeProtectedHeader(assertion())).toEqual({ kid: 'key-1', typ: 'JWT', alg: 'RS256' });
    const claimsSent = JSON.parse(Buffer.from(assertion().split('.')[1] as string, 'base64url').toString());
    expect(claimsSent).toMatchObject({ iss: holderOf('RS256'), act: '","iss":"evil","alg":"none' });
    upstream.received.length = 0;
    for (const keyId of ['../../etc/passwd', 'a","alg":"HS256', "' or 1=1", 'x\ny'])
      await expect(connect('odd', given('RS256', { key_id: keyId }))).rejects.toMatchObject({
        code: 'bad_request',
        details: [{ path: 'credentials.key_id' }],
      });
    expect(upstream.received).toEqual([]);
  });
});

describe('an exchange', () => {
  const until = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

  it('gives the token that calls carry, for as long as it says', async () => {
    upstream.json(JSON.stringify({ token: 'inst-1', until: until(3600), expires_in: 5 }), 201);
    const id = await connect('apps', given('RS256'));
    const [asked] = upstream.received;
    expect([asked?.method, asked?.target, asked?.headers['x-version'], asked?.body.toString()]).toEqual([
      'POST',
      `/apps/${holderOf('RS256')}/tokens`,
      '7',
      `{"for":"${holderOf('RS256')}"}`,
    ]);
    expect(decodeProtectedHeader(String(asked?.headers.authorization).slice(7))).toMatchObject({ alg: 'RS256' });
    expect(await tokenOf('apps', id)).toBe('Bearer inst-1');
    pass(3_590);
    upstream.json(JSON.stringify({ token: 'inst-2', until: Math.floor(Date.now() / 1000) + 7200 }), 201);
    expect(await tokenOf('apps', id)).toBe('Bearer inst-2');
    expect(upstream.received.length).toBe(2);
  });

  it.each([401, 404])('that answers %i rejects the key, and ends the connection later', async (status) => {
    upstream.json('{"message":"Not Found"}', status);
    await expect(connect('apps', given('RS256'))).rejects.toMatchObject({
      code: 'credential_rejected',
      message: expect.stringContaining(`"http_${status}"`),
    });
    upstream.json(JSON.stringify({ token: 'inst-1', until: until(100) }), 201);
    const id = await connect('apps', given('RS256'));
    pass(200);
    upstream.json('{"message":"Not Found"}', status);
    await expect(tokenOf('apps', id)).rejects.toMatchObject({ code: 'token_expired' });
    expect(await stand.admitted(id)).toMatchObject({ status: 'reconnect_needed', statusReason: `http_${status}` });
  });

  it.each([403, 422, 429, 500, 200])('that answers %i keeps the connection', async (status) => {
    upstream.json(JSON.stringify({ token: 'inst-1', until: until(100) }), 201);
    const id = await connect('apps', given('RS256'));
    pass(200);
    upstream.json('{"message":"not now"}', status);
    await expect(tokenOf('apps', id)).rejects.toMatchObject({ code: expect.stringMatching(/^upstream_/) });
    expect(await stand.admitted(id)).toMatchObject({ status: 'connected' });
  });

  it('follows a token, at the place of the token endpoint wherever that was moved', async () => {
    upstream.play = (request, response) =>
      void response.end(
        JSON.stringify(request.target === '/token' ? { access_token: 'first', token_type: 'bearer' } : { token: 'second', expires_in: 60 }),
      );
    const id = await connect('chain', given('RS256'));
    expect(upstream.received.map(({ target, headers }) => [target, headers.authorization])).toEqual([
      ['/token', undefined],
      ['/second', 'Bearer first'],
    ]);
    expect(await tokenOf('chain', id)).toBe('Bearer second');
  });
});
