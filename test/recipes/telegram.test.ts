/** A service whose token stands in the path: it goes there, and is shown to nobody. */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const token = '123456:AAE-secret_part';
let stand: HardStand;

beforeAll(async () => {
  stand = await startHardStand('telegram', ['api.telegram.org', 'files.example']);
});
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.json('{"ok":true,"result":{"id":7,"username":"ada_bot"}}');
});
afterAll(() => stand.close());

const connect = (api_key: string) =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'telegram', credentials: { api_key } } });
const call = (endpoint: string, params: object, headers: Record<string, string> = {}) =>
  stand.server.request('POST', `/v1/telegram/${endpoint}`, { body: { params }, headers });

it('the token stands in the path of what proves it and of every call, byte for byte', async () => {
  expect((await connect(` ${token}\n`)).json).toMatchObject({ status: 'connected' });
  expect((await call('send_message', { chat_id: 42, text: 'Good {token} morning' })).status).toBe(200);
  expect((await call('download_file', { file_path: 'photos/{token}.jpg' })).status).toBe(200);
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'GET /bot123456:AAE-secret_part/getMe',
      'host: api.telegram.org',
      'accept-encoding: identity',
      'accept: application/json',
      'user-agent: skillett',
    ],
    [
      'POST /bot123456:AAE-secret_part/sendMessage',
      'host: api.telegram.org',
      'accept-encoding: identity',
      'accept: */*',
      'content-length: 44',
      'content-type: application/json',
      'user-agent: skillett',
      '{"chat_id":42,"text":"Good {token} morning"}',
    ],
    [
      'GET /file/bot123456:AAE-secret_part/photos/%7Btoken%7D.jpg',
      'host: api.telegram.org',
      'accept-encoding: identity',
      'accept: */*',
      'user-agent: skillett',
    ],
  ]);
});

it('a token that the service refuses, or that no path can hold, is refused with how to get one, and never repeated', async () => {
  stand.upstream.json('{"ok":false,"error_code":401,"description":"Unauthorized"}', 401);
  const refused = await connect('999:wrong-secret');
  expect([refused.status, refused.json.error, refused.json.message]).toEqual([
    400,
    'credential_rejected',
    expect.stringContaining('@BotFather'),
  ]);
  expect(refused.text).not.toContain('wrong-secret');
  stand.upstream.received.length = 0;
  for (const key of ['..', '.', '', 'ä']) expect([key, (await connect(key)).status]).toEqual([key, 400]);
  expect(stand.upstream.received).toEqual([]);
  expect((await connect('a/../b?c#d')).status).toBe(400);
  expect(stand.upstream.received.map(({ target }) => target)).toEqual(['/bota%2F..%2Fb%3Fc%23d/getMe']);
});

it.each([
  ['a page', 'text/html', `<h1>Cannot POST /bot${token}/sendMessage</h1>`, '<h1>Cannot POST /bot{token}/sendMessage</h1>'],
  ['JSON', 'application/json', `{"n":1.10,"path":"/bot${token}/x é"}`, { n: 1.1, path: '/bot{token}/x é' }],
  ['an encoded address', 'text/plain', `see /bot${encodeURIComponent(token)}`, 'see /bot{token}'],
])('an answer that repeats the address in %s shows no token, and is otherwise as it came', async (_what, type, body, shown) => {
  await connect(token);
  stand.upstream.answer(404, { 'content-type': type }, body);
  const answer = await call('send_message', { chat_id: 42, text: 'x' });
  expect([answer.status, answer.json]).toEqual([404, { status: 404, error: shown }]);
  expect(answer.text).not.toContain('secret_part');
  if (type === 'application/json') expect(answer.text).toContain('"n":1.10');
});

it.each([
  ['as it was sent', `/file/bot${token}/new.jpg`],
  ['encoded', `/file/bot${token.replace(':', '%3a')}/new.jpg`],
  ['encoded twice', `/file/bot${token.replace(':', '%253A')}/new.jpg`],
  ['in a query', `/login?from=${encodeURIComponent(`/bot${token}/x`)}`],
])('a redirect that repeats the token %s is followed at its origin, and leads nowhere else', async (_how, place) => {
  await connect(token);
  const { port } = stand.upstream;
  stand.upstream.received.length = 0;
  stand.upstream.play = ({ target }, response) =>
    target.includes('old')
      ? void response.writeHead(302, { location: `http://files.example:${port}${place}` }).end()
      : void response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  const away = await call('download_file', { file_path: 'old' });
  expect(away.text).toContain('bot{token}/');
  expect(away.text).not.toContain('secret_part');
  const raw = await call('download_file', { file_path: 'old' }, { accept: 'application/octet-stream' });
  expect(raw.text + JSON.stringify([...raw.headers])).not.toContain('secret_part');
  expect(stand.asked()).toHaveLength(2);

  stand.upstream.received.length = 0;
  stand.upstream.play = ({ target }, response) =>
    target.endsWith('/old')
      ? void response.writeHead(302, { location: place }).end()
      : void response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  expect((await call('download_file', { file_path: 'old' })).text).toBe('{"status":200,"data":{"ok":true}}');
  expect(stand.asked()).toEqual([`GET api.telegram.org/file/bot${token}/old`, `GET api.telegram.org${place}`]);
});

