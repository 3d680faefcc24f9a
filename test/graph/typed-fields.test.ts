import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RecipeStand, startRecipeStand } from '../executions/recipe-stand.ts';
import { baseUrls, writeRecipes } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { startTestServer } from '../support/server.ts';

const text = (description: string, more = {}) => ({ in: 'query', type: 'string', description, examples: ['x'], ...more });
const shapes = {
  Issue: {
    number: 'int64',
    id: 'int64',
    title: 'string',
    labels: 'Label[]',
    user: 'User',
    '+1': 'int',
    '@next': 'string',
    extra: 'json',
    score: 'float',
  },
  Label: { name: 'string' },
  User: { login: 'string', issues: 'Issue[]' },
};
const endpoints = {
  get_issue: {
    path: '/issues/{issue_number}',
    parameters: {
      issue_number: { in: 'path', type: 'integer', description: 'Its number.', required: true, examples: [1] },
      state: text('Which.', { enum: ['open', 'closed'], default: 'open', examples: ['open'] }),
      sort: text('Order.', { enum: ['+created', '-created'], examples: ['+created'] }),
    },
    example: { issue_number: 1 },
    returns: 'Issue',
  },
  list_issues: { path: '/issues', parameters: { q: text('What to look for.') }, returns: 'Issue[]' },
  get_raw: { path: '/raw' },
  create_issue: {
    method: 'POST',
    path: '/issues',
    parameters: {
      title: { in: 'body', type: 'string', description: 'Its title.', required: true, examples: ['x'] },
      place: {
        in: 'body',
        type: 'object',
        description: 'Where.',
        properties: { 'x-line': { type: 'integer', maximum: 100 }, file: { type: 'string' } },
        additionalProperties: false,
        examples: [{ file: 'a' }],
      },
    },
    example: { title: 'x' },
    returns: 'Issue',
  },
};

let stand: RecipeStand;
beforeAll(async () => {
  stand = await startRecipeStand(endpoints, { recipe: { shapes, rate_limit: { remaining: 'x-left' } } });
});
afterAll(() => stand.close());
beforeEach(() => stand.upstream.reset());

const ask = async (query: string, variables?: Record<string, unknown>, options?: object) =>
  (await stand.server.graphql(query, variables, options)).json;
/** Each path that was asked of the service, in order. */
const asked = () => stand.upstream.received.map(({ method, target }) => `${method} ${target}`);
const newKey = async (scopes: string[]) =>
  (await stand.server.request('POST', '/api-keys', { body: { name: 'narrow', scopes } })).json.full_key as string;

