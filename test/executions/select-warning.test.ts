/** What `select` asks for that no shape of the answer knows is said beside the answer, over REST and GraphQL. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let server: TestServer;
beforeAll(async () => {
  upstream = await Upstream.start();
  server = await startTestServer({ env: { SKILLETT_HACKERNEWS_BASE_URL: upstream.origin } });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

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
