/** What Atlassian gets: the consent it asks for, tokens that rotate, and issues whose texts are texts. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const cloudId = '1324a887-45db-1bf4-1e99-ef0ff456d421';
const site = { id: cloudId, name: 'acme', url: 'https://acme.atlassian.net', scopes: ['read:jira-work', 'read:jira-user'] };
let stand: HardStand;
let grants = 0;
let granted = '';
let renewal: { status: number; body: object } | undefined;
let answer: { status: number; body: unknown; headers?: Record<string, string> };
/** Access tokens that are over. */
const dead = new Set<string>();

beforeAll(async () => {
  stand = await startHardStand('jira', ['api.atlassian.com', 'auth.atlassian.com']);
});
beforeEach(() => {
  renewal = undefined;
  answer = { status: 200, body: { key: 'ABC-12' } };
  stand.upstream.play = ({ target, headers, body: sent }, response) => {
    const say = (status: number, body: unknown, more = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
    };
    if (target === '/oauth/token') {
      if (renewal && String(sent).includes('refresh_token')) return say(renewal.status, renewal.body);
      grants += 1;
      return say(200, {
        access_token: `at-${grants}`,
        refresh_token: `rt-${grants}`,
        expires_in: 3600,
        scope: granted,
        token_type: 'Bearer',
      });
    }
    if (target === '/oauth/token/accessible-resources')
      return say(200, [site, { ...site, id: 'ffffffff-45db', scopes: ['read:page:confluence'] }]);
    if (target.endsWith('/myself')) return say(200, { accountId: '5b10', emailAddress: 'ada@acme.example', displayName: 'Ada' });
    if (dead.has(headers.authorization ?? '')) return say(401, { code: 401, message: 'Unauthorized' });
    return say(answer.status, answer.body, answer.headers);
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

async function consent() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'jira', account: 'work' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  granted = url.searchParams.get('scope') ?? '';
  return { asked: url.searchParams, back: await comeBack({ code: 'the-code' }) };
}
/** The token of now is refused, and is older than one that would not be renewed yet. */
function expire(): void {
  dead.add(`Bearer at-${grants}`);
  stand.server.gateway.clock.offsetMs += 60_000;
}
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/jira/${endpoint}`, { body: { params } });
const sentTo = (path: string) =>
  stand.upstream.received.filter(({ target }) => target === path).map(({ body }) => JSON.parse(String(body)));

it('asks for consent as Atlassian documents it, and takes the one site that has Jira', async () => {
  const { asked, back } = await consent();
  expect([asked.get('audience'), asked.get('prompt'), asked.get('client_id')]).toEqual(['api.atlassian.com', 'consent', 'the-client']);
  const scopes = asked.get('scope')?.split(' ');
  expect(scopes).toEqual(expect.arrayContaining(['offline_access', 'read:jira-user', 'write:jira-work', 'read:sprint:jira-software']));
  expect([back.status, back.text]).toEqual([200, expect.stringContaining('connected')]);
  const [token] = sentTo('/oauth/token');
  expect(token).toMatchObject({
    grant_type: 'authorization_code',
    code: 'the-code',
    client_id: 'the-client',
    client_secret: 'secret',
    redirect_uri: 'https://gateway.example/oauth/callback',
  });
  const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
  expect(connections).toMatchObject([{ account: 'work', variables: { cloud_id: cloudId } }]);
});

it('text and fields of an issue arrive as Jira takes them, and further fields stand beside them', async () => {
  await consent();
  stand.upstream.received.length = 0;
  const description = 'From the *changelog*.\n\n* one page';
  const made = { project: 'ABC', type: 'Task', summary: 'Notes', description, parent: 'ABC-3', more_fields: { customfield_10016: 5 } };
  answer = { status: 201, body: { id: '10000', key: 'ABC-12', self: 'https://api.atlassian.com/rest/api/2/issue/10000' } };
  expect((await call('create_issue', made)).json.data).toMatchObject({ key: 'ABC-12' });
  const [create] = stand.upstream.received.map(linesOf);
  expect([create?.[0], create?.[1], JSON.parse(create?.at(-1) ?? '')]).toEqual([
    `POST /ex/jira/${cloudId}/rest/api/2/issue`,
    'host: api.atlassian.com',
    {
      fields: {
        project: { key: 'ABC' },
        issuetype: { name: 'Task' },
        summary: 'Notes',
        description,
        parent: { key: 'ABC-3' },
        customfield_10016: 5,
      },
    },
  ]);
  expect(create).toContain(`authorization: Bearer at-${grants}`);

  stand.upstream.received.length = 0;
  answer = { status: 204, body: null };
  expect((await call('transition_issue', { issue: 'ABC-12', transition_id: '31', comment: 'Released.' })).status).toBe(200);
  expect((await call('add_label', { issue: 'ABC-12', label: 'docs' })).status).toBe(200);
  expect((await call('add_watcher', { issue: 'ABC-12', account_id: '5b10' })).status).toBe(200);
  expect(stand.upstream.received.map(({ body }) => String(body))).toEqual([
    '{"transition":{"id":"31"},"update":{"comment":[{"add":{"body":"Released."}}]}}',
    '{"update":{"labels":[{"add":"docs"}]}}',
    '"5b10"',
  ]);
});

it('a field that is given twice, and a change of nothing, are refused before they are sent', async () => {
  await consent();
  stand.upstream.received.length = 0;
  const twice = await call('update_issue', { issue: 'ABC-12', summary: 'A', more_fields: { summary: 'B' } });
  expect([twice.status, twice.text]).toEqual([400, expect.stringContaining('more_fields.summary')]);
  expect((await call('update_issue', { issue: 'ABC-12' })).status).toBe(400);
  expect(stand.upstream.received).toEqual([]);
});

it('files go out with the header that Jira wants of them', async () => {
  await consent();
  answer = { status: 200, body: [{ id: '10001', filename: 'notes.txt' }] };
  const files = [{ filename: 'notes.txt', content_type: 'text/plain', base64: 'Tm90ZXM=' }];
  expect((await call('add_attachment', { issue: 'ABC-12', files })).status).toBe(200);
  const sent = stand.upstream.received.at(-1);
  expect([sent?.headers['x-atlassian-token'], String(sent?.body)]).toEqual([
    'no-check',
    expect.stringContaining('name="file"; filename="notes.txt"'),
  ]);
});

it('a token that is over is renewed with the refresh token of last time, and each serves once', async () => {
  await consent();
  const first = grants;
  for (const round of [0, 1]) {
    stand.upstream.received.length = 0;
    expire();
    expect((await call('get_issue', { issue: 'ABC-12' })).status).toBe(200);
    expect(sentTo('/oauth/token')).toMatchObject([{ grant_type: 'refresh_token', refresh_token: `rt-${first + round}` }]);
    expect(stand.upstream.received.at(-1)?.headers.authorization).toBe(`Bearer at-${grants}`);
  }
});

it('a renewal that Atlassian refuses for good ends the connection, and one that fails otherwise does not', async () => {
  await consent();
  expire();
  renewal = { status: 500, body: { error: 'server_error' } };
  expect((await call('get_issue', { issue: 'ABC-12' })).json).toMatchObject({ error: 'upstream_unreachable' });
  renewal = undefined;
  stand.server.gateway.clock.offsetMs += 60_000;
  expect((await call('get_issue', { issue: 'ABC-12' })).status).toBe(200);
  expire();
  renewal = { status: 403, body: { error: 'unauthorized_client', error_description: 'refresh_token is invalid' } };
  expect((await call('get_issue', { issue: 'ABC-12' })).json).toMatchObject({ error: 'token_expired' });
  renewal = undefined;
  expect((await call('get_issue', { issue: 'ABC-12' })).status).toBeGreaterThanOrEqual(400);
});

it('a limit is answered with when to come back', async () => {
  await consent();
  answer = {
    status: 429,
    body: { message: 'Rate limited' },
    headers: { 'retry-after': '120', 'ratelimit-reason': 'jira-quota-tenant-based' },
  };
  const limited = await call('create_issue', { project: 'ABC', type: 'Task', summary: 'Notes' });
  expect(limited.status).toBe(429);
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(100);
  stand.server.gateway.clock.offsetMs += 130_000;
  answer = { status: 429, body: {} };
  const unsaid = await call('create_issue', { project: 'DEF', type: 'Task', summary: 'Notes' });
  expect([unsaid.status, unsaid.headers.get('retry-after')]).toEqual([429, '30']);
});