describe('a typed field', () => {
  it('gives the selected fields of a call, beside our own', async () => {
    stand.upstream.answer(
      200,
      { 'content-type': 'application/json', 'x-left': '41' },
      '{"number":1,"title":"a","labels":[{"name":"bug","more":1}],"other":2}',
    );
    const answer = await ask('{ viewer { kind } desk { get_issue(issue_number: 1) { title labels { name } user { login } } } }');
    expect(answer.errors).toBeUndefined();
    expect(answer.data).toEqual({
      viewer: { kind: 'API_KEY' },
      desk: { get_issue: { title: 'a', labels: [{ name: 'bug' }], user: null } },
    });
    expect(answer.extensions).toEqual({ skillett: { calls: 1, shared: 0, quota: { desk: { remaining: 41 } }, warnings: [] } });
    expect(asked()).toEqual(['GET /issues/1']);
  });

  it('is not to be had by a text that another document is looked for by', async () => {
    stand.upstream.json('{"title":"a"}');
    const document = '{ desk { get_issue(issue_number: 77) { title } } }';
    for (let number = 0; number < 20; number += 1) expect((await ask(`${number}\n${document}`)).errors).toHaveLength(1);
    expect((await ask(document)).data.desk.get_issue).toEqual({ title: 'a' });
  });

  it('is one row of the call log', async () => {
    stand.upstream.json('{"title":"a"}');
    const total = async () => (await ask('{ calls(integration: "desk") { totalCount } }')).data.calls.totalCount;
    const before = await total();
    await ask('{ desk { get_issue(issue_number: 1) { title } } }');
    expect(await total()).toBe(before + 1);
  });

  it('sends no default, and what is given as it is given', async () => {
    stand.upstream.json('{}');
    await ask(
      'query ($s: Desk_GetIssue_State, $n: Int64!, $t: String) { desk { a: get_issue(issue_number: $n, state: $s) { title } b: get_issue(issue_number: 2, state: closed, sort: $t) { title } } }',
      { n: 1, t: '-created' },
    );
    expect(asked().sort()).toEqual(['GET /issues/1', 'GET /issues/2?state=closed&sort=-created']);
  });

  it('keeps the digits of whole numbers and of JSON', async () => {
    stand.upstream.json('{"id":9007199254740993,"extra":{"n":12345678901234567890,"e":1e400},"score":0.1234567890123456789}');
    const { text } = await stand.server.graphql('{ desk { get_issue(issue_number: 1) { id extra score } } }');
    expect(text).toContain('"id":9007199254740993,"extra":{"n":12345678901234567890,"e":1e400},"score":0.12345678901234568');
  });

  it('passes on JSON of which nothing is known as it came', async () => {
    stand.upstream.json('{"a" : 1.0}');
    expect((await stand.server.graphql('{ desk { get_raw } }')).text).toContain('"get_raw":{"a" : 1.0}');
  });

  it('has a legal name where the service has none', async () => {
    stand.upstream.json('{"+1":3,"@next":"there"}');
    expect((await ask('{ desk { get_issue(issue_number: 1) { plus_1 next } } }')).data.desk.get_issue).toEqual({
      plus_1: 3,
      next: 'there',
    });
    const { data } = await ask('{ __type(name: "Desk_Issue") { fields { name description } } }');
    expect(data.__type.fields).toContainEqual({ name: 'plus_1', description: '`+1` in the answer of the service.' });
  });

  it('is null with a warning where the answer does not fit its shape, and costs nothing else', async () => {
    stand.upstream.json('[{"title":7,"labels":{"name":"x"}},{"title":8,"number":"9","user":[]},"x",{"title":"good"}]');
    const { data, errors, extensions } = await ask('{ desk { list_issues { title number labels { name } user { login } } } }');
    expect(errors).toBeUndefined();
    const nothing = { title: null, number: null, labels: null, user: null };
    expect(data.desk.list_issues).toEqual([nothing, nothing, null, { ...nothing, title: 'good' }]);
    const { warnings } = extensions.skillett;
    expect(warnings.map(({ path, times }: { path: unknown; times: number }) => [path, times])).toEqual([
      [['desk', 'list_issues', 2], 1],
      [['desk', 'list_issues', 0, 'title'], 2],
      [['desk', 'list_issues', 0, 'labels'], 1],
      [['desk', 'list_issues', 1, 'number'], 1],
      [['desk', 'list_issues', 1, 'user'], 1],
    ]);
    expect(warnings[1].message).toContain('`Desk_Issue.title` should be a text, but the service sent a number');
  });

  it('reads long answers beside the loop, with the same values', async () => {
    const rows = Array.from({ length: 5_000 }, (_, at) => ({ number: at, title: `t${at}`, filler: 'x'.repeat(200) }));
    const json = JSON.stringify(rows).replace('"number":7,', '"number":9007199254740993,');
    stand.upstream.json(json);
    const { text } = await stand.server.graphql('{ desk { list_issues { number title } } }');
    expect(text).toContain('{"number":9007199254740993,"title":"t7"}');
    expect(JSON.parse(text).data.desk.list_issues).toHaveLength(5_000);
  });

  it('is refused where the fields that are asked for are too much, and `read` still gives them', async () => {
    stand.upstream.json(JSON.stringify([{ title: 'x'.repeat(1_100_000) }]));
    const answer = await ask('{ desk { list_issues { title } } }');
    expect(answer.errors[0].extensions.code).toBe('payload_too_large');
    expect(answer.errors[0].path).toEqual(['desk', 'list_issues']);
    expect((await ask('{ read(integration: "desk", endpoint: "list_issues") { ok } }')).data.read.ok).toBe(true);
  });
});

