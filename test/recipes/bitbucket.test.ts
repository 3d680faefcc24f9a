/** A service that wants the client in Basic at its token endpoint, calls scopes «scopes», and links to pages and diffs elsewhere. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let grants = 0;
let granted: string;
let renewal: { status: number; body: object } | undefined;
let answer: { status: number; body: unknown; headers?: Record<string, string> };
/** Access tokens that are over. */
const dead = new Set<string>();
const repository = { workspace: 'acme', repo: 'web' };

beforeAll(async () => {
  stand = await startHardStand('bitbucket', ['bitbucket.org', 'api.bitbucket.org']);
});
beforeEach(() => {
  renewal = undefined;
  granted = 'account pullrequest:write pipeline';
  answer = { status: 200, body: { values: [] } };
  stand.upstream.play = ({ target, headers, body: sent }, response) => {
    const say = (status: number, body: unknown, more = {}): void => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json', ...more }).end(text);
    };
    if (target === '/site/oauth2/access_token') {
      if (renewal && String(sent).includes('refresh_token')) return say(renewal.status, renewal.body);
      grants += 1;
      return say(200, { access_token: `at-${grants}`, refresh_token: 'rt-1', expires_in: 7200, scopes: granted, token_type: 'bearer' });
    }
    if (dead.has(headers.authorization ?? '')) return say(401, { type: 'error', error: { message: 'Access token expired.' } });
    if (target === '/2.0/user') return say(200, { uuid: '{1a2b}', display_name: 'Ada', nickname: 'ada' });
    if (target.startsWith('/2.0/repositories/acme/web/diff/')) return say(200, 'diff --git a/x b/x\n');
    return say(answer.status, answer.body, answer.headers);
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

async function consent() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'bitbucket', account: 'work' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  return { asked: url.searchParams, back: await comeBack({ code: 'the-code' }) };
}
const call = (endpoint: string, params: object, more = {}) =>
  stand.server.request('POST', `/v1/bitbucket/${endpoint}`, { body: { params, ...more } });
const toTokens = () => stand.upstream.received.filter(({ target }) => target === '/site/oauth2/access_token');

it('the client stands in Basic and not in the body, and what was granted is read from the word that Bitbucket has for it', async () => {
  const { asked, back } = await consent();
  expect(asked.get('scope')?.split(' ')).toEqual(expect.arrayContaining(['account', 'pullrequest:write', 'pipeline:write']));
  expect([back.status, back.text]).toEqual([200, expect.stringContaining('connected')]);
  const [token] = toTokens();
  expect(token?.headers.authorization).toBe(`Basic ${Buffer.from('the-client:secret').toString('base64')}`);
  const form = Object.fromEntries(new URLSearchParams(String(token?.body)));
  expect(form).toMatchObject({ grant_type: 'authorization_code', code: 'the-code' });
  expect(form).not.toHaveProperty('client_secret');
  stand.upstream.received.length = 0;
  // `pullrequest:write` reads and writes repositories too; running a pipeline was not granted.
  expect((await call('list_branches', repository)).status).toBe(200);
  expect((await call('create_branch', { ...repository, name: 'fix/login', target: 'main' })).status).toBe(200);
  expect((await call('run_pipeline', { ...repository, branch: 'main' })).status).toBe(403);
  expect(stand.upstream.received.map(linesOf).at(-1)?.at(-1)).toBe('{"name":"fix/login","target":{"hash":"main"}}');
  expect(stand.upstream.received).toHaveLength(2);
});

it('a pull request and a comment at a line arrive as Bitbucket takes them', async () => {
  await consent();
  stand.upstream.received.length = 0;
  answer = { status: 201, body: { id: 17 } };
  const opened = { ...repository, title: 'Mend', source: 'fix/login', destination: 'main', reviewers: [{ uuid: '{5e6f}' }] };
  expect((await call('create_pull_request', opened)).status).toBe(201);
  expect((await call('add_pull_request_comment', { ...repository, number: 17, text: 'Why?', path: 'src/app.ts', line: 42 })).status).toBe(
    201,
  );
  const [create, comment] = stand.upstream.received.map(linesOf);
  expect([create?.[0], create?.[1], JSON.parse(create?.at(-1) ?? '')]).toEqual([
    'POST /2.0/repositories/acme/web/pullrequests',
    'host: api.bitbucket.org',
    {
      title: 'Mend',
      source: { branch: { name: 'fix/login' } },
      destination: { branch: { name: 'main' } },
      reviewers: [{ uuid: '{5e6f}' }],
    },
  ]);
  expect(create).toContain(`authorization: Bearer at-${grants}`);
  expect([comment?.[0], JSON.parse(comment?.at(-1) ?? '')]).toEqual([
    'POST /2.0/repositories/acme/web/pullrequests/17/comments',
    { content: { raw: 'Why?' }, inline: { path: 'src/app.ts', to: 42 } },
  ]);
});

it('a list goes on by the query of its link, and a diff is followed to where it lies', async () => {
  await consent();
  stand.upstream.received.length = 0;
  answer = {
    status: 200,
    body: { values: [{ id: 1 }], next: 'https://api.bitbucket.org/2.0/repositories/%7B9f%7D/%7B8e%7D/pullrequests?page=2' },
  };
  const first = await call('list_pull_requests', { ...repository, state: ['OPEN', 'MERGED'] });
  answer = { status: 200, body: { values: [{ id: 2 }] } };
  const second = await call(
    'list_pull_requests',
    { ...repository, state: ['OPEN', 'MERGED'] },
    { next: first.headers.get('x-skillett-next') },
  );
  expect([second.json.data.values, second.headers.get('x-skillett-next')]).toEqual([[{ id: 2 }], null]);
  expect(stand.upstream.received.map(({ target }) => target)).toEqual([
    '/2.0/repositories/acme/web/pullrequests?state=OPEN&state=MERGED',
    '/2.0/repositories/acme/web/pullrequests?page=2',
  ]);

  answer = { status: 302, body: '', headers: { location: '/2.0/repositories/acme/web/diff/acme/web:2f4c%0Da1b2?from_pullrequest_id=17' } };
  const diff = await call('get_pull_request_diff', { ...repository, number: 17 });
  expect([diff.status, diff.json.data]).toEqual([200, 'diff --git a/x b/x\n']);
});

it('a token of two hours is renewed by the refresh token, which lasts, and a renewal that is refused ends the connection', async () => {
  await consent();
  for (const _ of [1, 2]) {
    stand.upstream.received.length = 0;
    stand.server.gateway.clock.offsetMs += 7_200_000;
    expect((await call('list_branches', repository)).status).toBe(200);
    expect(toTokens().map(({ body }) => Object.fromEntries(new URLSearchParams(String(body))))).toEqual([
      { grant_type: 'refresh_token', refresh_token: 'rt-1' },
    ]);
    expect(stand.upstream.received.at(-1)?.headers.authorization).toBe(`Bearer at-${grants}`);
  }
  stand.server.gateway.clock.offsetMs += 7_200_000;
  renewal = { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid refresh_token' } };
  expect((await call('list_branches', repository)).json).toMatchObject({ error: 'token_expired' });
});

it('an API token goes out as Basic with the address, and one that Bitbucket refuses connects nothing', async () => {
  const connect = (password: string) =>
    stand.server.request('POST', '/v1/connect', {
      body: { integration: 'bitbucket', credentials: { username: 'ada@acme.example', password } },
    });
  const basic = (password: string) => `Basic ${Buffer.from(`ada@acme.example:${password}`).toString('base64')}`;
  expect((await connect('ATATT-good')).json).toMatchObject({ status: 'connected' });
  expect(stand.upstream.received.map(({ headers }) => headers.authorization)).toEqual([basic('ATATT-good')]);
  dead.add(basic('ATATT-wrong'));
  const refused = await connect('ATATT-wrong');
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.text + stand.server.log.join('')).not.toContain('ATATT-wrong');
});

it('too many calls are answered with when to come back, where Bitbucket does not say it', async () => {
  await consent();
  answer = { status: 429, body: 'Rate limit for this resource has been exceeded' };
  const limited = await call('create_branch', { ...repository, name: 'x', target: 'main' });
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '60']);
});
