/**
 * Salesforce's token answer says where the account is: with the consent, and again with every renewal. Tokens end without a time that is
 * known before, and a batch answers 200 whatever became of its records.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, placeOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
/** What the token endpoint says of where the account is, by grant. */
let instances: { authorization_code: string | undefined; refresh_token: string | undefined };
let refused: string[] = [];

beforeAll(async () => {
  const hosts = [
    'login.salesforce.com',
    'acme.my.salesforce.com',
    'moved.my.salesforce.com',
    'evil.example',
    'acme.my.salesforce.com.evil.example',
  ];
  stand = await startHardStand('salesforce', hosts);
});
beforeEach(async () => {
  instances = { authorization_code: at('acme.my.salesforce.com'), refresh_token: undefined };
  refused = [];
  stand.upstream.play = (request, response) => {
    const { target, headers, body } = request;
    const json = (status: number, value: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (target === '/services/oauth2/token') {
      const grant = new URLSearchParams(body.toString()).get('grant_type') as keyof typeof instances;
      const tokens = grant === 'refresh_token' ? { access_token: 'at-2' } : { access_token: 'at-1', refresh_token: 'rt-1' };
      return json(200, { ...tokens, token_type: 'Bearer', scope: 'api refresh_token', instance_url: instances[grant] });
    }
    if (refused.includes(headers.authorization ?? '')) return json(401, [{ errorCode: 'INVALID_SESSION_ID' }]);
    if (target.includes('/chatter/users/me')) return json(200, { id: '005', email: 'ada@acme.example' });
    return json(200, { at: headers.host?.split(':')[0] });
  };
  for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const at = (host: string) => `http://${host}`;
const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const query = () => stand.server.request('POST', '/v1/salesforce/query_records', { body: { params: { soql: 'SELECT Id' } } });

async function consent() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'salesforce' } });
  const { comeBack } = await openLink(stand.server, started.json.oauth_url);
  return { page: await comeBack({ code: 'c' }), id: started.json.connection_id as string };
}

it('calls go to the host that the token answer named, and so does the end of the grant', async () => {
  const { page, id } = await consent();
  expect(page.status).toBe(200);
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', variables: { instance: 'acme.my.salesforce.com' } }]);
  const made = await stand.server.request('POST', '/v1/salesforce/create_record', {
    body: { params: { object: 'Account', fields: { Name: 'Acme' } } },
  });
  expect(made.text).toBe('{"status":200,"data":{"at":"acme.my.salesforce.com"}}');
  expect((await stand.server.request('DELETE', `/v1/connect/${id}`)).headers.get('x-skillett-revoked')).toBe('true');
  const [, , created, revoked] = stand.upstream.received;
  expect(linesOf(created as never)).toEqual([
    'POST /services/data/v60.0/sobjects/Account',
    'host: acme.my.salesforce.com',
    'accept-encoding: identity',
    'accept: */*',
    'authorization: Bearer at-1',
    'content-length: 15',
    'content-type: application/json',
    'user-agent: skillett',
    '{"Name":"Acme"}',
  ]);
  expect(linesOf(revoked as never)).toEqual(
    [
      'POST /services/oauth2/revoke',
      'host: acme.my.salesforce.com',
      'accept-encoding: identity',
      'accept: application/json',
      'content-length: 55',
      'content-type: application/x-www-form-urlencoded',
      'user-agent: skillett',
      'token=rt-1&client_id=the-client&client_secret=secret',
    ].map((line) => (line.startsWith('content-length') ? 'content-length: 52' : line)),
  );
});

it('a renewed token that names another host of the service takes the call there, and the connection with it', async () => {
  await consent();
  instances.refresh_token = at('moved.my.salesforce.com');
  refused = ['Bearer at-1'];
  stand.upstream.received.length = 0;
  expect((await query()).text).toBe('{"status":200,"data":{"at":"moved.my.salesforce.com"}}');
  expect(stand.upstream.received.map((request) => [placeOf(request), request.headers.authorization])).toEqual([
    ['acme.my.salesforce.com/services/data/v60.0/query?q=SELECT%20Id', 'Bearer at-1'],
    ['login.salesforce.com/services/oauth2/token', undefined],
    ['moved.my.salesforce.com/services/data/v60.0/query?q=SELECT%20Id', 'Bearer at-2'],
  ]);
  expect(await list()).toMatchObject([{ variables: { instance: 'moved.my.salesforce.com' } }]);
});

it('a renewed token that names no host keeps the one before', async () => {
  await consent();
  refused = ['Bearer at-1'];
  expect((await query()).text).toBe('{"status":200,"data":{"at":"acme.my.salesforce.com"}}');
  expect(await list()).toMatchObject([{ variables: { instance: 'acme.my.salesforce.com' } }]);
});

const poisons = [
  'http://evil.example',
  'http://evil.example/.my.salesforce.com',
  'http://acme.my.salesforce.com.evil.example',
  'http://acme.my.salesforce.com@evil.example',
  'http://evil.example#.my.salesforce.com',
  'http://evil.example:80',
  'http://127.0.0.1',
  'http://.my.salesforce.com',
  'http://{instance}.my.salesforce.com',
];

