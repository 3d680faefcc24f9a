/** A service that takes a bot's token with a word of its own before it, and answers 202 while it still looks. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const token = 'MTIz.GaBcDe.the-bot-secret';
const userAgent = expect.stringMatching(/^user-agent: DiscordBot \(https?:\/\/docs\.discord\.com\S*, 1\.0\)$/);
let stand: HardStand;

beforeAll(async () => {
  stand = await startHardStand('discord', ['discord.com']);
});
beforeEach(async () => {
  stand.upstream.reset();
  stand.upstream.json('{"id":"1300000000000000009","username":"helper","global_name":null,"bot":true}');
  await connect(token);
  stand.upstream.reset();
});
afterAll(() => stand.close());

const connect = (key: string) =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'discord', credentials: { token: key } } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/discord/${endpoint}`, { body: { params } });
const channel_id = '1100000000000000001';

it('a bot token goes out behind the word Bot, and its account is named by what Discord calls it', async () => {
  stand.upstream.json('{"id":"1300000000000000009","username":"helper","global_name":null,"bot":true}');
  expect((await connect(` ${token}\n`)).json).toMatchObject({ status: 'connected' });
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'GET /api/v10/users/@me',
      'host: discord.com',
      'accept-encoding: identity',
      'accept: application/json',
      `authorization: Bot ${token}`,
      userAgent,
    ],
  ]);
  expect((await stand.server.request('GET', '/v1/connect')).json.connections).toMatchObject([{ account: 'helper' }]);
});

it('a token that Discord refuses connects nothing, and is not repeated', async () => {
  stand.upstream.json('{"message":"401: Unauthorized","code":0}', 401);
  const refused = await connect('MTIz.other.wrong-secret');
  expect([refused.status, refused.json.error, refused.json.message]).toEqual([
    400,
    'credential_rejected',
    expect.stringContaining('Reset Token'),
  ]);
  expect(refused.text + stand.server.log.join('')).not.toContain('wrong-secret');
});

it('reads and writes arrive as Discord documents them: ids as texts, an emoji percent-encoded, an answer nested', async () => {
  stand.upstream.json('[]');
  expect((await call('list_messages', { channel_id, limit: 20 })).status).toBe(200);
  stand.upstream.json('{"id":"1200000000000000002"}');
  const message = { channel_id, content: 'Done @everyone', reply_to: '1200000000000000001', allowed_mentions: { parse: [] } };
  expect((await call('send_message', message)).status).toBe(200);
  stand.upstream.answer(204, {});
  expect((await call('add_reaction', { channel_id, message_id: '1200000000000000001', emoji_name: '👍' })).status).toBe(200);
  const [read, write, react] = stand.upstream.received.map(linesOf);
  expect(read?.[0]).toBe(`GET /api/v10/channels/${channel_id}/messages?limit=20`);
  expect([write?.[0], write?.at(-1)]).toEqual([
    `POST /api/v10/channels/${channel_id}/messages`,
    '{"content":"Done @everyone","message_reference":{"message_id":"1200000000000000001"},"allowed_mentions":{"parse":[]}}',
  ]);
  expect(react?.[0]).toBe(`PUT /api/v10/channels/${channel_id}/messages/1200000000000000001/reactions/%F0%9F%91%8D/@me`);
});

it('a list goes on after an id with all its digits, which no number could hold', async () => {
  stand.upstream.json('[]');
  const params = { guild_id: '1000000000000000001', after: '1300000000000000001' };
  expect((await call('list_members', params)).status).toBe(200);
  expect((await call('list_members', { ...params, after: 1_300_000 })).status).toBe(400);
  expect(stand.upstream.received.map(({ target }) => target)).toEqual([
    '/api/v10/guilds/1000000000000000001/members?limit=100&after=1300000000000000001',
  ]);
});

it('a message without anything in it, and a number for an id, are refused before they are sent', async () => {
  for (const params of [{ channel_id }, { channel_id: 1_100_000, content: 'x' }]) {
    const refused = await call('send_message', params);
    expect([refused.status, refused.json.error]).toEqual([400, 'bad_request']);
  }
  expect(stand.upstream.received).toEqual([]);
});

it('a search of a server that is still being indexed is no empty result, but a failure that passes', async () => {
  const search = { guild_id: '1000000000000000001', content: 'release' };
  stand.upstream.json('{"messages":[[{"id":"1","content":"release"}]],"total_results":1}');
  expect((await call('search_messages', search)).json.data).toMatchObject({ total_results: 1 });
  stand.upstream.json('{"messages":[],"total_results":0}');
  expect((await call('search_messages', search)).json.data).toEqual({ messages: [], total_results: 0 });
  stand.upstream.json('{"message":"Index not yet available. Try again later","code":110000,"documents_indexed":0,"retry_after":2}', 202);
  const early = await call('search_messages', search);
  expect([early.json.status, early.json.error]).toEqual([503, expect.objectContaining({ code: 110000 })]);
});

it('too many requests are answered with when to come back', async () => {
  const headers = { 'content-type': 'application/json', 'retry-after': '65', 'x-ratelimit-remaining': '0' };
  stand.upstream.answer(429, headers, '{"message":"You are being rate limited.","retry_after":64.57,"global":false}');
  const limited = await call('send_message', { channel_id, content: 'x' });
  expect([limited.status, limited.json.error]).toEqual([429, expect.objectContaining({ retry_after: 64.57 })]);
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(60);
  expect(stand.upstream.received).toHaveLength(1);
});
