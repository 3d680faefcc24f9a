/**
 * Google's services: one consent with whole addresses as scopes, of which the person may leave some out, a refresh token that comes once and
 * stays, and failures that are one status for three things.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const auth = 'https://www.googleapis.com/auth/';
const whole = `${auth}drive`;
const aboutTarget = '/drive/v3/about?fields=user';

let stand: HardStand;
/** Scopes that the person leaves ticked; undefined: all that were asked for. */
let ticked: string | undefined;
let asked: string;
/** What the token endpoint says to the next renewal, instead of a token. */
let refusal: object | undefined;
let answer: { status: number; body: object };
let tokens = 0;

beforeAll(async () => {
  stand = await startHardStand('google_drive', ['www.googleapis.com', 'accounts.google.com', 'oauth2.googleapis.com']);
  stand.upstream.play = ({ target, body }, response) => {
    const send = (status: number, json: object) =>
      response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(json));
    if (target === '/revoke') return void send(200, {});
    if (target === '/token') {
      const isFirst = new URLSearchParams(body.toString()).get('grant_type') === 'authorization_code';
      if (!isFirst && refusal) return void send(400, refusal);
      tokens += 1;
      return void send(200, grantOf(tokens, isFirst));
    }
    if (target === aboutTarget) return void send(200, { user: { permissionId: '0714', emailAddress: 'ada@acme.example' } });
    send(answer.status, answer.body);
  };
});
beforeEach(async () => {
  for (const { connection_id: id } of (await stand.server.request('GET', '/v1/connect')).json.connections)
    await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.server.gateway.clock.offsetMs = 0;
  ticked = undefined;
  refusal = undefined;
  answer = { status: 200, body: { files: [{ id: 'f1', name: 'Plan' }] } };
  tokens = 0;
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

/** As Google answers: the scopes in an order of its own, and a refresh token with a consent alone. */
const grantOf = (count: number, isFirst: boolean) => ({
  access_token: `ya29.${count}`,
  expires_in: 3599,
  ...(isFirst && { refresh_token: '1//rt', refresh_token_expires_in: 604799 }),
  scope: (ticked ?? asked).split(' ').reverse().join(' '),
  token_type: 'Bearer',
});

async function connect(more: object = {}) {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'google_drive', ...more } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  asked = url.searchParams.get('scope') as string;
  const page = await comeBack({ code: '4/0A', scope: ticked ?? asked, iss: `http://accounts.google.com:${stand.upstream.port}` });
  expect(page.status, page.text).toBe(200);
  return url;
}

const call = (endpoint: string, params: object = {}) => stand.server.request('POST', `/v1/google_drive/${endpoint}`, { body: { params } });
const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const passHours = (hours: number) => {
  stand.server.gateway.clock.offsetMs += hours * 3_600_000;
};

it('a consent asks for offline access each time anew, by whole addresses, and names the account', async () => {
  const url = await connect();
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    access_type: 'offline',
    prompt: 'consent',
    response_type: 'code',
    code_challenge_method: 'S256',
    client_id: 'the-client',
  });
  expect(asked).toEqual(whole);
  expect(await connections()).toMatchObject([{ account: 'ada@acme.example', status: 'connected' }]);
  const [exchange, about] = stand.upstream.received;
  expect(Object.fromEntries(new URLSearchParams(exchange?.body.toString()))).toMatchObject({
    grant_type: 'authorization_code',
    code: '4/0A',
    client_id: 'the-client',
    client_secret: 'secret',
    code_verifier: expect.stringMatching(/^[\w-]{43,128}$/),
  });
  expect([about?.target, about?.headers.authorization]).toEqual([aboutTarget, 'Bearer ya29.1']);
});

it('a renewal answers no refresh token, and the one of the consent renews again and again', async () => {
  await connect();
  stand.upstream.received.length = 0;
  for (const round of [2, 3, 4]) {
    passHours(2);
    expect((await call('list_files')).status, `round ${round}`).toBe(200);
  }
  const renewals = stand.upstream.received.filter(({ target }) => target === '/token');
  expect(renewals.map(({ body }) => Object.fromEntries(new URLSearchParams(body.toString())))).toEqual(
    [2, 3, 4].map(() => ({ grant_type: 'refresh_token', refresh_token: '1//rt', client_id: 'the-client', client_secret: 'secret' })),
  );
  const reads = stand.upstream.received.filter(({ target }) => target !== '/token');
  expect(reads.map(({ headers }) => headers.authorization)).toEqual(['Bearer ya29.2', 'Bearer ya29.3', 'Bearer ya29.4']);
});

