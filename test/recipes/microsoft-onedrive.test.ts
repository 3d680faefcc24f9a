/** Files at Microsoft: paths within a path, contents that lie at a pre-signed address of another host, and bodies that are the file itself. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let isTaken = false;

beforeAll(async () => {
  stand = await startHardStand('microsoft_onedrive', ['graph.microsoft.com', 'login.microsoftonline.com', 'acme.sharepoint.com']);
  stand.upstream.play = ({ method, target, headers }, response) => {
    const json = (status: number, body: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (target.includes('/token'))
      return json(200, {
        token_type: 'Bearer',
        scope: 'Files.ReadWrite User.Read',
        expires_in: 3599,
        access_token: 'at-1',
        refresh_token: 'rt-1',
      });
    if (target.endsWith('/me')) return json(200, { id: 'u1', userPrincipalName: 'ada@acme.example' });
    if (headers.host?.startsWith('acme.sharepoint.com'))
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end('Minutes.');
    if (method === 'GET' && target.endsWith('/content'))
      return void response.writeHead(302, { location: `http://acme.sharepoint.com:${stand.upstream.port}/download?tempauth=t` }).end();
    if (isTaken) return json(409, { error: { code: 'nameAlreadyExists', message: 'There is one.' } });
    return json(201, { id: 'i1', name: 'a b#1.md', webUrl: 'https://acme.sharepoint.com/a' });
  };
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'microsoft_onedrive' } });
  const { comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'c' })).status).toBe(200);
});
beforeEach(() => {
  isTaken = false;
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/microsoft_onedrive/${endpoint}`, { body: { params } });
const fixed = ['host: graph.microsoft.com', 'accept-encoding: identity', 'accept: application/json', 'authorization: Bearer at-1'];

it('a content is fetched from where Graph points, and the credential stays with Graph', async () => {
  expect((await call('download_file', { item_id: 'i1' })).json.data).toBe('Minutes.');
  expect(stand.asked()).toEqual(['GET graph.microsoft.com/v1.0/me/drive/items/i1/content', 'GET acme.sharepoint.com/download?tempauth=t']);
  expect(stand.upstream.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer at-1', undefined]);
});

it('a text goes to its path byte for byte, and where there is one already, the failure arrives', async () => {
  const params = { path: 'Notes/a b#1.md', text: 'Ä' };
  expect((await call('write_text_file', params)).json.data).toMatchObject({ id: 'i1' });
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'PUT /v1.0/me/drive/root:/Notes/a%20b%231.md:/content?%40microsoft.graph.conflictBehavior=fail',
      ...fixed,
      'content-length: 2',
      'content-type: text/plain; charset=utf-8',
      'user-agent: skillett',
      'Ä',
    ],
  ]);
  isTaken = true;
  const refused = await call('write_text_file', params);
  expect(refused.status).toBe(409);
  expect(refused.text).toContain('nameAlreadyExists');
});

it('no path leads out of the drive', async () => {
  for (const path of ['../../users', 'a/../b', 'a//b', './a'])
    expect([path, (await call('get_item_by_path', { path })).status]).toEqual([path, 400]);
  expect(stand.upstream.received).toEqual([]);
});

it('cells are written by an address within the path, which can be nothing else', async () => {
  const params = { item_id: 'i1', sheet: 'Sheet 1', address: 'A1:B2', values: [['Rent', 1200]] };
  expect((await call('update_worksheet_range', params)).status).toBe(201);
  expect(linesOf(stand.upstream.received[0]!)).toEqual([
    "PATCH /v1.0/me/drive/items/i1/workbook/worksheets/Sheet%201/range(address='A1%3AB2')",
    ...fixed,
    'content-length: 26',
    'content-type: application/json',
    'user-agent: skillett',
    '{"values":[["Rent",1200]]}',
  ]);
  expect((await call('update_worksheet_range', { ...params, address: "A1')/x('" })).json.details).toMatchObject([
    { path: 'params.address' },
  ]);
});
