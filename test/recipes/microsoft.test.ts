/** A service whose answers hold the address of their next page: it is given out and taken back, and leads nowhere else. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let nextOf: (page: number) => unknown;
let filler = '';
const link = (query: string, origin = `http://graph.microsoft.com:${stand.upstream.port}`) => `${origin}/v1.0/me/messages?${query}`;

beforeAll(async () => {
  stand = await startHardStand('microsoft', ['graph.microsoft.com', 'login.microsoftonline.com', 'evil.example']);
  stand.upstream.play = ({ target }, response) => {
    const at = Number(new URLSearchParams(target.split('?')[1]).get('$skiptoken') ?? 1);
    const body = target.includes('/token')
      ? { access_token: 'at-1', token_type: 'Bearer', expires_in: 3600, refresh_token: 'rt-1', scope: 'Mail.Read' }
      : target.endsWith('/me')
        ? { id: 'u1', userPrincipalName: 'ada@acme.example' }
        : { value: [{ id: at, filler }], '@odata.nextLink': nextOf(at) };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'microsoft' } });
  const { comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'c' })).status).toBe(200);
});
beforeEach(() => {
  stand.upstream.received.length = 0;
  filler = '';
  nextOf = (page) => (page < 3 ? link(`%24top=1&$skiptoken=${page + 1}`) : undefined);
});
afterAll(() => stand.close());

const params = { top: 1, search: 'x' };
const list = (body: object = {}, headers: Record<string, string> = {}) =>
  stand.server.request('POST', '/v1/microsoft/list_messages', { body: { params, ...body }, headers });

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
    'accept: */*',
    'authorization: Bearer at-1',
    'user-agent: skillett',
  ];
  expect(stand.upstream.received.map(linesOf)).toEqual([
    ['GET /v1.0/me/messages?%24search=x&%24top=1', ...fixed],
    ['GET /v1.0/me/messages?%24top=1&$skiptoken=2', ...fixed],
    ['GET /v1.0/me/messages?%24top=1&$skiptoken=3', ...fixed],
  ]);
});

it('GraphQL has it as `next`, also where `select` cuts it out of the data', async () => {
  const query =
    'query ($p: JSON, $n: String) { read(integration: "microsoft", endpoint: "list_messages", params: $p, next: $n, select: "value[].id") { data next } }';
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
  const document = await stand.server.request('GET', '/v1/skills/microsoft/list_messages', { headers: { accept: 'text/markdown' } });
  expect(document.text).toContain('For the next page give back what the header `X-Skillett-Next` holds as `next` beside `params`');
});