describe('several typed fields', () => {
  it('are read up to 8 MiB of a request, and those beyond it are refused at their paths', async () => {
    stand.upstream.json(JSON.stringify([{ title: 'x'.repeat(1_000_000) }]));
    const fields = Array.from({ length: 10 }, (_, at) => `a${at}: list_issues(q: "${at}") { title }`);
    const answer = await ask(`{ desk { ${fields.join(' ')} } }`);
    expect(answer.errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code)).toEqual(
      Array(2).fill('payload_too_large'),
    );
    expect(answer.errors[0].message).toContain('8 MiB');
    expect(Object.values(answer.data.desk).filter((rows) => rows !== null)).toHaveLength(8);
  });

  it('of fragments that double at each step cost no more than they select', async () => {
    stand.upstream.json('{"title":"a"}');
    const doubling = (levels: number) =>
      Array.from({ length: levels }, (_, at) => `fragment F${at} on Desk_Issue { ...F${at + 1} ...F${at + 1} }`).join(' ');
    const document = (levels: number) =>
      `{ desk { get_issue(issue_number: 1) { ...F0 } } } ${doubling(levels)} fragment F${levels} on Desk_Issue { title }`;
    expect((await ask(document(2))).data.desk.get_issue).toEqual({ title: 'a' });
    const before = process.cpuUsage();
    for (const levels of [3, 12, 20, 24]) await ask(document(levels));
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(400);
  });

  it('are one call where they are equal, whatever they select', async () => {
    stand.upstream.json('{"title":"a","number":4}');
    const aliases = Array.from(
      { length: 20 },
      (_, at) => `a${at}: get_issue(issue_number: ${at % 2}) { ${at === 19 ? 'number' : 'title'} }`,
    );
    const { data, extensions } = await ask(`{ desk { ${aliases.join(' ')} } other: desk { get_issue(issue_number: 1) { title } } }`);
    expect(asked().sort()).toEqual(['GET /issues/0', 'GET /issues/1']);
    expect(data.desk.a19).toEqual({ number: 4 });
    expect(data.desk.a1).toEqual({ title: 'a' });
    expect(data.other.get_issue).toEqual({ title: 'a' });
    expect(extensions.skillett).toMatchObject({ calls: 2, shared: 19 });
  });

  it('run side by side, at most twenty at once', async () => {
    let open = 0;
    let most = 0;
    stand.upstream.play = async (_request, response) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 30));
      open -= 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    };
    await ask(`{ desk { ${Array.from({ length: 45 }, (_, at) => `a${at}: get_issue(issue_number: ${at}) { title }`).join(' ')} } }`);
    expect(asked()).toHaveLength(45);
    expect(most).toBe(20);
  });

  it('fail each for itself, with what the service said', async () => {
    stand.upstream.play = ({ target }, response) =>
      void response
        .writeHead(target.endsWith('/2') ? 404 : 200, { 'content-type': 'application/json' })
        .end(target.endsWith('/2') ? '{"message":"Not Found","id":9007199254740993}' : '{"title":"a"}');
    const { text, json } = await stand.server.graphql(
      '{ desk { a: get_issue(issue_number: 1) { title } b: get_issue(issue_number: 2) { title } } }',
    );
    expect(json.data).toEqual({ desk: { a: { title: 'a' }, b: null } });
    expect(json.errors).toHaveLength(1);
    const { path, message, extensions } = json.errors[0];
    expect(path).toEqual(['desk', 'b']);
    expect(message).toContain('desk answered `get_issue` with status 404');
    expect(extensions).toMatchObject({
      code: 'upstream_failed',
      status: 404,
      error: { message: 'Not Found' },
      callId: expect.stringMatching(/^call_/),
    });
    expect(text).toContain('9007199254740993');
  });

  it('are refused before anything is sent where they are more than fifty of one integration', async () => {
    const roots = (count: number) =>
      `{ ${Array.from({ length: 17 }, (_, at) => `r${at}: desk { ${['get_raw', 'list_issues { title }', 'get_issue(issue_number: 1) { title }'].slice(0, count).join(' ')} }`).join(' ')} }`;
    stand.upstream.json('{}');
    const { errors } = await ask(roots(3));
    expect(errors[0].message).toContain('calls desk 51 times, but at most 50');
    expect(asked()).toEqual([]);
    expect((await ask(roots(2))).data.r16.get_raw).toEqual({});
  });
});

