/** A service that takes mails without saying more than a header, and lives at one of two hosts. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const token = 'SG.key-id.the-secret';
let stand: HardStand;

beforeAll(async () => {
  stand = await startHardStand('sendgrid', ['api.sendgrid.com', 'api.eu.sendgrid.com']);
});
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.json('{"username":"acme","user_id":7}');
});
afterAll(() => stand.close());

const connect = (credentials: object, account?: string) =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'sendgrid', credentials, ...(account ? { account } : {}) } });
const call = (endpoint: string, params: object, more: object = {}) =>
  stand.server.request('POST', `/v1/sendgrid/${endpoint}`, { body: { params, ...more } });

const mail = {
  to: [{ email: 'ada@example.org', name: 'Ada' }],
  from: { email: 'news@example.com' },
  subject: 'Your order',
  content: [{ type: 'text/plain', value: 'It is on its way.' }],
};

it('a key without a host belongs to the common one, and one for Europe never leaves its host', async () => {
  expect((await connect({ token })).json).toMatchObject({ status: 'connected' });
  expect((await connect({ token: 'SG.eu.secret', host: 'api.eu.sendgrid.com' }, 'Europe')).json).toMatchObject({ status: 'connected' });
  stand.upstream.json('{"scopes":["mail.send"]}');
  expect((await call('get_scopes', {}, { account: 'Europe' })).json.data).toEqual({ scopes: ['mail.send'] });
  expect(stand.asked()).toEqual([
    'GET api.sendgrid.com/v3/user/username',
    'GET api.eu.sendgrid.com/v3/user/username',
    'GET api.eu.sendgrid.com/v3/scopes',
  ]);
  expect(stand.upstream.received.map(({ headers }) => headers.authorization)).toEqual([
    `Bearer ${token}`,
    'Bearer SG.eu.secret',
    'Bearer SG.eu.secret',
  ]);
});

it('a host that is not one of the two is refused before anything is sent', async () => {
  for (const host of ['evil.example', 'api.sendgrid.com.evil.example', 'api.us.sendgrid.com'])
    expect((await connect({ token, host })).status).toBe(400);
  expect(stand.upstream.received).toEqual([]);
});

it('a key that lacks the permission to name its account is refused with what it needs', async () => {
  stand.upstream.json('{"errors":[{"field":null,"message":"access forbidden"}]}', 403);
  const refused = await connect({ token: 'SG.bad.wrong-secret' });
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.json.message).toContain('User Account (read)');
  expect(refused.text).not.toContain('wrong-secret');
});

it('a mail arrives in one personalization, and its id comes back though the answer is empty', async () => {
  await connect({ token });
  stand.upstream.received.length = 0;
  stand.upstream.answer(202, { 'x-message-id': 'abc123', 'content-length': '0' });
  const sent = await call('send_email', { ...mail, unsubscribe_group: 12, dry_run: false });
  expect([sent.status, sent.headers.get('x-message-id')]).toEqual([202, 'abc123']);
  const lines = linesOf(stand.upstream.received[0] as never);
  expect([lines[0], lines.at(-1)]).toEqual([
    'POST /v3/mail/send',
    '{"personalizations":[{"to":[{"email":"ada@example.org","name":"Ada"}]}],"from":{"email":"news@example.com"},"subject":"Your order","content":[{"type":"text/plain","value":"It is on its way."}],"asm":{"group_id":12},"mail_settings":{"sandbox_mode":{"enable":false}}}',
  ]);
});

it('a mail to nobody, or without a text, is refused before it is sent, and what SendGrid refuses keeps its words', async () => {
  await connect({ token });
  stand.upstream.received.length = 0;
  for (const params of [
    { ...mail, to: [] },
    { ...mail, content: [] },
    { ...mail, to: [{ name: 'Ada' }] },
  ])
    expect((await call('send_email', params)).status).toBe(400);
  expect(stand.upstream.received).toEqual([]);
  stand.upstream.json('{"errors":[{"message":"The from address does not match a verified Sender Identity.","field":"from"}]}', 403);
  const refused = await call('send_email', mail);
  expect([refused.status, refused.json.error]).toEqual([403, { errors: [expect.objectContaining({ field: 'from' })] }]);
});

it('lists go on by the link of the answer', async () => {
  await connect({ token });
  stand.upstream.received.length = 0;
  const { port } = stand.upstream;
  const link = `http://api.sendgrid.com:${port}/v3/marketing/lists?page_size=1&page_token=t2`;
  stand.upstream.json(JSON.stringify({ result: [{ id: 'l1', name: 'News' }], _metadata: { next: link, count: 2 } }));
  const first = await call('list_lists', { page_size: 1 });
  const next = first.headers.get('x-skillett-next');
  stand.upstream.json('{"result":[],"_metadata":{"count":2}}');
  const second = await call('list_lists', { page_size: 1 }, { next });
  expect([next, second.status, second.headers.get('x-skillett-next')]).toEqual([expect.any(String), 200, null]);
  expect(stand.upstream.received.at(-1)?.target).toBe('/v3/marketing/lists?page_size=1&page_token=t2');
});
