/** What a call needs together is asked for before anything is sent, in a sentence that names the ways. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type RecipeStand, startRecipeStand } from './recipe-stand.ts';

let stand: RecipeStand;

const text = { in: 'query', type: 'string', description: 'A text.', examples: ['x'] };
const address = { type: 'object', properties: { city: { type: 'string' }, zip: { type: 'string' } } };

beforeAll(async () => {
  stand = await startRecipeStand(
    {
      find: {
        parameters: { channel: text, ts: text, link: text },
        any_of: [['channel', 'ts'], ['link']],
        example: { link: 'x' },
      },
      move: {
        method: 'POST',
        read_only: true,
        parameters: { to: { in: 'body', $value: 'address', description: 'Where to.', required_properties: ['city'] } },
      },
    },
    { recipe: { values: { address } } },
  );
});
afterAll(() => stand.close());
beforeEach(() => stand.upstream.reset());

const sentence = 'The parameters do not fit desk.find: `channel` with `ts`, or `link` is required.';

it.each([{}, { channel: 'a' }, { ts: 'b' }])('%j is none of the alternatives, over any door', async (params) => {
  const rest = await stand.rest('find', { params });
  expect([rest.status, rest.json.message, rest.json.details]).toEqual([
    400,
    sentence,
    [{ path: 'params', message: '`channel` with `ts`, or `link` is required' }],
  ]);
  expect((await stand.graphql('find', { params })).errors[0].message).toBe(sentence);
  expect((await stand.mcp('find', { params })).text).toContain(sentence);
  expect(stand.upstream.received).toEqual([]);
});

it.each([{ link: 'x' }, { channel: 'a', ts: 'b' }, { channel: 'a', ts: 'b', link: 'x' }])('%j is sent', async (params) => {
  expect((await stand.rest('find', { params })).status).toBe(200);
  expect(stand.upstream.received.map(({ target }) => target)).toEqual([`/things?${new URLSearchParams(params)}`]);
});

it('the schema says so, without words that makers of models refuse', async () => {
  const { json } = await stand.server.request('GET', '/v1/skills/desk/find');
  expect(json.schema).toMatchObject({ type: 'object', description: '`channel` with `ts`, or `link` is required.' });
  expect(json.schema.anyOf).toBeUndefined();
});

it('an object may be left out, and needs its members where it is given', async () => {
  const missing = await stand.rest('move', { params: { to: { zip: '1' } } });
  expect([missing.status, missing.json.message]).toEqual([400, 'The parameters do not fit desk.move: `to.city` is required.']);
  expect(stand.upstream.received).toEqual([]);
  expect((await stand.rest('move')).status).toBe(200);
  expect((await stand.rest('move', { params: { to: { city: 'a' } } })).status).toBe(200);
  expect(stand.upstream.received.map(({ body }) => body.toString())).toEqual(['{}', '{"to":{"city":"a"}}']);
});
