/** Headers of a service's answer that its recipe names reach callers through every door, and no others. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RecipeStand, startRecipeStand } from './recipe-stand.ts';

let stand: RecipeStand;
const named = ['x-total-count', 'etag', 'location', 'x-strange'];

beforeAll(async () => {
  const title = { in: 'body', type: 'string', description: 'Its title.', examples: ['x'] };
  stand = await startRecipeStand(
    {
      list: { answer_headers: named },
      create: { method: 'POST', answer_headers: named, parameters: { title } },
      get: {},
    },
    {
      recipe: {
        auth: [{ type: 'api_key', how: 'Ask.', in: 'query', name: 'api_key' }],
        verify: { path: '/me', account: { id: 'id', label: 'id' } },
      },
    },
  );
  stand.upstream.json('{"id":"1"}');
  const body = { integration: 'desk', credentials: { api_key: 'secret-1' } };
  expect((await stand.server.request('POST', '/v1/connect', { body })).json.status).toBe('connected');
});
afterAll(() => stand.close());
beforeEach(() => {
  stand.upstream.reset();
  play({ 'x-total-count': '12', etag: '"a"', 'set-cookie': 'a=b', 'x-other': 'no', 'x-request-id': 'theirs' });
});

function play(headers: Record<string, string | string[]>, status = 200): void {
  stand.upstream.play = (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"a":1}');
}

/** Bytes as no decent server sends them. */
function playRaw(headers: string): void {
  stand.upstream.play = (_request, response) =>
    void response.socket?.end(
      Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n${headers}\r\n\r\n{"a":1}`, 'latin1'),
    );
}

describe('headers that the recipe names', () => {
  it('are headers over REST, beside an envelope without them, and in the raw form', async () => {
    const answer = await stand.rest('list');
    expect(answer.text).toBe('{"status":200,"data":{"a":1}}');
    expect([answer.headers.get('x-total-count'), answer.headers.get('etag')]).toEqual(['12', '"a"']);
    const raw = await stand.rest('list', {}, { accept: 'application/octet-stream' });
    expect([raw.text, raw.headers.get('x-total-count'), raw.headers.get('etag')]).toEqual(['{"a":1}', '12', '"a"']);
    for (const { headers } of [answer, raw]) {
      expect([headers.get('x-other'), headers.get('set-cookie')]).toEqual([null, null]);
      expect(headers.get('x-request-id')).toMatch(/^req_/);
    }
    expect((await stand.rest('get')).headers.get('etag')).toBeNull();
  });

  it('are `meta` over GraphQL and MCP, on a failure too', async () => {
    const meta = { 'x-total-count': '12', etag: '"a"' };
    expect(await stand.graphql('list', {}, 'data meta')).toEqual({ data: { a: 1 }, meta });
    expect((await stand.mcp('list')).json).toEqual({ status: 200, data: { a: 1 }, meta });
    expect(await stand.graphql('get', {}, 'data meta')).toEqual({ data: { a: 1 }, meta: null });
    play({ 'x-total-count': '0' }, 404);
    expect((await stand.mcp('list')).json).toEqual({ status: 404, error: { a: 1 }, meta: { 'x-total-count': '0' } });
    const failed = await stand.rest('list');
    expect([failed.text, failed.headers.get('x-total-count')]).toEqual(['{"status":404,"error":{"a":1}}', '0']);
    expect(failed.headers.get('x-skillett-error-source')).toBe('upstream');
  });

  it('come again with an idempotency key, and several of one name as one list', async () => {
    play({ 'x-total-count': ['1', '2'] }, 201);
    const headers = { 'idempotency-key': 'meta-1' };
    const [first, again] = [await stand.rest('create', {}, headers), await stand.rest('create', {}, headers)];
    expect([first, again].map((answer) => [answer.status, answer.headers.get('x-total-count')])).toEqual([
      [201, '1, 2'],
      [201, '1, 2'],
    ]);
    expect([again.headers.get('idempotent-replayed'), stand.upstream.received.length]).toEqual(['true', 1]);
  });
});

describe('a service that plays tricks', () => {
  it('sets no header of ours by a line break in a value, and gets no control character through', async () => {
    playRaw('x-strange: a\rx-skillett-next: b');
    const split = await stand.rest('list');
    expect([split.status, split.json.data, split.headers.get('x-skillett-next')]).toEqual([502, undefined, null]);
    for (const value of ['a\x01b', 'a\x0bb', 'a\x7fb']) {
      playRaw(`x-strange: ${value}\r\netag: e`);
      const answer = await stand.rest('list');
      // What the parser lets pass is left out, and the others come.
      if (answer.status === 200) expect([answer.headers.get('x-strange'), answer.headers.get('etag')]).toEqual([null, 'e']);
      else expect([value, answer.status]).toEqual([value, 502]);
    }
    playRaw('x-strange: \xe9t\xe9\r\netag: \xc3\xa9');
    const bytes = await stand.rest('list');
    expect([bytes.headers.get('x-strange'), bytes.headers.get('etag')]).toEqual(['\xe9t\xe9', '\xc3\xa9']);
    expect((await stand.graphql('list', {}, 'meta')).meta).toEqual({ 'x-strange': '\xe9t\xe9', etag: 'é' });
  });

  it('does not get the key into an answer by repeating its own address', async () => {
    stand.upstream.play = ({ target }, response) =>
      void response
        .writeHead(200, {
          location: `https://x.example${target}&page=2`,
          'x-strange': `<${target.replace('api_key', '%61PI_key')}>; rel="self"`,
        })
        .end('{}');
    const answer = await stand.rest('list');
    expect(answer.headers.get('location')).toBe('https://x.example/things?api_key=...&page=2');
    expect(answer.headers.get('x-strange')).toBe('</things?%61PI_key=...>; rel="self"');
    expect(stand.upstream.received[0]?.target).toContain('secret-1');
  });
});
