/** A service of the same provider as Jira's: its own sites of the same list, texts in a wrapper, and pages that go on by a link to elsewhere. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const cloudId = 'a3f0c5de-1111-4bf4-9e99-ef0ff456d421';
const places = [
  { id: 'ffffffff-45db', name: 'acme', scopes: ['read:jira-work'] },
  { id: cloudId, name: 'acme', scopes: ['read:page:confluence', 'search:confluence'] },
];
let stand: HardStand;
let granted = '';
let answer: { status: number; body: unknown };

beforeAll(async () => {
  stand = await startHardStand('confluence', ['api.atlassian.com', 'auth.atlassian.com']);
});
beforeEach(async () => {
  stand.upstream.play = ({ target }, response) => {
    const say = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (target === '/oauth/token') return say(200, { access_token: 'at-1', refresh_token: 'rt-1', expires_in: 3600, scope: granted });
    if (target === '/oauth/token/accessible-resources') return say(200, places);
    if (target.endsWith('/user/current')) return say(200, { accountId: '5b10', email: '', publicName: 'Ada' });
    return say(answer.status, answer.body);
  };
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'confluence' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  granted = url.searchParams.get('scope') ?? '';
  expect((await comeBack({ code: 'c' })).text).toContain('connected');
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const call = (endpoint: string, params: object, more = {}) =>
  stand.server.request('POST', `/v1/confluence/${endpoint}`, { body: { params, ...more } });

it('of all sites that Atlassian lists the one with Confluence is taken, and its account is named where no address is shown', async () => {
  const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
  expect(connections).toMatchObject([{ account: 'Ada', variables: { cloud_id: cloudId } }]);
});

it('a text of a page arrives in its wrapper, and one without a text or a version is refused before it is sent', async () => {
  answer = { status: 200, body: { id: '98306', version: { number: 4 } } };
  const changed = { page: '98306', page_id: '98306', title: 'Plan', text: '<p>Monday &amp; on.</p>', version: 4, message: 'New date' };
  expect((await call('update_page', changed)).status).toBe(200);
  const [update] = stand.upstream.received.map(linesOf);
  expect([update?.[0], update?.[1]]).toEqual([`PUT /ex/confluence/${cloudId}/wiki/api/v2/pages/98306`, 'host: api.atlassian.com']);
  expect(update).toContain('authorization: Bearer at-1');
  expect(JSON.parse(update?.at(-1) ?? '')).toEqual({
    id: '98306',
    status: 'current',
    title: 'Plan',
    body: { representation: 'storage', value: '<p>Monday &amp; on.</p>' },
    version: { number: 4, message: 'New date' },
  });
  const { text: _text, ...withoutText } = changed;
  const { version: _version, ...withoutVersion } = changed;
  for (const params of [withoutText, withoutVersion, { ...changed, page: 'DOCS' }, { ...changed, page: '../1' }])
    expect((await call('update_page', params)).status).toBe(400);
  expect(stand.upstream.received).toHaveLength(1);
});

it('a version that is not the next one is a conflict, and is shown as such', async () => {
  answer = { status: 409, body: { errors: [{ status: 409, code: 'CONFLICT', title: 'Version must be incremented' }] } };
  const refused = await call('update_page', { page: '98306', page_id: '98306', title: 'Plan', text: '<p>x</p>', version: 3 });
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('Version must be incremented')]);
});

it.each([
  ['list_space_pages', { space: '65538', limit: 2 }, '/wiki/api/v2/spaces/65538/pages?limit=2', 'cursor=eyJpZCI6IjEifQ%3D%3D&limit=2'],
  ['search_content', { cql: 'type = page', limit: 2 }, '/rest/api/search?x=1', 'next=true&cursor=_f_MQ%3D%3D&limit=2&cql=type+%3D+page'],
])('%s goes on by the query of the link, though that leads past our address', async (endpoint, params, path, query) => {
  const at = path.split('?')[0];
  answer = { status: 200, body: { results: [{ id: '1' }], _links: { next: `${at}?${query}`, base: 'https://acme.atlassian.net/wiki' } } };
  const first = await call(endpoint, params);
  expect([first.status, first.headers.get('x-skillett-next')]).toEqual([200, expect.any(String)]);
  answer = { status: 200, body: { results: [{ id: '2' }], _links: { base: 'https://acme.atlassian.net/wiki' } } };
  const second = await call(endpoint, params, { next: first.headers.get('x-skillett-next') });
  expect([second.status, second.headers.get('x-skillett-next')]).toEqual([200, null]);
  const [one, two] = stand.upstream.received.map(({ target }) => target);
  expect(two).toBe(`${one?.split('?')[0]}?${query}`);
});
