/** Names that every object of JavaScript has by itself, as names of integrations, endpoints, parameters, fields and variables. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { recipeOf } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

const parameter = (place: string, more: object = {}) => ({ in: place, type: 'string', description: 'One.', examples: ['x'], ...more });
const endpoint = (more: object) => ({
  method: 'GET',
  path: '/things',
  description: 'Does it.',
  parameters: {},
  answer: 'It.',
  example: {},
  ...more,
});
const odd = {
  resource: 'odd',
  description: 'Odd names.',
  endpoints: {
    constructor: endpoint({ parameters: { constructor: parameter('query'), toString: parameter('query') }, returns: 'Odd' }),
    valueof: endpoint({
      method: 'POST',
      parameters: {
        hasOwnProperty: parameter('body', { required: true }),
        any: { in: 'body', type: 'object', description: 'Anything.', examples: [{ a: 1 }] },
      },
      returns: 'Odd',
      example: { hasOwnProperty: 'x' },
    }),
  },
};
const shapes = {
  Odd: { constructor: 'string', toString: 'string', inner: 'Odd', valueOf: 'int', hasOwnProperty: 'json' },
};

let upstream: Upstream;
let server: TestServer;
let remove: () => Promise<void>;
beforeAll(async () => {
  const made = await makeFolder();
  remove = made.remove;
  await mkdir(path.join(made.folder, 'constructor'));
  await writeFile(path.join(made.folder, 'constructor/recipe.json'), JSON.stringify(recipeOf('constructor', { shapes })));
  await writeFile(path.join(made.folder, 'constructor/odd.json'), JSON.stringify(odd));
  upstream = await Upstream.start();
  server = await startTestServer({ env: { SKILLETT_RECIPES: made.folder, SKILLETT_CONSTRUCTOR_BASE_URL: upstream.origin } });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
  await remove();
});
beforeEach(() => upstream.reset());

const ask = async (query: string, variables?: unknown) => (await server.request('POST', '/graphql', { body: { query, variables } })).json;

it('an integration, an endpoint, parameters and fields of such names are as any other', async () => {
  upstream.json('{"constructor":"c","toString":"t","inner":{"constructor":"inner"},"valueOf":3,"hasOwnProperty":{"__proto__":1}}');
  const { data, errors, extensions } = await ask(
    'query ($constructor: String, $toString: String) { constructor { constructor(constructor: $constructor, toString: $toString) { constructor toString inner { constructor } valueOf hasOwnProperty } } }',
    { constructor: 'a', toString: 'b' },
  );
  expect(errors).toBeUndefined();
  expect(JSON.stringify(data)).toBe(
    '{"constructor":{"constructor":{"constructor":"c","toString":"t","inner":{"constructor":"inner"},"valueOf":3,"hasOwnProperty":{"__proto__":1}}}}',
  );
  expect(extensions.skillett.warnings).toEqual([]);
  expect(upstream.received.map(({ target }) => target)).toEqual(['/things?constructor=a&toString=b']);
});

it('an answer without such fields has none of them, although every object has', async () => {
  upstream.json('{}');
  const { data, extensions } = await ask(
    '{ constructor { constructor { constructor toString inner { valueOf } valueOf hasOwnProperty } } }',
  );
  expect(data.constructor.constructor).toEqual({ constructor: null, toString: null, inner: null, valueOf: null, hasOwnProperty: null });
  expect(extensions.skillett.warnings).toEqual([]);
});

it('a write sends JSON with such names as it was given, of a variable and in the document', async () => {
  upstream.play = ({ body }, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  const any = JSON.parse('{"__proto__":{"a":1},"constructor":2}');
  expect(
    (await ask('mutation ($any: JSON) { constructor_valueof(any: $any, hasOwnProperty: "x") { hasOwnProperty } }', { any })).errors,
  ).toBeUndefined();
  await ask('mutation { constructor_valueof(hasOwnProperty: "y", any: {__proto__: {a: 1}, constructor: 2}) { toString } }');
  expect(upstream.received.map(({ body }) => body.toString())).toEqual([
    '{"hasOwnProperty":"x","any":{"__proto__":{"a":1},"constructor":2}}',
    '{"hasOwnProperty":"y","any":{"__proto__":{"a":1},"constructor":2}}',
  ]);
  expect(({} as { a?: number }).a).toBeUndefined();
});

it('over REST such a parameter may be left out where it is optional, and is missed where it is required', async () => {
  upstream.json('{}');
  expect((await server.request('POST', '/v1/constructor/constructor', { body: {} })).status).toBe(200);
  const { status, json } = await server.request('POST', '/v1/constructor/valueof', { body: { params: { any: {} } } });
  expect([status, json.message]).toEqual([400, expect.stringContaining('`hasOwnProperty` is required')]);
  expect(upstream.received.map(({ target }) => target)).toEqual(['/things']);
});

for (const [query, words] of [
  ['{ __proto__ { constructor } }', 'Cannot query field "__proto__" on type "Query"'],
  ['{ toString { constructor } }', 'Cannot query field "toString" on type "Query"'],
  ['{ hasOwnProperty }', 'Cannot query field "hasOwnProperty" on type "Query"'],
  ['mutation { __proto__ { a } }', 'Cannot query field "__proto__" on type "Mutation"'],
  ['mutation { constructor { a } }', 'Cannot query field "constructor" on type "Mutation"'],
  ['mutation { constructor___proto__ { a } }', 'Cannot query field "constructor___proto__"'],
  ['mutation { constructor_toString { a } }', 'Cannot query field "constructor_toString"'],
  ['{ constructor { toString } }', 'Cannot query field "toString" on type "ConstructorQuery"'],
  ['{ constructor { __proto__ } }', 'Cannot query field "__proto__" on type "ConstructorQuery"'],
  ['{ constructor { constructor { __proto__ { toString } } } }', 'Cannot query field "__proto__" on type "Constructor_Odd"'],
  ['{ constructor { constructor(valueOf: "x") { toString } } }', 'Unknown argument "valueOf"'],
  ['{ constructor { constructor(__proto__: "x") { toString } } }', 'Unknown argument "__proto__"'],
  ['query ($a: String) { constructor { constructor(toString: $__proto__) { toString } } }', 'Variable "$__proto__" is not defined'],
] as const)
  it(`${query} is refused before anything is sent`, async () => {
    const { data, errors } = await ask(query);
    expect(data ?? null).toBeNull();
    expect(errors.map(({ message }: { message: string }) => message).join(' ')).toContain(words);
    expect(errors[0].extensions.code).toBe('bad_request');
    expect(upstream.received).toEqual([]);
  });

it('the schema of such an integration is valid by its address, and no other slug of such a name is there', async () => {
  expect((await server.request('GET', '/graphql/schema?integrations=constructor')).text).toContain('constructor(');
  for (const slug of ['__proto__', 'toString', 'hasOwnProperty'])
    expect((await server.request('GET', `/graphql/schema?integrations=${slug}`)).json.error).toBe('not_found');
});
