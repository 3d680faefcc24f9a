/** Services whose accounts are private keys: one whose key file says who it is, and one whose app exchanges a JWT for a token of an installation. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ownerBrowser } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string;

/** A JWT without its signature, once that is good. */
function readJwt(jwt: string) {
  const [header, payload, signature] = jwt.split('.') as [string, string, string];
  expect(verify('sha256', Buffer.from(`${header}.${payload}`), createPublicKey(privateKey), Buffer.from(signature, 'base64url'))).toBe(
    true,
  );
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  return { header: read(header), payload: read(payload) };
}

/** Lines of the key that no log, answer or row may hold. */
const linesOfKey = [...pkcs8.split('\n'), ...pkcs1.split('\n')].filter((line) => line.length > 40);

async function expectUnseen(stand: HardStand, answers: string[]): Promise<void> {
  const { db } = stand.server.gateway;
  const rows = await Promise.all([
    db.selectFrom('connections').selectAll().execute(),
    db.selectFrom('consents').selectAll().execute(),
    db.selectFrom('auditRows').selectAll().execute(),
    db.selectFrom('skillCalls').selectAll().execute(),
  ]);
  const kept = JSON.stringify(rows) + stand.server.log.join('\n') + answers.join('\n');
  expect(kept.length).toBeGreaterThan(500);
  for (const line of linesOfKey) expect(kept).not.toContain(line);
  for (const token of ['ya29.', 'ghs_']) expect(kept).not.toContain(token);
}

