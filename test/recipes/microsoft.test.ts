/**
 * Microsoft's services: one consent for a tenant, refresh tokens that are new each time, and answers that hold the address of their next
 * page, which is given out and taken back, and leads nowhere else.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let nextOf: (page: number) => unknown;
let filler = '';
/** What the token endpoint says to the next renewal, instead of a token. */
let refusal: object | undefined;
let tokens = 0;
const link = (query: string, origin = `http://graph.microsoft.com:${stand.upstream.port}`) => `${origin}/v1.0/me/messages?${query}`;

beforeAll(async () => {
  stand = await startHardStand('microsoft_outlook', ['graph.microsoft.com', 'login.microsoftonline.com', 'evil.example']);
  stand.upstream.play = ({ target }, response) => {
    const at = Number(new URLSearchParams(target.split('?')[1]).get('$skiptoken') ?? 1);
    if (target.includes('/token')) {
      tokens += refusal === undefined ? 1 : 0;
      return void response
        .writeHead(refusal === undefined ? 200 : 400, { 'content-type': 'application/json; charset=utf-8' })
        .end(JSON.stringify(refusal ?? grantOf(tokens)));
    }
    if (target.endsWith('/sendMail')) return void response.writeHead(202).end();
    const body = target.endsWith('/me')
      ? { id: 'u1', userPrincipalName: 'ada@acme.example' }
      : { value: [{ id: at, filler }], '@odata.nextLink': nextOf(at) };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  await connect();
});
beforeEach(() => {
  refusal = undefined;
  stand.upstream.received.length = 0;
  filler = '';
  nextOf = (page) => (page < 3 ? link(`%24top=1&$skiptoken=${page + 1}`) : undefined);
});
afterAll(() => stand.close());

/** As Microsoft answers: the scopes without those of sign-in, and a new refresh token each time. */
const grantOf = (count: number) => ({
  token_type: 'Bearer',
  scope: 'Mail.ReadWrite Mail.Send User.Read',
  expires_in: 3599,
  ext_expires_in: 3599,
  access_token: `at-${count}`,
  refresh_token: `rt-${count}`,
});
async function connect(more: object = {}) {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'microsoft_outlook', ...more } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'c' })).status).toBe(200);
  return url;
}

const usual = 'id,subject,from,toRecipients,receivedDateTime,isRead,hasAttachments,importance,conversationId,bodyPreview,webLink';
const params = { top: 1, search: 'x' };
const list = (body: object = {}, headers: Record<string, string> = {}) =>
  stand.server.request('POST', '/v1/microsoft_outlook/list_messages', { body: { params, ...body }, headers });

it.each([
  ['short', 0],
  ['long', 300_000],
])('%s pages are read to their end by what each answer holds, byte for byte', async (_how, length) => {
  filler = 'x'.repeat(length);
  const ids: number[] = [];
  let next: string | null = null;
  do {
    const page = await list(next === null ? {} : { next });
    expect(page.status, page.text.slice(0, 300)).toBe(200);
    ids.push(page.json.data.value[0].id);
    next = page.headers.get('x-skillett-next');
  } while (next !== null);
  expect(ids).toEqual([1, 2, 3]);
  const fixed = [
    'host: graph.microsoft.com',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer at-1',
    'prefer: IdType="ImmutableId"',
    'user-agent: skillett',
  ];
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [`GET /v1.0/me/messages?%24search=x&%24top=1&%24select=${usual}`, ...fixed],
    ['GET /v1.0/me/messages?%24top=1&$skiptoken=2', ...fixed],
    ['GET /v1.0/me/messages?%24top=1&$skiptoken=3', ...fixed],
  ]);
});

it('GraphQL has it as `next`, also where `select` cuts it out of the data', async () => {
  const query =
    'query ($p: JSON, $n: String) { read(integration: "microsoft_outlook", endpoint: "list_messages", params: $p, next: $n, select: "value[].id") { data next } }';
  const first = (await stand.server.graphql(query, { p: params })).json.data.read;
  expect(first).toEqual({ data: [1], next: expect.any(String) });
  expect((await stand.server.graphql(query, { p: params, n: first.next })).json.data.read).toEqual({
    data: [2],
    next: expect.any(String),
  });
});

it('a link to another host, another path or nothing that is an address gives none', async () => {
  for (const other of [
    link('$skiptoken=2', 'http://evil.example'),
    link('$skiptoken=2', 'https://graph.microsoft.com'),
    `http://graph.microsoft.com:${stand.upstream.port}/v1.0/groups/u2/messages?$skiptoken=2`,
    'http://[',
    7,
    { href: link('$skiptoken=2') },
    null,
    '',
  ]) {
    nextOf = () => other;
    const page = await list();
    expect([other, page.status, page.headers.get('x-skillett-next')]).toEqual([other, 200, null]);
  }
});

it('a link that names the path as the recipe says is taken, and its query goes to the path that was asked', async () => {
  nextOf = () => `http://graph.microsoft.com:${stand.upstream.port}/v1.0/users/u1/messages?$skiptoken=2`;
  const next = (await list()).headers.get('x-skillett-next');
  expect((await list({ next })).status).toBe(200);
  expect(stand.upstream.received.at(-1)?.target).toBe('/v1.0/me/messages?$skiptoken=2');
});

