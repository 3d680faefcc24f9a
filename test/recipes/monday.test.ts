/** monday speaks GraphQL alone and answers 200 with errors; its personal tokens travel bare, and those of a consent never end. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;

beforeAll(async () => {
  stand = await startHardStand('monday', ['auth.monday.com', 'api.monday.com']);
  const [, status] = await connect({ integration: 'monday', credentials: { token: 'personal-1' } });
  expect(status).toBe('connected');
});
beforeEach(() => {
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

async function connect(body: object) {
  stand.upstream.json('{"data":{"me":{"id":"7","email":"ada@acme.example"}}}');
  const { json } = await stand.server.request('POST', '/v1/connect', { body });
  return [json, json.status] as const;
}
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/monday/${endpoint}`, { body: { params } });

const updateColumns = [
  'mutation ($board_id: ID!, $item_id: ID!, $column_values: JSON!, $create_labels: Boolean) { change_multiple_column_values(board_id: $board_id,',
  'item_id: $item_id, column_values: $column_values, create_labels_if_missing: $create_labels) { id name column_values { id type text value } } }',
].join(' ');

it('a write is its document with the version of the API, and values of columns are one JSON text', async () => {
  stand.upstream.json('{"data":{"change_multiple_column_values":{"id":"9"}},"extensions":{"request_id":"r"}}');
  const made = await call('update_item_columns', { board_id: '1', item_id: '9', column_values: '{"status": {"label": "Done"}}' });
  expect(made.text).toBe('{"status":200,"data":{"id":"9"}}');
  const variables = '{"board_id":"1","item_id":"9","column_values":"{\\"status\\": {\\"label\\": \\"Done\\"}}"}';
  const body = `{"query":"${updateColumns}","variables":${variables}}`;
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'POST /v2',
      'host: api.monday.com',
      'accept-encoding: identity',
      'accept: */*',
      'api-version: 2026-10',
      'authorization: personal-1',
      `content-length: ${Buffer.byteLength(body)}`,
      'content-type: application/json',
      'user-agent: skillett',
      body,
    ],
  ]);
});

it('items that do not fit on a page go on by the cursor, under its own endpoint', async () => {
  stand.upstream.json('{"data":{"boards":[{"id":"1","items_page":{"cursor":"c-2","items":[{"id":"9","name":"Call"}]}}]}}');
  const first = await call('list_items', { board_id: '1', filter: { rules: [{ column_id: 'status', compare_value: [1] }] } });
  expect(first.json.data[0].items_page.cursor).toBe('c-2');
  stand.upstream.json('{"data":{"next_items_page":{"cursor":null,"items":[{"id":"10"}]}}}');
  expect((await call('list_next_items', { cursor: 'c-2' })).json.data).toEqual({ cursor: null, items: [{ id: '10' }] });
  const sent = stand.upstream.received.map(({ body }) => JSON.parse(body.toString()).variables);
  expect(sent).toEqual([
    { board_id: '1', filter: { rules: [{ column_id: 'status', compare_value: [1] }] }, limit: 50 },
    { cursor: 'c-2', limit: 50 },
  ]);
  expect((await call('list_items', { board_id: 'the sprint' })).status).toBe(400);
});

it('an answer of 200 with errors is a failure, by what its code says', async () => {
  const failing = async (code: string) => {
    stand.upstream.json(JSON.stringify({ data: {}, errors: [{ message: 'm', extensions: { code } }] }));
    const { status, headers } = await call('create_update', { item_id: '9', body: 'Hello' });
    return [status, headers.get('retry-after')];
  };
  expect(await failing('UserUnauthorizedException')).toEqual([403, null]);
  expect(await failing('ColumnValueException')).toEqual([400, null]);
  expect(await failing('SomethingNew')).toEqual([422, null]);
  expect(await failing('COMPLEXITY_BUDGET_EXHAUSTED')).toEqual([429, '60']);
  // None of these writes was sent again.
  expect(stand.upstream.received).toHaveLength(4);
});

it('a consent asks for what is needed, and its token, which never ends, goes out as Bearer', async () => {
  for (const { connection_id: id } of (await stand.server.request('GET', '/v1/connect')).json.connections)
    await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.upstream.play = (request, response) => {
    const answer =
      request.target === '/oauth2/token'
        ? { access_token: 'at-1', token_type: 'Bearer', scope: 'me:read boards:write' }
        : { data: { me: { id: '7', email: 'ada@acme.example' } } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'monday', scopes: ['boards:write'] } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect(url.searchParams.get('scope')?.split(' ').sort()).toEqual(['boards:write', 'me:read']);
  expect((await comeBack({ code: 'c-1' })).status).toBe(200);
  stand.server.gateway.clock.offsetMs = 400 * 86_400_000;
  expect((await call('get_me', {})).json.data).toEqual({ id: '7', email: 'ada@acme.example' });
  expect(stand.asked().filter((asked) => asked.includes('/oauth2/token'))).toHaveLength(1);
  expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer at-1');
});
