/** `Accept: application/octet-stream` over HTTP: the service's body as it came, and nothing else of its answer. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
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
beforeEach(() => upstream.reset());

/** The answer with its body as bytes. */
async function callRaw(body: unknown = {}) {
  const answer = await fetch(`${server.url}/v1/hackernews/list_top_stories`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json', accept: 'application/octet-stream' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

it('carries the body with its type, length and name, and no cookie', async () => {
  const picture = Buffer.from([0, 1, 254, 255]);
  const passed = { 'content-type': 'image/png', 'content-length': '4', 'content-disposition': 'attachment; filename="a.png"' };
  upstream.answer(200, { ...passed, 'set-cookie': 'a=b', 'x-own': 'c', 'access-control-allow-origin': '*' }, picture);
  const { status, headers, bytes } = await callRaw();
  expect([status, bytes]).toEqual([200, picture]);
  expect(Object.fromEntries(headers)).toMatchObject({ ...passed, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  for (const name of ['set-cookie', 'x-own', 'access-control-allow-origin', 'x-skillett-error-source'])
    expect(headers.has(name), name).toBe(false);
});

it('says whose failure it is, and gives an answer without body a status that has one', async () => {
  upstream.answer(404, { 'content-type': 'text/plain' }, 'no');
  const failed = await callRaw();
  expect([failed.status, failed.headers.get('x-skillett-error-source'), failed.bytes.toString()]).toEqual([404, 'upstream', 'no']);
  upstream.answer(204, {});
  const empty = await callRaw();
  expect([empty.status, empty.bytes.length]).toEqual([200, 0]);
  const refused = await callRaw({ params: { nonsense: 1 } });
  expect([refused.status, refused.headers.get('x-skillett-error-source')]).toEqual([400, 'skillett']);
});

it('never looks complete when the service breaks off', async () => {
  upstream.play = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write(`["${'a'.repeat(100_000)}`);
    setTimeout(() => response.destroy(), 50);
  };
  await expect(callRaw()).rejects.toThrow();
});

it('is refused together with `select`, which it would ignore, before anything is sent', async () => {
  upstream.json('[1,2]');
  const both = await callRaw({ select: '[0]' });
  expect([both.status, JSON.parse(both.bytes.toString()).message]).toEqual([400, expect.stringContaining('Leave one of them out')]);
  expect(upstream.received).toEqual([]);
  expect((await callRaw({ select: null })).bytes.toString()).toBe('[1,2]');
  const cut = await server.request('POST', '/v1/hackernews/list_top_stories', { body: { select: '[0]' } });
  expect(cut.text).toBe('{"status":200,"data":1}');
});