it('`next` is taken only as it was given out, and for the call that it came from', async () => {
  const next = (await list()).headers.get('x-skillett-next') as string;
  stand.upstream.received.length = 0;
  for (const body of [{ next: `${next}x` }, { next: link('$skiptoken=9') }, { next, params: { ...params, top: 2 } }])
    expect((await list(body)).json).toMatchObject({
      error: 'bad_request',
      message: expect.stringContaining('`next` is not that of this call'),
    });
  expect(stand.upstream.received).toEqual([]);
});

it('the raw form passes the body as it came, without a next page', async () => {
  const raw = await list({}, { accept: 'application/octet-stream' });
  expect([raw.json['@odata.nextLink'], raw.headers.get('x-skillett-next')]).toEqual([link('%24top=1&$skiptoken=2'), null]);
});

it('the document of the endpoint says how to get the next page', async () => {
  const document = await stand.server.request('GET', '/v1/skills/microsoft_outlook/list_messages', {
    headers: { accept: 'text/markdown' },
  });
  expect(document.text).toContain('For the next page give back what the header `X-Skillett-Next` holds as `next` beside `params`');
});

describe('a consent', () => {
  const placeOf = (url: URL) => `${url.hostname}${url.pathname}`;
  const tokenRequests = () => stand.upstream.received.filter(({ target }) => target.includes('/token'));
  const mail = { to: [{ emailAddress: { address: 'bob@example.org' } }], subject: 'Minutes', content: 'Here they are.' };
  const send = () => stand.server.request('POST', '/v1/microsoft_outlook/send_email', { body: { params: mail } });

  it('is asked of every tenant, with a choice of account, and its code is taken where it was given', async () => {
    const url = await connect({ scopes: ['Mail.Read', 'Mail.Send'] });
    expect(placeOf(url)).toBe('login.microsoftonline.com/common/oauth2/v2.0/authorize');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      prompt: 'select_account',
      code_challenge_method: 'S256',
      response_type: 'code',
    });
    // With what the account had before.
    expect(url.searchParams.get('scope')?.split(' ').sort()).toEqual([
      'Mail.Read',
      'Mail.ReadWrite',
      'Mail.Send',
      'User.Read',
      'offline_access',
    ]);
    expect(stand.asked()).toEqual(['POST login.microsoftonline.com/common/oauth2/v2.0/token', 'GET graph.microsoft.com/v1.0/me']);
    const form = new URLSearchParams(tokenRequests()[0]?.body.toString());
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: 'authorization_code',
      code: 'c',
      client_id: 'the-client',
      client_secret: 'secret',
    });
  });

  it('is asked of one tenant where the app belongs to it, and no tenant leads elsewhere', async () => {
    const url = await connect({ credentials: { tenant: 'acme.example' } });
    expect(placeOf(url)).toBe('login.microsoftonline.com/acme.example/oauth2/v2.0/authorize');
    expect(stand.asked()[0]).toBe('POST login.microsoftonline.com/acme.example/oauth2/v2.0/token');
    const body = { integration: 'microsoft_outlook', credentials: { tenant: 'acme.example/../common' } };
    expect((await stand.server.request('POST', '/v1/connect', { body })).json.details).toMatchObject([{ path: 'credentials.tenant' }]);
    await connect();
  });

  it('is renewed with the newest refresh token, once for calls at the same time, and a mail goes out as Graph takes it', async () => {
    const count = tokens;
    stand.upstream.received.length = 0;
    stand.server.gateway.clock.offsetMs += 3_700_000;
    expect((await Promise.all([send(), send()])).map(({ status }) => status)).toEqual([202, 202]);
    stand.server.gateway.clock.offsetMs += 3_700_000;
    expect((await send()).status).toBe(202);
    expect(tokenRequests().map(({ body }) => Object.fromEntries(new URLSearchParams(body.toString())))).toEqual(
      [count, count + 1].map((one) => ({
        grant_type: 'refresh_token',
        refresh_token: `rt-${one}`,
        client_id: 'the-client',
        client_secret: 'secret',
      })),
    );
    const text =
      '{"Message":{"toRecipients":[{"emailAddress":{"address":"bob@example.org"}}],"subject":"Minutes","body":{"content":"Here they are.","contentType":"text"}}}';
    expect(linesOf(stand.upstream.received.at(-1)!)).toEqual([
      'POST /v1.0/me/sendMail',
      'host: graph.microsoft.com',
      'accept-encoding: identity',
      'accept: application/json',
      `authorization: Bearer at-${count + 2}`,
      `content-length: ${text.length}`,
      'content-type: application/json',
      'user-agent: skillett',
      text,
    ]);
  });

  it('ends where Microsoft takes the refresh token no more, and not where it is only busy', async () => {
    stand.server.gateway.clock.offsetMs += 3_700_000;
    refusal = { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error has occurred.' };
    expect((await send()).status).toBeGreaterThanOrEqual(500);
    refusal = { error: 'invalid_grant', error_description: 'AADSTS700082: The refresh token has expired due to inactivity.' };
    stand.server.gateway.clock.offsetMs += 600_000;
    expect((await send()).json.error).toBe('token_expired');
    expect(stand.asked().filter((one) => one.includes('sendMail'))).toEqual([]);
    const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
    expect(connections).toMatchObject([{ account: 'ada@acme.example', status: 'error' }]);
  });
});
