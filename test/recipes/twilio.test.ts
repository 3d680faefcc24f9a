/** A service whose every path begins with the account that the user name of the credential is, and that takes forms. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const sid = `AC${'0a'.repeat(16)}`;
const basic = `authorization: Basic ${Buffer.from(`${sid}:pass`).toString('base64')}`;
let stand: HardStand;

beforeAll(async () => {
  stand = await startHardStand('twilio', ['api.twilio.com']);
});
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.json(`{"sid":"${sid}","friendly_name":"Acme"}`);
});
afterAll(() => stand.close());

const connect = (username: string, password = 'pass') =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'twilio', credentials: { username, password } } });
const call = (endpoint: string, params: object, more: object = {}) =>
  stand.server.request('POST', `/v1/twilio/${endpoint}`, { body: { params, ...more } });
const linesOfAll = () => stand.upstream.received.map(linesOf);

it('the user name of Basic is a part of every path, and is held to its pattern', async () => {
  const refused = await connect('ada');
  expect([refused.status, refused.json.details]).toMatchObject([400, [{ path: 'credentials.username' }]]);
  expect(stand.upstream.received).toEqual([]);
  expect((await connect(sid)).json).toMatchObject({ status: 'connected' });
  expect((await stand.server.request('GET', '/v1/connect')).json.connections).toMatchObject([
    { account: 'Acme', variables: { account_sid: sid } },
  ]);
  stand.upstream.json('{"messages":[]}');
  expect((await call('list_messages', { sent_after: '2026-11-01T00:00:00Z', limit: 20 })).status).toBe(200);
  expect(linesOfAll()).toEqual([
    [
      `GET /2010-04-01/Accounts/${sid}.json`,
      'host: api.twilio.com',
      'accept-encoding: identity',
      'accept: application/json',
      basic,
      'user-agent: skillett',
    ],
    [
      `GET /2010-04-01/Accounts/${sid}/Messages.json?DateSent%3E=2026-11-01T00%3A00%3A00Z&PageSize=20`,
      'host: api.twilio.com',
      'accept-encoding: identity',
      'accept: application/json',
      basic,
      'user-agent: skillett',
    ],
  ]);
});

it('an auth token that Twilio refuses connects nothing, and no call can name another account in the path', async () => {
  stand.upstream.json('{"code":20003,"message":"Authenticate","status":401}', 401);
  const refused = await connect(sid, 'wrong-secret');
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.text).not.toContain('wrong-secret');
  stand.upstream.json(`{"sid":"${sid}","friendly_name":"Acme"}`);
  await connect(sid);
  stand.upstream.received.length = 0;
  const other = await call('list_messages', { account_sid: `AC${'f'.repeat(32)}` });
  expect([other.status, other.json.message]).toEqual([400, expect.stringContaining('unknown parameter `account_sid`')]);
  expect(stand.upstream.received).toEqual([]);
});

it('a message is a form with the names of Twilio, its list as repeated ones, and a planned one says so', async () => {
  await connect(sid);
  stand.upstream.received.length = 0;
  stand.upstream.json('{"sid":"SM1","status":"queued"}', 201);
  const media_url = ['https://example.org/a.png', 'https://example.org/b.png'];
  await call('send_message', { to: '+15005550006', from: '+15005550001', text: 'Grüße & mehr', media_url });
  const service = `MG${'0'.repeat(32)}`;
  await call('schedule_message', { to: '+15005550006', messaging_service_sid: service, send_at: '2026-12-01T09:00:00Z', text: 'Hello' });
  expect(linesOfAll().map((lines) => [lines[0], lines.find((line) => line.startsWith('content-type')), lines.at(-1)])).toEqual([
    [
      `POST /2010-04-01/Accounts/${sid}/Messages.json`,
      'content-type: application/x-www-form-urlencoded',
      'To=%2B15005550006&From=%2B15005550001&Body=Gr%C3%BC%C3%9Fe%20%26%20mehr&MediaUrl=https%3A%2F%2Fexample.org%2Fa.png&MediaUrl=https%3A%2F%2Fexample.org%2Fb.png',
    ],
    [
      `POST /2010-04-01/Accounts/${sid}/Messages.json`,
      'content-type: application/x-www-form-urlencoded',
      `ScheduleType=fixed&To=%2B15005550006&MessagingServiceSid=${service}&SendAt=2026-12-01T09%3A00%3A00Z&Body=Hello`,
    ],
  ]);
});

it('a message without sender or text is refused before it is sent, and what Twilio refuses keeps its code', async () => {
  await connect(sid);
  stand.upstream.received.length = 0;
  for (const params of [
    { to: '+15005550006', text: 'x' },
    { to: '+15005550006', from: '+15005550001' },
  ])
    expect((await call('send_message', params)).status).toBe(400);
  expect(stand.upstream.received).toEqual([]);
  stand.upstream.json('{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}', 400);
  const stopped = await call('send_message', { to: '+15005550006', from: '+15005550001', text: 'x' });
  expect([stopped.status, stopped.json.error]).toEqual([400, expect.objectContaining({ code: 21610 })]);
});

it('a list goes on by the path that the answer gives', async () => {
  await connect(sid);
  const page = `/2010-04-01/Accounts/${sid}/Calls.json?PageSize=1&Page=1&PageToken=PACA2`;
  stand.upstream.json(JSON.stringify({ calls: [{ sid: 'CA1' }], next_page_uri: page }));
  const next = (await call('list_calls', { limit: 1 })).headers.get('x-skillett-next');
  stand.upstream.json('{"calls":[],"next_page_uri":null}');
  expect((await call('list_calls', { limit: 1 }, { next })).headers.get('x-skillett-next')).toBe(null);
  expect(stand.upstream.received.at(-1)?.target).toBe(page);
  stand.upstream.json(JSON.stringify({ calls: [], next_page_uri: page.replace(sid, `AC${'f'.repeat(32)}`) }));
  expect((await call('list_calls', { limit: 1 })).headers.get('x-skillett-next')).toBe(null);
});