describe('a service account', () => {
  let stand: HardStand;
  const file = (more: object = {}) =>
    JSON.stringify(
      {
        type: 'service_account',
        project_id: 'acme-plans',
        private_key_id: '0a1b2c',
        private_key: pkcs8,
        client_email: 'robot@acme-plans.iam.gserviceaccount.com',
        client_id: '1',
        token_uri: 'https://evil.example/token',
        universe_domain: 'evil.example',
        ...more,
      },
      null,
      2,
    );
  const connect = (credentials: object) =>
    stand.server.request('POST', '/v1/connect', { body: { integration: 'google_pubsub', credentials } });
  const publish = () =>
    stand.server.request('POST', '/v1/google_pubsub/publish_message', {
      body: { params: { topic: 'plans', messages: [{ data: 'aGk=' }] } },
    });

  beforeAll(async () => {
    stand = await startHardStand('google_pubsub', ['oauth2.googleapis.com', 'pubsub.googleapis.com', 'evil.example']);
  });
  beforeEach(() => {
    stand.upstream.reset();
    stand.server.gateway.clock.offsetMs = 0;
    stand.upstream.play = ({ target }, response) => {
      const body = target === '/token' ? { access_token: 'ya29.token', expires_in: 3599, token_type: 'Bearer' } : { messageIds: ['1'] };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
  });
  afterAll(() => stand.close());

  it('is connected by its key file, and nothing in the file leads elsewhere', async () => {
    const connected = await connect({ key_file: file() });
    expect(connected.json).toMatchObject({ status: 'connected' });
    const called = await publish();
    expect(called.text).toBe('{"status":200,"data":{"messageIds":["1"]}}');
    const [token, call] = stand.upstream.received.map(linesOf);
    const form = new URLSearchParams(token?.at(-1));
    expect(token?.slice(0, -1)).toEqual([
      'POST /token',
      'host: oauth2.googleapis.com',
      'accept-encoding: identity',
      'accept: application/json',
      `content-length: ${token?.at(-1)?.length}`,
      'content-type: application/x-www-form-urlencoded',
      'user-agent: skillett',
    ]);
    expect([...form.keys()]).toEqual(['grant_type', 'assertion']);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { header, payload } = readJwt(form.get('assertion') as string);
    expect(header).toEqual({ kid: '0a1b2c', typ: 'JWT', alg: 'RS256' });
    expect(payload).toEqual({
      aud: `http://oauth2.googleapis.com:${stand.upstream.port}/token`,
      iss: 'robot@acme-plans.iam.gserviceaccount.com',
      scope: `http://www.googleapis.com:${stand.upstream.port}/auth/pubsub`,
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.any(String),
    });
    expect(payload.exp - payload.iat).toBe(360);
    expect(call).toEqual([
      'POST /v1/projects/acme-plans/topics/plans:publish',
      'host: pubsub.googleapis.com',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer ya29.token',
      'content-length: 30',
      'content-type: application/json',
      'user-agent: skillett',
      '{"messages":[{"data":"aGk="}]}',
    ]);
    const listed = await stand.server.request('GET', '/v1/connect');
    expect(listed.json.connections).toMatchObject([
      { account: 'robot@acme-plans.iam.gserviceaccount.com', variables: { project: 'acme-plans', key_id: '0a1b2c' } },
    ]);
    await expectUnseen(stand, [connected.text, called.text, listed.text]);
  });

  it('acts for a person where one is named', async () => {
    expect((await connect({ key_file: file(), subject: 'ada@acme.example' })).json).toMatchObject({ status: 'connected' });
    const form = new URLSearchParams(stand.upstream.received[0]?.body.toString());
    expect(readJwt(form.get('assertion') as string).payload).toMatchObject({ sub: 'ada@acme.example' });
  });

  it.each([
    ['is no file at all', pkcs8, 'is no JSON file'],
    ['is cut off', file().slice(0, -3), 'is no JSON file'],
    ['is another file', JSON.stringify({ installed: { client_id: 'x' } }), 'holds no private key at `private_key`'],
    ['has a key that is none', file({ private_key: pkcs8.slice(0, 500) }), 'holds a private key that is no private key in PEM form'],
    ['has an object for a key', file({ private_key: { kty: 'RSA' } }), 'holds no private key at `private_key`'],
  ])('is rejected where what is given %s, and nothing of it is repeated', async (_name, text, said) => {
    const refused = await connect({ key_file: text });
    expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
    expect(refused.json.message).toContain(said);
    expect(refused.json.details).toMatchObject([{ path: 'credentials.key_file' }]);
    expect(stand.upstream.received).toEqual([]);
    await expectUnseen(stand, [refused.text]);
  });

  it.each([
    ['project_id', '../../evil'],
    ['private_key_id', 'x","alg":"none'],
    ['client_email', 'robot@evil.example"}'],
    ['project_id', undefined],
    ['project_id', pkcs8],
  ])('is refused where its %s is %j', async (name, value) => {
    const refused = await connect({ key_file: file({ [name]: value }) });
    expect([refused.status, refused.json.details]).toEqual([400, [{ path: 'credentials.key_file', message: expect.any(String) }]]);
    expect(stand.upstream.received).toEqual([]);
    await expectUnseen(stand, [refused.text]);
  });

  it('is connected on our page too, by one field of many lines', async () => {
    const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'google_pubsub', account: 'from the page' } });
    const browser = await ownerBrowser(stand.server);
    const link = started.json.oauth_url;
    const page = await browser.open(link);
    expect(page.text).toMatch(/<textarea id="jwt_bearer-key_file" name="credential.key_file"[^>]*><\/textarea>/);
    const wrong = await browser.press(link, {
      answer: 'connect',
      'credential.key_file': file({ private_key: `${pkcs8.slice(0, 900)}"<script>` }),
    });
    expect(wrong.text).toContain('holds a private key that is no private key in PEM form');
    await expectUnseen(stand, [wrong.text]);
    const right = await browser.press(link, { answer: 'connect', 'credential.key_file': file({ client_email: 'page@acme.example' }) });
    expect([right.status, right.text]).toEqual([200, expect.stringContaining('is connected')]);
    const query = '{ integration(slug: "google_pubsub") { connectMethods { type fields { name secret multiline required } } } }';
    expect((await stand.server.graphql(query)).json.data.integration.connectMethods).toEqual([
      {
        type: 'JWT_BEARER',
        fields: [
          { name: 'key_file', secret: true, multiline: true, required: true },
          { name: 'subject', secret: false, multiline: false, required: false },
        ],
      },
    ]);
  });
});

