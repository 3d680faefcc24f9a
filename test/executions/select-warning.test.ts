/** What `select` asks for that no shape of the answer knows is said beside the answer, over every door (that it is the same there: test/app/doors.test.ts). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callTool, type Post } from '../mcp/stand.ts';
import { type HackernewsStand, startHackernews } from '../support/hackernews.ts';
import type { TestServer } from '../support/server.ts';
import type { Upstream } from '../support/upstream.ts';

let stand: HackernewsStand;
let upstream: Upstream;
let server: TestServer;
beforeAll(async () => {
  stand = await startHackernews();
  ({ server, upstream } = stand);
});
afterAll(() => stand.close());

const call = async (select: string | undefined, endpoint = 'get_item') => {
  upstream.json('{"id":1,"title":"Ask","kids":[2]}');
  const params = endpoint === 'get_item' ? { id: 1 } : {};
  return (await server.request('POST', `/v1/hackernews/${endpoint}`, { body: { params, select } })).text;
};

it('a name that no shape knows is null with 200, and a warning names it and the nearest', async () => {
  expect(JSON.parse(await call('{a: titel, b: author}'))).toEqual({
    status: 200,
    data: { a: null, b: null },
    select_warning:
      '`select` asks for what the answer may not have, which is null then. "titel" is not known of an object (Item); did you mean "title" or "time"? "author" is not known of an object (Item), which has "id", "type", "by", "time", "title", "url", "text", "score" …',
  });
  upstream.json('{"id":1,"title":"Ask"}');
  const { text } = await server.graphql(
    '{ read(integration: "hackernews", endpoint: "get_item", params: {id: 1}, select: "titel") { data selectWarning } }',
  );
  expect(JSON.parse(text)).toEqual({ data: { read: { data: null, selectWarning: expect.stringContaining('did you mean "title"') } } });
});

it('known names, no `select`, and a failure of the service come without one', async () => {
  expect(await call('{a: title, b: kids[0]}')).toBe('{"status":200,"data":{"a":"Ask","b":2}}');
  expect(await call(undefined)).toBe('{"status":200,"data":{"id":1,"title":"Ask","kids":[2]}}');
  upstream.answer(404, { 'content-type': 'application/json' }, '{"error":"gone"}');
  const failed = await server.request('POST', '/v1/hackernews/get_item', { body: { params: { id: 1 }, select: 'titel' } });
  expect(failed.text).toBe('{"status":404,"error":{"error":"gone"}}');
});

it('over MCP it ends the first line of a table, once for each call of `each`, and is absent where all is known', async () => {
  upstream.json('{"id":1,"title":"Ask"}');
  // With the owner's key.
  const post: Post = (body) => server.request('POST', '/mcp', { body });
  const read = async (more: object) =>
    (await callTool(post, '', 'read', { endpoint: 'hackernews.get_item', with: [], budget: 500, ...more })).text;
  const warned = await read({ params: { id: 1 }, select: '{a: titel, b: title}' });
  expect(warned.split('\n')[0]).toMatch(
    /; `select` asks for .* "titel" is not known of an object \(Item\); did you mean "title" or "time"\?$/,
  );
  expect(warned).toContain('Ask');
  expect(warned.match(/titel/g)).toHaveLength(1);
  expect((await read({ each: [{ id: 1 }, { id: 2 }], select: '{a: titel, b: title}' })).match(/"titel" is not known/g)).toHaveLength(2);
  expect(await read({ params: { id: 1 }, select: '{b: title}' })).not.toContain('is not known');
  expect(await read({ params: { id: 1 } })).not.toContain('is not known');
});

it('by the proxy there is none, since nothing is known of such answers', async () => {
  upstream.json('{"id":1,"title":"Ask"}');
  const body = { method: 'GET', path: '/item/1.json', select: '{a: titel, b: title}' };
  const { text } = await server.request('POST', '/v1/proxy/hackernews', { body });
  expect(text).toBe('{"status":200,"data":{"a":null,"b":"Ask"}}');
  const document = '{ proxyRead(integration: "hackernews", path: "/item/1.json", select: "titel") { ok data selectWarning } }';
  expect((await server.graphql(document)).json).toEqual({ data: { proxyRead: { ok: true, data: null, selectWarning: null } } });
});

it('`answer_fields` is what `select` may name: each of its paths at once brings no warning', async () => {
  const { json } = await server.request('GET', '/v1/skills/hackernews/search');
  expect(json.answer_fields).toEqual(
    expect.arrayContaining([
      { path: 'hits', type: 'object[]' },
      { path: 'hits[].title', type: 'string' },
    ]),
  );
  const paths: string[] = json.answer_fields.map(({ path }: { path: string }) => path);
  upstream.json('{"hits":[]}');
  const chosen = paths.map((path, at) => `f${at}: ${path}`).join(', ');
  const called = await server.request('POST', '/v1/hackernews/search', { body: { params: { query: 'x' }, select: `{${chosen}}` } });
  expect([called.status, called.json.select_warning]).toEqual([200, undefined]);
  const { json: asked } = await server.graphql(
    '{ endpoint(integration: "hackernews", name: "search") { answerFields { path type } } none: endpoint(integration: "hackernews", name: "get_max_item") { answerFields { path } } }',
  );
  expect(asked.data).toEqual({ endpoint: { answerFields: json.answer_fields }, none: { answerFields: [] } });
});

it('documents of endpoints list the fields of answers two levels deep, and none where nothing is known', async () => {
  const read = async (endpoint: string) =>
    (await server.request('GET', `/v1/skills/${endpoint}`, { headers: { accept: 'text/markdown' } })).text;
  const document = await read('hackernews/search');
  expect(document).toContain('| `hits` | object[] |');
  expect(document).toContain('| `hits[].title` | string |');
  const plain = await read('hackernews/get_max_item');
  expect(plain).toContain('## Answer');
  expect(plain).not.toContain('| Field | Type |');
});
