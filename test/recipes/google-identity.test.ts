/** Google's services that know no people: the account is named where Google names people, beside whatever else was granted. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

const auth = 'https://www.googleapis.com/auth/';
const identity = ['openid', `${auth}userinfo.email`];

let stand: HardStand;
let person: { status: number; body: object };

beforeAll(async () => {
  stand = await startHardStand('google_calendar', ['www.googleapis.com', 'openidconnect.googleapis.com', 'oauth2.googleapis.com']);
  stand.upstream.play = ({ target }, response) => {
    const send = (status: number, json: object) =>
      response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(json));
    if (target === '/token')
      return void send(200, { access_token: 'ya29.1', expires_in: 3599, refresh_token: '1//rt', scope: granted, token_type: 'Bearer' });
    if (target === '/v1/userinfo') return void send(person.status, person.body);
    send(200, { id: 'e1', summary: 'Plan', items: [] });
  };
});
afterAll(() => stand.close());

let granted = '';

async function consent(scopes?: string[]) {
  const body = { integration: 'google_calendar', ...(scopes && { scopes }) };
  const started = await stand.server.request('POST', '/v1/connect', { body });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  granted = url.searchParams.get('scope') as string;
  return { asked: granted.split(' '), answer: await comeBack({ code: '4/0A' }) };
}
const connected = async () =>
  (await stand.server.request('GET', '/v1/connect')).json.connections.filter((one: { status: string }) => one.status === 'connected');

it('an answer that names nobody connects nothing', async () => {
  person = { status: 403, body: { error: 'insufficient_scope' } };
  expect((await consent()).answer.status).toBeGreaterThanOrEqual(400);
  person = { status: 200, body: { email: 'ada@acme.example' } };
  expect((await consent()).answer.status).toBeGreaterThanOrEqual(400);
  expect(await connected()).toEqual([]);
});

it('whatever is asked for, who it is is asked too, and the answer of the other address names the account', async () => {
  person = { status: 200, body: { sub: '110248495921238986420', email: 'ada@acme.example', email_verified: true } };
  stand.upstream.received.length = 0;
  const { asked, answer } = await consent([`${auth}calendar.events`]);
  expect([answer.status, asked.sort()]).toEqual([200, [...identity, `${auth}calendar.events`].sort()]);
  expect(await connected()).toMatchObject([{ account: 'ada@acme.example' }]);
  expect(stand.asked()).toEqual(['POST oauth2.googleapis.com/token', 'GET openidconnect.googleapis.com/v1/userinfo']);
  expect(stand.upstream.received[1]?.headers.authorization).toBe('Bearer ya29.1');
});

it('an event is written with a link to Meet and without mails unless the call says so, byte for byte', async () => {
  stand.upstream.received.length = 0;
  const params = {
    summary: 'Zürich',
    start: { dateTime: '2026-12-01T10:00:00', timeZone: 'Europe/Zurich' },
    end: { dateTime: '2026-12-01T10:45:00', timeZone: 'Europe/Zurich' },
    meet: 'm-1',
  };
  const made = await stand.server.request('POST', '/v1/google_calendar/create_event', { body: { params } });
  expect([made.status, made.json.data.id]).toEqual([200, 'e1']);
  const body =
    '{"summary":"Zürich","start":{"dateTime":"2026-12-01T10:00:00","timeZone":"Europe/Zurich"},' +
    '"end":{"dateTime":"2026-12-01T10:45:00","timeZone":"Europe/Zurich"},"conferenceData":{"createRequest":{"requestId":"m-1"}}}';
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'POST /calendar/v3/calendars/primary/events?conferenceDataVersion=1&supportsAttachments=true&sendUpdates=none',
      'host: www.googleapis.com',
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Bearer ya29.1',
      `content-length: ${Buffer.byteLength(body)}`,
      'content-type: application/json',
      'user-agent: skillett',
      body,
    ],
  ]);
  const refused = await stand.server.request('POST', '/v1/google_calendar/create_event', {
    body: { params: { ...params, sendUpdates: 'some' } },
  });
  expect(refused.json).toMatchObject({ error: 'bad_request' });
  expect(stand.upstream.received).toHaveLength(1);
});
