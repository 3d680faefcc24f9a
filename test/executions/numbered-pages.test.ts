/** Lists that go on by page numbers or offsets: where the answer says that there is more, callers get the next page as from any link. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RecipeStand, startRecipeStand } from './recipe-stand.ts';

const number = (more: object = {}) => ({ in: 'query', type: 'integer', description: 'Which.', examples: [1], ...more });

let stand: RecipeStand;
let filler = '';

beforeAll(async () => {
  stand = await startRecipeStand({
    list_pages: {
      parameters: { page: number({ maximum: 4 }), q: { in: 'query', type: 'string', description: 'What.', examples: ['x'] } },
      pagination: { style: 'page', parameter: 'page', more: 'page < pages' },
    },
    list_rows: {
      method: 'POST',
      path: '/search',
      read_only: true,
      parameters: { start: { ...number({ default: 0 }), in: 'body', as: '/paging/from' } },
      pagination: { style: 'offset', parameter: 'start', more: 'more', items: 'rows.all' },
    },
  });
});
afterAll(() => stand.close());

beforeEach(() => {
  stand.upstream.reset();
  filler = '';
  stand.upstream.play = ({ target, body }, response) => {
    const from = target.startsWith('/search') ? (JSON.parse(body.toString()).paging?.from ?? 0) : 0;
    const page = Number(new URLSearchParams(target.split('?')[1]).get('page') ?? 1);
    const all = [1, 2, 3, 4, 5].slice(from, from + 2);
    const json = target.startsWith('/search') ? { rows: { all }, more: from + all.length < 5, filler } : { page, pages: 3, filler };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  };
});

const sent = () => stand.upstream.received.map(({ target, body }) => (body.length > 0 ? JSON.parse(body.toString()) : target));

describe('where the answer says that there is a further page', () => {
  it.each([
    ['short', 0],
    ['long', 300_000],
  ])('%s pages are read over REST to the last, beside the other parameters', async (_how, length) => {
    filler = 'x'.repeat(length);
    let next: string | null = null;
    do {
      const page = await stand.rest('list_pages', { params: { q: 'a' }, ...(next === null ? {} : { next }) });
      expect(page.status, page.text.slice(0, 300)).toBe(200);
      next = page.headers.get('x-skillett-next');
    } while (next !== null);
    expect(sent()).toEqual(['/things?q=a', '/things?page=2&q=a', '/things?page=3&q=a']);
  });

  it('an offset goes on after the rows that were given, in the body too, and from where the caller began', async () => {
    let next: string | null = null;
    const params = { start: 1 };
    const rows: number[] = [];
    do {
      const page = await stand.graphql('list_rows', { params, next, select: 'rows.all' }, 'data next');
      rows.push(...page.data);
      next = page.next;
    } while (next !== null);
    expect(rows).toEqual([2, 3, 4, 5]);
    expect(sent()).toEqual([{ paging: { from: 1 } }, { paging: { from: 3 } }]);
  });

  it('MCP gives `more` and takes it', async () => {
    const first = await stand.mcp('list_rows');
    const second = await stand.mcp('list_rows', { more: first.json.more });
    const third = await stand.mcp('list_rows', { more: second.json.more });
    expect([first, second, third].map(({ json }) => json.data.rows.all)).toEqual([[1, 2], [3, 4], [5]]);
    expect(Object.keys(third.json)).toEqual(['status', 'data']);
  });
});

describe('there is no next page', () => {
  it.each<[string, unknown]>([
    ['where a page has no rows, whatever it says', { rows: { all: [] }, more: true }],
    ['where the rows are no list', { rows: { all: 'xxx' }, more: true }],
    ['where nothing says that there is more', { rows: { all: [1] } }],
    ['where the answer is no object', [1]],
    ['where it is null', null],
  ])('%s', async (_what, json) => {
    stand.upstream.json(JSON.stringify(json));
    const page = await stand.rest('list_rows');
    expect([page.status, page.headers.get('x-skillett-next')]).toEqual([200, null]);
  });

  it('beyond the greatest number that the service takes, and in the raw form', async () => {
    stand.upstream.json('{"page":1,"pages":9}');
    expect((await stand.rest('list_pages', { params: { page: 3 } })).headers.get('x-skillett-next')).not.toBeNull();
    expect((await stand.rest('list_pages', { params: { page: 4 } })).headers.get('x-skillett-next')).toBeNull();
    const raw = await stand.rest('list_pages', {}, { accept: 'application/octet-stream' });
    expect([raw.status, raw.headers.get('x-skillett-next')]).toEqual([200, null]);
  });
});

it('what was not given out for this call is refused, and nothing is sent', async () => {
  const next = (await stand.rest('list_pages', { params: { q: 'a' } })).headers.get('x-skillett-next') as string;
  stand.upstream.received.length = 0;
  const forged = `${Buffer.from('9').toString('base64url')}.${next.split('.')[1]}`;
  for (const body of [{ next: forged, params: { q: 'a' } }, { next }, { next, params: { q: 'b' } }, { next: '2', params: { q: 'a' } }])
    expect((await stand.rest('list_pages', body)).json).toMatchObject({
      error: 'bad_request',
      message: expect.stringContaining('`next` is not that of this call'),
    });
  expect((await stand.rest('list_rows', { next, params: {} })).json.error).toBe('bad_request');
  expect(stand.upstream.received).toEqual([]);
});

it('the document of the endpoint says how to get the next page, and where the rows are', async () => {
  const document = await stand.server.request('GET', '/v1/skills/desk/list_rows', { headers: { accept: 'text/markdown' } });
  expect(document.text).toContain('For the next page give back what the header `X-Skillett-Next` holds as `next` beside `params`');
  expect(document.text).toContain('The rows stand in `rows.all` of `data`.');
});