it('a grant that was withdrawn ends the connection, and a failure of Google’s own does not', async () => {
  await connect();
  passHours(2);
  refusal = { error: 'internal_failure' };
  expect((await call('list_files')).status).toBeGreaterThanOrEqual(500);
  expect(await connections()).toMatchObject([{ status: 'connected' }]);
  refusal = { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' };
  passHours(1);
  expect((await call('list_files')).json.error).toBe('token_expired');
  expect((await connections()).filter((one: { status: string }) => one.status === 'connected')).toEqual([]);
  stand.upstream.received.length = 0;
  expect((await call('list_files')).json.error).toBe('token_expired');
  expect(stand.upstream.received).toEqual([]);
});

it('what the person left unticked is refused before anything is sent, and a further consent adds it', async () => {
  ticked = `${auth}drive.metadata.readonly`;
  await connect();
  stand.upstream.received.length = 0;
  const read = await call('list_files');
  expect(read.status, read.text).toBe(200);
  const refused = await call('share_file', { fileId: 'f1', type: 'user', role: 'reader', emailAddress: 'bob@example.org' });
  expect(refused.json).toMatchObject({ error: 'consent_required' });
  expect(stand.upstream.received.map(({ method }) => method)).toEqual(['GET']);
  ticked = undefined;
  await connect();
  expect(await connections()).toHaveLength(1);
  expect((await call('share_file', { fileId: 'f1', type: 'user', role: 'reader', emailAddress: 'bob@example.org' })).status).toBe(200);
});

it('a list asks for its fields and for shared drives, byte for byte', async () => {
  await connect();
  stand.upstream.received.length = 0;
  const listed = await call('list_files', { q: "name contains 'Zürich & more'", fields: 'files(id,name)', pageSize: 5 });
  expect(listed.json.data).toEqual({ files: [{ id: 'f1', name: 'Plan' }] });
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'GET /drive/v3/files?supportsAllDrives=true&includeItemsFromAllDrives=true&q=name%20contains%20%27Z%C3%BCrich%20%26%20more%27&pageSize=5&corpora=allDrives&fields=files(id%2Cname)',
      'host: www.googleapis.com',
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Bearer ya29.1',
      'user-agent: skillett',
    ],
  ]);
});

it('a file and what is known of it are two parts of one body, whose length is said', async () => {
  await connect();
  stand.upstream.received.length = 0;
  const content = Buffer.from([0, 0xff, 0x0d, 0x0a]);
  const file = { filename: 'a.bin', content_type: 'image/png', base64: content.toString('base64') };
  expect((await call('upload_file', { name: 'Zürich.png', parents: ['f1'], fields: 'id', file })).status).toBe(200);
  const [request] = stand.upstream.received;
  const type = request?.headers['content-type'] as string;
  const boundary = /^multipart\/related; boundary=(skillett-[0-9a-f]{32})$/.exec(type)?.[1];
  const body = Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{"name":"Zürich.png","parents":["f1"]}\r\n`),
    Buffer.from(`--${boundary}\r\nContent-Type: image/png\r\n\r\n`),
    content,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  expect(request?.body.equals(body)).toBe(true);
  expect(request && linesOf(request).slice(0, -1)).toEqual([
    'POST /upload/drive/v3/files?uploadType=multipart&supportsAllDrives=true&fields=id',
    'host: www.googleapis.com',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer ya29.1',
    `content-length: ${body.length}`,
    `content-type: ${type}`,
    'user-agent: skillett',
  ]);
});

it.each([
  ['userRateLimitExceeded', '30'],
  ['insufficientFilePermissions', null],
])('of answers with 403, what is to be done after %s differs', async (reason, retryAfter) => {
  await connect();
  answer = { status: 403, body: { error: { code: 403, message: 'No.', errors: [{ domain: 'usageLimits', reason }] } } };
  const refused = await call('create_file', { name: 'x', mimeType: 'application/vnd.google-apps.folder' });
  expect(refused.json).toMatchObject({ status: 403, error: { error: { errors: [{ reason }] } } });
  expect(refused.headers.get('retry-after')).toBe(retryAfter);
});