describe('a write', () => {
  it('stands at the root of Mutation, and runs in order', async () => {
    stand.upstream.play = ({ body }, response) => void response.writeHead(201, { 'content-type': 'application/json' }).end(body);
    const { data, errors } = await ask(
      'mutation { a: desk_create_issue(title: "1", place: {x_line: 3, file: null}) { title } b: desk_create_issue(title: "2") { title } }',
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({ a: { title: '1' }, b: { title: '2' } });
    expect(stand.upstream.received.map(({ body }) => body.toString())).toEqual(['{"title":"1","place":{"x-line":3}}', '{"title":"2"}']);
  });

  it('is done once with an idempotency key, whatever is selected the second time', async () => {
    stand.upstream.json('{"title":"1","number":5}', 201);
    const write = (fields: string) => ask(`mutation { desk_create_issue(title: "1", _idempotencyKey: "graph-1") { ${fields} } }`);
    expect((await write('title')).data.desk_create_issue).toEqual({ title: '1' });
    expect((await write('number')).data.desk_create_issue).toEqual({ number: 5 });
    expect(asked()).toHaveLength(1);
  });

  it('is no field of Query', async () => {
    const { errors } = await ask('{ desk { create_issue(title: "1") { title } } }');
    expect(errors[0].message).toContain('Cannot query field "create_issue"');
    expect(asked()).toEqual([]);
  });
});

describe('what is refused before anything is sent', () => {
  for (const [what, query, words] of [
    ['an unknown field', '{ desk { get_issue(issue_number: 1) { titel } } }', 'Did you mean "title"'],
    ['an unknown endpoint', '{ desk { get_isue(issue_number: 1) { title } } }', 'Did you mean "get_issue"'],
    ['an unknown argument', '{ desk { get_issue(issue_nummer: 1) { title } } }', 'Did you mean "issue_number"'],
    ['an unknown integration', '{ desc { get_raw } }', 'Did you mean "desk"'],
    ['an unknown write', 'mutation { desk_create_isue(title: "x") { title } }', 'Did you mean "desk_create_issue"'],
    ['a missing argument', '{ desk { get_issue { title } } }', 'issue_number'],
    ['another value of an enum', '{ desk { get_issue(issue_number: 1, state: opened) { title } } }', 'Did you mean the enum value "open"'],
    ['a number that would be changed', '{ desk { get_issue(issue_number: 9007199254740993) { title } } }', 'would lose digits'],
    ['what is too deep', `{ desk { list_issues { ${'user { issues { '.repeat(6)} title ${'} }'.repeat(6)} } } }`, 'levels deep'],
  ] as const)
    it(what, async () => {
      const { errors } = await ask(query);
      expect(errors.map(({ message }: { message: string }) => message).join(' ')).toContain(words);
      expect(errors[0].extensions.code).toBe('bad_request');
      expect(asked()).toEqual([]);
    });

  it('whatever a stranger asks', async () => {
    const answer = await stand.server.graphql('{ desk { get_raw } }', {}, { authorization: null });
    expect(answer.status).toBe(401);
    expect((await stand.server.graphql('{ desk { get_raw } }', {}, { authorization: `Bearer sk_${'0'.repeat(48)}` })).status).toBe(401);
    expect(asked()).toEqual([]);
  });

  it('an integration outside the scopes, at its path and beside what is within them', async () => {
    stand.upstream.json('{}');
    const narrow = await newKey(['desk.get_raw']);
    const other = await newKey(['github']);
    const { data, errors } = await ask('{ desk { get_raw list_issues { title } } }', {}, { authorization: `Bearer ${narrow}` });
    expect(data).toEqual({ desk: { get_raw: {}, list_issues: null } });
    expect(errors).toMatchObject([{ path: ['desk', 'list_issues'], extensions: { code: 'scope_not_allowed', status: 403 } }]);
    const outside = await ask('{ __typename desk { get_raw } }', {}, { authorization: `Bearer ${other}` });
    expect(outside).toMatchObject({ data: { desk: null }, errors: [{ path: ['desk'], extensions: { code: 'scope_not_allowed' } }] });
    expect(asked()).toEqual(['GET /raw']);
  });

  it('an account that is not there, with its code at the path', async () => {
    const { folder, remove } = await makeFolder();
    await writeRecipes(folder);
    const server = await startTestServer({ env: { SKILLETT_RECIPES: folder, ...baseUrls(stand.upstream.origin) } });
    try {
      const { data, errors } = (await server.graphql('{ safe(account: "work") { list_things } desk { list_things } }')).json;
      expect(data).toEqual({ safe: { list_things: null }, desk: { list_things: {} } });
      expect(errors).toHaveLength(1);
      expect(errors[0].path).toEqual(['safe', 'list_things']);
      const { code, status, callId, actionUrl } = errors[0].extensions;
      expect([code, status]).toEqual(['integration_not_connected', 403]);
      expect(callId).toMatch(/^call_/);
      expect(actionUrl).toContain('/dashboard/integrations');
    } finally {
      await server.close();
      await remove();
    }
  });
});
