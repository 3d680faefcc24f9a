/** What the sandbox answers through the gateway is what its recipe says: every endpoint is called, and what it says nothing of is seen to be nothing. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { compareAnswer, newComparison } from './compare-answer.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ kind: 'embedded' });
});
afterAll(() => server.close());

const call = async (endpoint: string, params: object) =>
  (await server.request('POST', `/v1/sandbox/${endpoint}`, { body: { params } })).json;

/** In this order: what is written is read, listed over two pages, changed and deleted. */
const calls: [endpoint: string, params: object][] = [
  ['create_note', { title: 'One', text: 'Text.', tags: ['a', 'b'] }],
  ['create_note', { title: 'Without more' }],
  ['get_note', { id: 1 }],
  ['list_notes', { limit: 1 }],
  ['list_notes', {}],
  ['update_note', { id: 1, text: 'Other.' }],
  ['fail_then_succeed', { name: 'mine', failures: 1 }],
  ['wait', { milliseconds: 1 }],
  ['get_big_document', { kilobytes: 2 }],
  ['get_image', {}],
  ['get_text', {}],
  ['redirect_unfollowed', {}],
  ['echo', { value: { hello: 'world' }, word: 'hi' }],
];

it('every answer has the fields and types of its shape, and no others', async () => {
  const { answers } = server.gateway.catalogue.find('sandbox')!;
  const seen = newComparison();
  const fieldsSeen = new Map<string, Set<string>>();
  for (const [endpoint, params] of calls) {
    const { data, status } = await call(endpoint, params);
    expect(data, `${endpoint} answered ${status}`).toBeDefined();
    expect(data, endpoint).not.toBeNull();
    const type = answers.returns[endpoint] as string;
    compareAnswer(answers, type, data, endpoint, seen);
    const fields = typeof data === 'object' ? Object.keys(data) : [];
    fieldsSeen.set(endpoint, new Set([...(fieldsSeen.get(endpoint) ?? []), ...fields]));
  }
  expect(seen.faults).toEqual([]);
  expect([...seen.unknown]).toEqual([]);
  for (const [endpoint, type] of Object.entries(answers.returns))
    expect([...(fieldsSeen.get(endpoint) ?? [`${endpoint} was not called`])].sort()).toEqual(
      Object.keys(answers.shapes[type] ?? {}).sort(),
    );
});

it('endpoints without a shape answer nothing, fail, or give what somebody else answers', async () => {
  const { answers, endpoints } = server.gateway.catalogue.find('sandbox')!;
  const unsaid = [...endpoints.keys()].filter((name) => !Object.hasOwn(answers.returns, name));
  expect(unsaid.sort()).toEqual(['break_off', 'delete_note', 'fail', 'redirect']);
  const { id } = (await call('create_note', { title: 'Gone' })).data;
  expect(await call('delete_note', { id })).toMatchObject({ data: null });
  expect(await call('fail', { status: 404 })).toMatchObject({ status: 404, error: { error: { code: 'asked_for' } } });
  expect(await call('redirect', {})).toEqual({ status: 200, data: (await call('get_text', {})).data });
  expect(await call('break_off', {})).toMatchObject({ error: expect.stringMatching(/^upstream_/) });
});

it('an answer that is another than its shape would be found out', async () => {
  const { answers } = server.gateway.catalogue.find('sandbox')!;
  const { data } = await call('create_note', { title: 'One', tags: ['a'] });
  const seen = newComparison();
  compareAnswer(answers, 'Note', { ...data, id: String(data.id), tags: 'a', more: 1 }, 'note', seen);
  expect(seen.faults).toEqual([`note.id: is "${data.id}", and should be int`, 'note.tags: is "a", and should be string[]']);
  expect([...seen.unknown]).toEqual(['Note.more']);
});

it('its notes are rows with columns in the lean view, and a column that there is not is named with those that there are', async () => {
  const lean = (more: object) =>
    server.request('POST', '/v1/sandbox/list_notes', { body: { params: { limit: 2 }, view: 'lean', ...more } });
  const notes = (await call('list_notes', { limit: 2 })).data.notes as { id: number; title: string; text: string }[];
  const { data } = (await lean({ with: ['text'] })).json;
  expect(data.columns).toEqual(['id', 'title', 'tags', 'updated', 'text']);
  expect(data.rows.map(([id, title]: unknown[]) => [id, title])).toEqual(notes.map(({ id, title }) => [id, title]));
  expect(data.rows.map((row: unknown[]) => row[4])).toEqual(notes.map(({ text }) => text));
  const refused = await lean({ with: ['txt'] });
  expect([refused.status, refused.json.message]).toEqual([400, expect.stringContaining('`text`')]);
});
