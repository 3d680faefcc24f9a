/** Airtable: Basic and PKCE at the token endpoint, refresh tokens that are good once, lists in brackets, and files at another host. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, placeOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; body: object };
let renewal: { status: number; body: object };

beforeAll(async () => {
  stand = await startHardStand('airtable', ['airtable.com', 'api.airtable.com', 'content.airtable.com']);
});
beforeEach(async () => {
  stand.upstream.reset();
  stand.server.gateway.clock.offsetMs = 0;
  answer = { status: 200, body: { records: [] } };
  renewal = { status: 200, body: tokens(2) };
  stand.upstream.play = ({ target, headers, body }, response) => {
    const json = (status: number, value: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (target === '/oauth2/v1/token') {
      const isRenewal = String(body).includes('grant_type=refresh_token');
      return isRenewal ? json(renewal.status, renewal.body) : json(200, tokens(1));
    }
    if (target === '/v0/meta/whoami') {
      const isKnown = /^Bearer (at-|pat1)/.test(headers.authorization ?? '');
      return isKnown ? json(200, { id: 'usr1', email: 'ada@acme.example' }) : json(401, { error: { type: 'AUTHENTICATION_REQUIRED' } });
    }
    return json(answer.status, answer.body);
  };
  for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const tokens = (n: number) => ({
  access_token: `at-${n}`,
  refresh_token: `rt-${n}`,
  token_type: 'Bearer',
  scope: 'data.records:read data.records:write user.email:read',
  expires_in: 3600,
  refresh_expires_in: 5_184_000,
});
const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const connect = (credentials?: object) =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'airtable', ...(credentials ? { credentials } : {}) } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/airtable/${endpoint}`, { body: { params } });
const table = { base_id: 'appLkNDICXNqxSDhG', table: 'Open tasks' };

async function consent() {
  const { url, comeBack } = await openLink(stand.server, (await connect()).json.oauth_url);
  expect((await comeBack({ code: 'c-1' })).status).toBe(200);
  return url;
}

it('a consent is bound to a verifier, and its code is exchanged with the secret as Basic', async () => {
  const url = await consent();
  expect([url.hostname + url.pathname, url.searchParams.get('code_challenge_method')]).toEqual([
    'airtable.com/oauth2/v1/authorize',
    'S256',
  ]);
  expect(url.searchParams.get('scope')?.split(' ')).toEqual(expect.arrayContaining(['user.email:read', 'data.records:read']));
  const [exchange] = stand.upstream.received;
  const form = new URLSearchParams(String(exchange?.body));
  expect(exchange?.headers.authorization).toBe(`Basic ${Buffer.from('the-client:secret').toString('base64')}`);
  expect([form.get('code'), form.get('client_secret'), form.get('code_verifier')?.length ?? 0]).toEqual(['c-1', null, expect.any(Number)]);
  expect(form.get('code_verifier')?.length).toBeGreaterThanOrEqual(43);
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', auth_type: 'oauth2' }]);
});

it('a refresh token is good once, and one that is refused sends no call', async () => {
  await consent();
  stand.server.gateway.clock.offsetMs = 2 * 3_600_000;
  await call('list_records', table);
  expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer at-2');
  renewal = { status: 400, body: { error: 'invalid_grant', error_description: 'Unknown or used token' } };
  stand.server.gateway.clock.offsetMs = 4 * 3_600_000;
  const refused = await call('list_records', table);
  expect([refused.status, refused.json.error]).toEqual([401, 'token_expired']);
  expect(stand.upstream.received.at(-1)?.target).toBe('/oauth2/v1/token');
  expect(String(stand.upstream.received.at(-1)?.body)).toContain('rt-2');
});

it('a token that Airtable refuses connects nothing, beside one that it knows', async () => {
  const refused = await connect({ token: 'pat9.other' });
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.text + stand.server.log.join('')).not.toContain('pat9.other');
  expect((await connect({ token: 'pat1.known' })).json).toMatchObject({ status: 'connected' });
});

it('reads and writes arrive as Airtable documents them: lists and sorting in brackets, the keys of an upsert beside its records', async () => {
  await connect({ token: 'pat1.known' });
  stand.upstream.received.length = 0;
  const sort = [{ field: 'Due', direction: 'desc' }];
  await call('list_records', { ...table, filter_by_formula: "{Status}='Open'", fields: ['Name', 'Due'], sort, page_size: 2 });
  await call('upsert_records', {
    ...table,
    fields_to_merge_on: ['Name'],
    records: [{ fields: { Name: 'Ink', Price: 3 } }],
    typecast: true,
  });
  await call('delete_records', { ...table, records: ['rec1', 'rec2'] });
  const [read, write, gone] = stand.upstream.received.map(linesOf);
  const query = new URLSearchParams(read?.[0]?.split('?')[1]);
  expect(read?.[0]).toMatch(/^GET \/v0\/appLkNDICXNqxSDhG\/Open%20tasks\?/);
  expect([...query]).toEqual([
    ['filterByFormula', "{Status}='Open'"],
    ['fields[]', 'Name'],
    ['fields[]', 'Due'],
    ['sort[0][field]', 'Due'],
    ['sort[0][direction]', 'desc'],
    ['pageSize', '2'],
  ]);
  expect(write?.[0]).toBe('PATCH /v0/appLkNDICXNqxSDhG/Open%20tasks');
  expect(JSON.parse(write?.at(-1) as string)).toEqual({
    performUpsert: { fieldsToMergeOn: ['Name'] },
    records: [{ fields: { Name: 'Ink', Price: 3 } }],
    typecast: true,
  });
  expect(decodeURIComponent(gone?.[0] ?? '')).toBe('DELETE /v0/appLkNDICXNqxSDhG/Open tasks?records[]=rec1&records[]=rec2');
});

it('a file goes to the host for contents with the same token, and eleven records are refused before anything is sent', async () => {
  await connect({ token: 'pat1.known' });
  stand.upstream.received.length = 0;
  const file = { filename: 'ink.png', content_type: 'image/png', file: 'aGk=' };
  await call('upload_attachment', { base_id: table.base_id, record_id: 'rec1', field: 'Photos', ...file });
  const [sent] = stand.upstream.received;
  expect(sent && placeOf(sent)).toBe('content.airtable.com/v0/appLkNDICXNqxSDhG/rec1/Photos/uploadAttachment');
  expect([sent?.headers.authorization, JSON.parse(String(sent?.body))]).toEqual([
    'Bearer pat1.known',
    { filename: 'ink.png', contentType: 'image/png', file: 'aGk=' },
  ]);
  const records = Array.from({ length: 11 }, () => ({ fields: { Name: 'x' } }));
  expect((await call('create_records', { ...table, records })).json.error).toBe('bad_request');
  expect(stand.upstream.received).toHaveLength(1);
});

it('a formula that does not hold is a failure, as Airtable words it', async () => {
  await connect({ token: 'pat1.known' });
  answer = { status: 422, body: { error: { type: 'INVALID_FILTER_BY_FORMULA', message: 'Unknown field names: staus' } } };
  expect((await call('list_records', { ...table, filter_by_formula: "{Staus}='Open'" })).json).toMatchObject({
    status: 422,
    error: answer.body,
  });
});