describe('an app with installations', () => {
  let stand: HardStand;
  let tokens = 0;
  const connect = (more: object = {}) =>
    stand.server.request('POST', '/v1/connect', {
      body: { integration: 'github_app', credentials: { private_key: pkcs1, app: 'Iv1.a1b2', installation: '42', ...more } },
    });
  const create = () =>
    stand.server.request('POST', '/v1/github_app/create_issue', { body: { params: { repo: 'acme/plans', title: 'Hi' } } });

  beforeAll(async () => {
    stand = await startHardStand('github_app', ['api.github.com']);
  });
  beforeEach(() => {
    stand.upstream.reset();
    stand.server.gateway.clock.offsetMs = 0;
    tokens = 0;
    stand.upstream.play = ({ target }, response) => {
      const isExchange = target.startsWith('/app/');
      tokens += isExchange ? 1 : 0;
      // As GitHub documents it for POST /app/installations/{installation_id}/access_tokens.
      const token = {
        token: `ghs_${tokens}`,
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        permissions: { issues: 'write' },
      };
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(isExchange ? token : { number: 7 }));
    };
  });
  afterAll(() => stand.close());

  it('signs a JWT as the app, and calls with the token of the installation', async () => {
    const connected = await connect();
    expect(connected.json).toMatchObject({ status: 'connected' });
    const called = await create();
    expect(called.json).toMatchObject({ status: 201, data: { number: 7 } });
    const [exchange, call] = stand.upstream.received.map(linesOf);
    const jwt = exchange?.find((line) => line.startsWith('authorization: '))?.slice('authorization: Bearer '.length) as string;
    expect(exchange?.filter((line) => !line.startsWith('authorization: '))).toEqual([
      'POST /app/installations/42/access_tokens',
      'host: api.github.com',
      'accept-encoding: identity',
      'accept: application/json',
      'content-length: 0',
      'user-agent: skillett',
      'x-github-api-version: 2022-11-28',
    ]);
    const { header, payload } = readJwt(jwt);
    expect(header).toEqual({ typ: 'JWT', alg: 'RS256' });
    expect(payload).toEqual({ iss: 'Iv1.a1b2', iat: expect.any(Number), exp: expect.any(Number), jti: expect.any(String) });
    // No more than ten minutes ahead, whatever of a minute the clocks differ by.
    expect(payload.exp - Date.now() / 1000).toBeLessThan(540);
    expect(call).toEqual([
      'POST /repos/acme/plans/issues',
      'host: api.github.com',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer ghs_1',
      'content-length: 14',
      'content-type: application/json',
      'user-agent: skillett',
      'x-github-api-version: 2022-11-28',
      '{"title":"Hi"}',
    ]);
    await expectUnseen(stand, [connected.text, called.text]);
  });

  it('gets one new token for calls that come together after an hour, and an account for each installation', async () => {
    await connect();
    stand.server.gateway.clock.offsetMs = 3_590_000;
    await Promise.all([create(), create(), create(), create()]);
    expect(stand.asked().filter((line) => line.includes('access_tokens')).length).toBe(2);
    stand.server.gateway.clock.offsetMs = 0;
    await connect({ installation: '43' });
    const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
    expect(connections.map(({ account }: { account: string }) => account).sort()).toEqual(['Iv1.a1b2/42', 'Iv1.a1b2/43']);
  });

  it('no installation that is not a number is asked for', async () => {
    for (const installation of ['42/../../user', '4 2', '%2e%2e', ''])
      expect((await connect({ installation })).json.details).toMatchObject([{ path: 'credentials.installation' }]);
    expect(stand.upstream.received).toEqual([]);
  });
});