it('a redirect of a write shows no token, and neither does anything of a call that fails', async () => {
  await connect(token);
  stand.upstream.answer(302, { location: `https://files.example/bot${token}/sendMessage` });
  const moved = await call('send_message', { chat_id: 42, text: 'x' });
  expect(moved.text).toContain('https://files.example/bot{token}/sendMessage');
  stand.upstream.play = (_request, response) => void response.destroy();
  const broken = await call('get_chat', { chat_id: 42 });
  expect(broken.json.error).toBe('upstream_unreachable');
  const { rows } = await sql`select * from skill_calls`.execute(stand.server.gateway.db);
  const metrics = await stand.server.request('GET', '/metrics');
  const shown = [moved.text, broken.text, JSON.stringify(rows), metrics.text, stand.server.log.join('\n')].join('\n');
  expect(shown).toContain('get_chat');
  expect(shown).not.toContain('secret_part');
});

it('a call cannot say where the token goes', async () => {
  await connect(token);
  stand.upstream.received.length = 0;
  const refused = await call('send_message', { chat_id: 42, text: 'x', token: 'other' });
  expect([refused.status, refused.json.message]).toEqual([400, expect.stringContaining('unknown parameter `token`')]);
  expect(stand.upstream.received).toEqual([]);
});

it('updates are read without an end of them, and forgotten only by the call that says so', async () => {
  await connect(token);
  stand.upstream.received.length = 0;
  stand.upstream.json('{"ok":true,"result":[{"update_id":9,"message":{"message_id":1,"chat":{"id":42},"date":1764320000,"text":"Hi"}}]}');
  const lean = await stand.server.request('POST', '/v1/telegram/get_updates', { body: { params: {}, view: 'lean' } });
  expect([lean.status, lean.text]).toEqual([200, expect.stringContaining('Hi')]);
  expect((await call('skip_updates', { offset: 10 })).status).toBe(200);
  expect((await call('get_updates', { offset: 10 })).status).toBe(400);
  expect(stand.upstream.received.map(({ target, body }) => [target.split('/').at(-1), body.toString()])).toEqual([
    ['getUpdates', '{}'],
    ['getUpdates', '{"offset":10}'],
  ]);
});

it('a file goes as a part with its name, beside what is said of it', async () => {
  await connect(token);
  stand.upstream.received.length = 0;
  const document = { filename: 'report.txt', content_type: 'text/plain', base64: 'SGVsbG8=' };
  expect((await call('upload_document', { chat_id: 42, document, caption: 'The <report>', topic: 3 })).status).toBe(200);
  const [request] = stand.upstream.received;
  const form = await new Response(new Uint8Array(request!.body), {
    headers: { 'content-type': String(request!.headers['content-type']) },
  }).formData();
  const file = form.get('document') as File;
  expect([...form.keys()].sort()).toEqual(['caption', 'chat_id', 'document', 'message_thread_id']);
  expect([form.get('chat_id'), form.get('caption'), form.get('message_thread_id')]).toEqual(['42', 'The <report>', '3']);
  expect([file.name, file.type, await file.text()]).toEqual(['report.txt', 'text/plain', 'Hello']);
});

it('a poll has its answers as objects, two at least, and is refused with fewer before it is sent', async () => {
  await connect(token);
  stand.upstream.received.length = 0;
  const poll = { chat_id: -1001234567890, question: 'When?', options: [{ text: 'Monday' }, { text: 'Tuesday' }], is_anonymous: false };
  expect((await call('send_poll', poll)).status).toBe(200);
  for (const options of [[{ text: 'Monday' }], ['Monday', 'Tuesday'], [{ text: '' }, { text: 'Tuesday' }]])
    expect((await call('send_poll', { ...poll, options })).status).toBe(400);
  expect(stand.upstream.received.map(({ body }) => body.toString())).toEqual([
    '{"chat_id":-1001234567890,"question":"When?","options":[{"text":"Monday"},{"text":"Tuesday"}],"is_anonymous":false}',
  ]);
});

it('a chat that takes no more for now says when, and a text that is too long never leaves', async () => {
  await connect(token);
  stand.upstream.received.length = 0;
  const slow = '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 64","parameters":{"retry_after":64}}';
  stand.upstream.answer(429, { 'content-type': 'application/json', 'retry-after': '64' }, slow);
  const limited = await call('send_message', { chat_id: 42, text: 'x' });
  expect([limited.status, limited.json.error.parameters]).toEqual([429, { retry_after: 64 }]);
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(60);
  expect((await call('send_message', { chat_id: 42, text: 'x'.repeat(4_097) })).status).toBe(400);
  expect(stand.upstream.received).toHaveLength(1);
});