it.each([...poisons, undefined, 7, {}])(
  'a consent whose token answer says %s connects nothing and sends no token there',
  async (poison) => {
    instances.authorization_code = poison as string;
    const { page, id } = await consent();
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('The host of your organisation')]);
    expect((await stand.server.request('GET', `/v1/connect/${id}`)).json).toMatchObject({ status: 'error', reason: 'failed' });
    expect(stand.asked()).toEqual(['POST login.salesforce.com/services/oauth2/token']);
    expect(await list()).toEqual([]);
  },
);

it.each(poisons)('a renewal whose answer says %s sends the new token to the host before, and nothing elsewhere', async (poison) => {
  await consent();
  instances.refresh_token = poison;
  refused = ['Bearer at-1'];
  stand.upstream.received.length = 0;
  expect((await query()).text).toBe('{"status":200,"data":{"at":"acme.my.salesforce.com"}}');
  const hosts = new Set(stand.upstream.received.map(({ headers }) => headers.host?.split(':')[0]));
  expect(hosts).toEqual(new Set(['acme.my.salesforce.com', 'login.salesforce.com']));
  expect(await list()).toMatchObject([{ variables: { instance: 'acme.my.salesforce.com' } }]);
});

it('a way to connect without a token answer asks the person, and holds them to the same hosts', async () => {
  const connect = (credentials: object) =>
    stand.server.request('POST', '/v1/connect', { body: { integration: 'salesforce', credentials } });
  expect((await connect({ token: 't' })).json.details).toEqual([
    { path: 'credentials.instance', message: 'is missing: The host of your organisation, such as acme.my.salesforce.com.' },
  ]);
  expect((await connect({ token: 't', instance: 'evil.example' })).json.details).toMatchObject([{ path: 'credentials.instance' }]);
  expect(stand.upstream.received).toEqual([]);
  expect((await connect({ token: 't', instance: 'acme.my.salesforce.com' })).json).toMatchObject({ status: 'connected' });
  expect(stand.asked()).toEqual(['GET acme.my.salesforce.com/services/data/v60.0/chatter/users/me']);
  // A consent learns it by itself, so nobody may set it there.
  expect((await connect({ instance: 'acme.my.salesforce.com' })).status).toBe(400);
});

describe('a batch', () => {
  const record = { attributes: { type: 'Contact' }, LastName: 'Lovelace' };
  const create = async (answer: unknown) => {
    await consent();
    stand.upstream.json(JSON.stringify(answer));
    stand.upstream.received.length = 0;
    return stand.server.request('POST', '/v1/salesforce/create_records', { body: { params: { records: [record] } } });
  };
  const failed = { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING', message: 'm', fields: ['LastName'] }] };

  it('takes everything back unless it is told otherwise, and succeeds where one of its records did', async () => {
    const made = await create([{ id: '003', success: true, errors: [] }, failed]);
    expect([made.status, made.json.data[1]]).toEqual([200, failed]);
    const [sent] = stand.upstream.received;
    expect([sent?.target, sent?.body.toString()]).toEqual([
      '/services/data/v60.0/composite/sobjects',
      '{"records":[{"attributes":{"type":"Contact"},"LastName":"Lovelace"}],"allOrNone":true}',
    ]);
  });

  it('of which no record was made fails, with what the service said of it', async () => {
    const refusal = await create([failed]);
    expect([refusal.status, refusal.json.error]).toEqual([422, [failed]]);
  });
});

it('a long list goes on by the last part of its link, and says where the page after that is', async () => {
  await consent();
  stand.upstream.json('{"done":false,"nextRecordsUrl":"/services/data/v60.0/query/01gB-4000","records":[{"Id":"001"}]}');
  const more = (locator: string) => stand.server.request('POST', '/v1/salesforce/query_more', { body: { params: { locator } } });
  expect((await more('01gB-2000')).json.data.nextRecordsUrl).toBe('/services/data/v60.0/query/01gB-4000');
  expect(stand.asked().at(-1)).toBe('GET acme.my.salesforce.com/services/data/v60.0/query/01gB-2000');
  expect((await more('../sobjects')).status).toBe(400);
});

it('calls that the organisation has used up are «too many», and any other refusal with that status is not', async () => {
  await consent();
  const refuse = (errorCode: string) => {
    stand.upstream.play = (_request, response) =>
      void response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify([{ errorCode, message: 'm' }]));
    return stand.server.request('POST', '/v1/salesforce/create_record', {
      body: { params: { object: 'Lead', fields: { LastName: 'L' } } },
    });
  };
  const waits = async (errorCode: string) => (await refuse(errorCode)).headers.get('retry-after');
  expect([await waits('INSUFFICIENT_ACCESS'), await waits('REQUEST_LIMIT_EXCEEDED')]).toEqual([null, '300']);
});
