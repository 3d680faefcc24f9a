/** A service whose credential is two values in one header, and whose writes are forms though its description puts them into addresses. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const key = '0471642aefef5fa1fa76530ce1ba4c85';
const token = 'ATTAb72c3f0d0e5a4a61';
const card = '64b1c0f2a7d3e8f90123456a';
const list = '64b1c0f2a7d3e8f901234568';
let stand: HardStand;

beforeAll(async () => {
  stand = await startHardStand('trello', ['api.trello.com']);
});
beforeEach(async () => {
  stand.upstream.reset();
  stand.upstream.json('{"id":"5abbe4b7ddc1b351ef961414","username":"ada","fullName":"Ada"}');
  await connect({ token, key });
  stand.upstream.reset();
});
afterAll(() => stand.close());

const connect = (credentials: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'trello', credentials } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/trello/${endpoint}`, { body: { params } });

it('key and token go out in one header and in no address, and the account is named by its user name', async () => {
  stand.upstream.json('{"id":"5abbe4b7ddc1b351ef961414","username":"ada","fullName":"Ada"}');
  expect((await connect({ token: ` ${token}\n`, key })).json).toMatchObject({ status: 'connected' });
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'GET /1/members/me?fields=id%2Cusername%2CfullName',
      'host: api.trello.com',
      'accept-encoding: identity',
      'accept: application/json',
      `authorization: OAuth oauth_consumer_key="${key}", oauth_token="${token}"`,
      'user-agent: skillett',
    ],
  ]);
  expect((await stand.server.request('GET', '/v1/connect')).json.connections).toMatchObject([{ account: 'ada', variables: { key } }]);
});

it('a token without a key, with a key that is none, or that Trello refuses connects nothing and is not repeated', async () => {
  for (const credentials of [{ token: 'ATTAwrong' }, { token: 'ATTAwrong', key: 'x", oauth_token="y' }]) {
    const refused = await connect(credentials);
    expect([refused.status, refused.json.error]).toEqual([400, 'bad_request']);
    expect(refused.text).toContain('The API key of your Power-Up');
  }
  expect(stand.upstream.received).toEqual([]);
  stand.upstream.answer(401, { 'content-type': 'text/plain' }, 'invalid token');
  const refused = await connect({ token: 'ATTAwrong', key });
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.text + stand.server.log.join('')).not.toContain('ATTAwrong');
});

it('long texts, ids and dates of a write travel in the body, and addresses hold none of them', async () => {
  stand.upstream.json(`{"id":"${card}"}`);
  const description = 'Long & «quoted» '.repeat(900);
  const made = await call('create_card', { list, name: 'Notes', description, labels: ['a1', 'b2'], due: '2027-01-15T17:00:00Z' });
  expect(made.status).toBe(200);
  expect((await call('update_card', { card, due: 'null', due_complete: true })).status).toBe(200);
  expect((await call('archive_card', { card })).status).toBe(200);
  const [write, change, archive] = stand.upstream.received.map(linesOf);
  expect(write?.[0]).toBe('POST /1/cards');
  expect(write).toContain('content-type: application/x-www-form-urlencoded');
  expect(Object.fromEntries(new URLSearchParams(write?.at(-1)))).toEqual({
    idList: list,
    name: 'Notes',
    desc: description,
    due: '2027-01-15T17:00:00Z',
    idLabels: 'a1,b2',
  });
  expect([change?.[0], change?.at(-1)]).toEqual([`PUT /1/cards/${card}`, 'due=null&dueComplete=true']);
  expect([archive?.[0], archive?.at(-1)]).toEqual([`PUT /1/cards/${card}`, 'closed=true']);
});

it('reads take ids and the short ones of addresses, and a change of nothing is refused before it is sent', async () => {
  stand.upstream.json('[]');
  expect((await call('list_boards', {})).status).toBe(200);
  expect((await call('list_card_actions', { card: 'Ab12Cd34', filter: 'commentCard' })).status).toBe(200);
  const [boards, actions] = stand.upstream.received.map((one) => one.target);
  expect(boards).toBe('/1/members/me/boards?filter=open&fields=id%2Cname%2Cdesc%2Cclosed%2CidOrganization%2CshortUrl%2CdateLastActivity');
  expect(actions).toBe('/1/cards/Ab12Cd34/actions?filter=commentCard');
  stand.upstream.received.length = 0;
  const refused = await call('update_card', { card });
  expect([refused.status, refused.json.error]).toEqual([400, 'bad_request']);
  expect(stand.upstream.received).toEqual([]);
});

it('a file is sent as a part of its own, and neither file nor address is refused', async () => {
  stand.upstream.json('[{"id":"1"}]');
  const file = { filename: 'brief.txt', content_type: 'text/plain', base64: Buffer.from('The brief').toString('base64') };
  expect((await call('add_attachment', { card, file, name: 'Brief' })).status).toBe(200);
  const sent = stand.upstream.received[0];
  expect(sent?.headers['content-type']).toMatch(/^multipart\/form-data/);
  expect(String(sent?.body)).toContain('The brief');
  expect((await call('add_attachment', { card, name: 'Brief' })).status).toBe(400);
  expect(stand.upstream.received).toHaveLength(1);
});

it('too many calls are answered with when to come back', async () => {
  stand.upstream.answer(
    429,
    { 'content-type': 'application/json' },
    '{"error":"API_TOKEN_LIMIT_EXCEEDED","message":"Rate limit exceeded"}',
  );
  const limited = await call('add_comment', { card, text: 'x' });
  expect([limited.status, limited.json.error]).toEqual([429, expect.objectContaining({ error: 'API_TOKEN_LIMIT_EXCEEDED' })]);
  expect(limited.headers.get('retry-after')).toBe('10');
  expect(stand.upstream.received).toHaveLength(1);
});
