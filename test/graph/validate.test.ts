import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RecipeStand, startRecipeStand } from '../executions/recipe-stand.ts';

let stand: RecipeStand;
beforeAll(async () => {
  const number = { in: 'query', type: 'integer', description: 'Its number.', required: true, examples: [1] };
  stand = await startRecipeStand({
    get_thing: { parameters: { number }, example: { number: 1 }, returns: { title: 'string' } },
    add_thing: { method: 'POST', returns: { title: 'string' } },
  });
});
afterAll(() => stand.close());

const fields =
  'valid executions complexity depth faults { message line column } calls { path endpoint { name readOnly } account allowed shared }';
const check = async (document: string, variables?: unknown, authorization?: string) => {
  const ask = `query ($document: String!, $variables: JSON) { validate(document: $document, variables: $variables) { ${fields} } }`;
  const { json } = await stand.server.graphql(ask, { document, variables }, authorization === undefined ? {} : { authorization });
  return json.data?.validate ?? json;
};

it('says what a sound document would call and cost', async () => {
  const document =
    'query ($n: Int64!, $a: String) { a: desk(account: $a) { get_thing(number: $n) { title } } b: desk { x: get_thing(number: 1, _account: "me") { title } y: get_thing(number: 2) { title } } }';
  const read = { endpoint: { name: 'get_thing', readOnly: true }, allowed: true, shared: false };
  expect(await check(document, { n: 1, a: 'me' })).toEqual({
    valid: true,
    executions: 2,
    complexity: 33,
    depth: 3,
    faults: [],
    calls: [
      { ...read, path: ['a', 'get_thing'], account: 'me' },
      { ...read, path: ['b', 'x'], account: 'me', shared: true },
      { ...read, path: ['b', 'y'], account: null },
    ],
  });
  const { calls } = await check('mutation { desk_add_thing { title } again: desk_add_thing { title } }');
  expect(calls.map(({ endpoint, shared }: { endpoint: { readOnly: boolean }; shared: boolean }) => [endpoint.readOnly, shared])).toEqual([
    [false, false],
    [false, false],
  ]);
});

it('says why another would be refused, with its place and the nearest names', async () => {
  const wrong = await check('{\n  desk { get_thingg(number: 1) { title } } }');
  expect(wrong).toMatchObject({ valid: false, executions: 0, complexity: null, calls: [] });
  expect(wrong.faults).toEqual([{ message: expect.stringContaining('Did you mean "get_thing"'), line: 2, column: 10 }]);
  for (const [document, variables] of [
    ['query ($n: Int64!) { desk { get_thing(number: $n) { title } } }', { n: 'x' }],
    ['query a { viewer { kind } } query b { viewer { kind } }', {}],
    ['{', {}],
    [`{ ${Array.from({ length: 51 }, (_, at) => `a${at}: __typename`).join(' ')} }`, {}],
  ] as const)
    expect(await check(document, variables), document).toMatchObject({ valid: false, faults: [{ message: expect.any(String) }] });
  expect((await check('{ viewer { kind } }', [])).errors[0].extensions.code).toBe('bad_request');
});

it('says which calls are outside the scopes, and calls and counts nothing', async () => {
  const { json } = await stand.server.request('POST', '/api-keys', { body: { name: 'narrow', scopes: ['desk:read'] } });
  const { calls } = await check('mutation { desk_add_thing { title } }', {}, `Bearer ${json.full_key}`);
  expect(calls).toMatchObject([{ endpoint: { name: 'add_thing' }, allowed: false }]);
  expect(stand.upstream.received).toEqual([]);
  expect((await stand.server.graphql('{ calls { totalCount } }')).json.data.calls.totalCount).toBe(0);
});
