/** Documents with typed fields that are built to be misread: fragments, directives, variables, batches, narrow keys, idempotency keys. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RecipeStand, startRecipeStand } from '../executions/recipe-stand.ts';

const number = { in: 'path', type: 'integer', description: 'Its number.', required: true, examples: [1] };
const state = { in: 'query', type: 'string', description: 'Which.', enum: ['open', 'closed'], examples: ['open'] };
const title = { in: 'body', type: 'string', description: 'Its title.', required: true, examples: ['x'] };

let stand: RecipeStand;
beforeAll(async () => {
  stand = await startRecipeStand(
    {
      get_issue: { path: '/issues/{number}', parameters: { number, state }, example: { number: 1 }, returns: 'Issue' },
      list_issues: { path: '/issues', returns: 'Issue[]' },
      create_issue: { method: 'POST', path: '/issues', parameters: { title }, example: { title: 'x' }, returns: 'Issue' },
    },
    { recipe: { shapes: { Issue: { title: 'string', number: 'int64', user: 'User' }, User: { login: 'string' } } } },
  );
});
afterAll(() => stand.close());
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.play = ({ method, target }, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(target === '/issues' && method === 'GET' ? '[{"title":"a"}]' : '{"title":"a","number":1,"user":{"login":"me"}}');
});

const ask = async (query: string, variables?: unknown, authorization?: string) =>
  (await stand.server.request('POST', '/graphql', { body: { query, variables }, ...(authorization && { authorization }) })).json;
const asked = () => stand.upstream.received.map(({ method, target }) => `${method} ${target}`).sort();
const newKey = async (scopes: string[]) =>
  `Bearer ${(await stand.server.request('POST', '/api-keys', { body: { name: 'narrow', scopes } })).json.full_key}`;
const pathsOf = ({ errors }: { errors: { path: string[]; extensions: { code: string } }[] }) =>
  errors.map(({ path, extensions }) => [path.join('.'), extensions.code]);
const messagesOf = ({ errors }: { errors?: { message: string }[] }) => (errors ?? []).map(({ message }) => message).join(' ');

describe('fragments', () => {
  it('on the root, on an integration and on a shape are put where they are named, also of two integrations', async () => {
    const answer = await ask(
      `{ ...Root } fragment Root on Query { viewer { kind } desk { ...Desk ... on DeskQuery { list_issues { ...Issue } } } hackernews { __typename } }
       fragment Desk on DeskQuery { get_issue(number: 1) { ...Issue user { login } } } fragment Issue on Desk_Issue { title }`,
    );
    expect(answer.errors).toBeUndefined();
    expect(answer.data).toEqual({
      viewer: { kind: 'API_KEY' },
      desk: { get_issue: { title: 'a', user: { login: 'me' } }, list_issues: [{ title: 'a' }] },
      hackernews: { __typename: 'HackernewsQuery' },
    });
    expect(asked()).toEqual(['GET /issues', 'GET /issues/1']);
  });

  it('of a write are put at the root of Mutation', async () => {
    const answer = await ask('mutation { ...Write } fragment Write on Mutation { desk_create_issue(title: "x") { ... { title } } }');
    expect(answer.data).toEqual({ desk_create_issue: { title: 'a' } });
  });

  for (const [what, query, words] of [
    [
      'of another integration',
      '{ desk { ...H } hackernews { __typename } } fragment H on HackernewsQuery { __typename }',
      'can never be of type "HackernewsQuery"',
    ],
    [
      'of an integration that the document does not name',
      '{ desk { ...G } } fragment G on GithubQuery { __typename }',
      'Unknown type "GithubQuery"',
    ],
    [
      'of another shape',
      '{ desk { get_issue(number: 1) { ...U } } } fragment U on Desk_User { login }',
      'can never be of type "Desk_User"',
    ],
    [
      'that contain themselves',
      '{ desk { ...A } } fragment A on DeskQuery { list_issues { title } ...A }',
      'Cannot spread fragment "A" within itself',
    ],
    [
      'that nobody names',
      '{ desk { list_issues { title } } } fragment A on DeskQuery { list_issues { title } }',
      'Fragment "A" is never used',
    ],
    [
      'of writes in a query',
      '{ ...W } fragment W on Mutation { desk_create_issue(title: "x") { title } }',
      'can never be of type "Mutation"',
    ],
    [
      'that ask for other arguments under one name',
      '{ desk { ...A get_issue(number: 1) { title } } } fragment A on DeskQuery { get_issue(number: 2) { title } }',
      'they have differing arguments',
    ],
  ] as const)
    it(`${what} are refused before anything is sent`, async () => {
      const answer = await ask(query);
      expect(messagesOf(answer)).toContain(words);
      expect(answer.errors[0].extensions.code).toBe('bad_request');
      expect(asked()).toEqual([]);
    });

  it('count their calls where they are named, so that fifty calls of one integration are not more', async () => {
    const document = (names: number) =>
      `{ ${Array.from({ length: names }, (_, at) => `r${at}: desk { ...D }`).join(' ')} } fragment D on DeskQuery { a: get_issue(number: 1) { title } b: get_issue(number: 2) { title } list_issues { title } }`;
    expect(messagesOf(await ask(document(17)))).toContain('calls desk 51 times, but at most 50');
    expect(asked()).toEqual([]);
    expect((await ask(document(16))).errors).toBeUndefined();
    expect(asked()).toEqual(['GET /issues', 'GET /issues/1', 'GET /issues/2']);
  });
});

describe('@skip and @include', () => {
  it('leave out calls, whole integrations and fields, of which none is asked', async () => {
    const document = `query ($no: Boolean!, $yes: Boolean = true) {
      desk { get_issue(number: 1) @include(if: $no) { title } list_issues @skip(if: $no) { title number @skip(if: $yes) } }
      other: desk @skip(if: $yes) { get_issue(number: 2) { title } }
    }`;
    const answer = await ask(document, { no: false });
    expect(answer.data).toEqual({ desk: { list_issues: [{ title: 'a' }] } });
    expect(answer.extensions.skillett.calls).toBe(1);
    expect(asked()).toEqual(['GET /issues']);
  });

  it('leave out writes too, and no other', async () => {
    const document =
      'mutation ($a: Boolean!) { a: desk_create_issue(title: "1") @include(if: $a) { title } b: desk_create_issue(title: "2") { title } }';
    expect((await ask(document, { a: false })).data).toEqual({ b: { title: 'a' } });
    expect(stand.upstream.received.map(({ body }) => body.toString())).toEqual(['{"title":"2"}']);
  });

  it('count for the limit as they are given: the same document may pass and be refused', async () => {
    const document = `query ($all: Boolean!) { ${Array.from({ length: 13 }, (_, at) => `r${at}: desk { ...D }`).join(' ')} }
      fragment D on DeskQuery { a: get_issue(number: 1) { title } b: get_issue(number: 2) { title } c: get_issue(number: 3) { title } list_issues @include(if: $all) { title } }`;
    expect((await ask(document, { all: false })).errors).toBeUndefined();
    stand.upstream.received.length = 0;
    expect(messagesOf(await ask(document, { all: true }))).toContain('calls desk 52 times');
    expect(asked()).toEqual([]);
  });

  it('need a truth value', async () => {
    expect(messagesOf(await ask('{ desk { list_issues @include(if: "true") { title } } }'))).toContain('Boolean cannot represent');
    expect(messagesOf(await ask('query ($a: Boolean!) { desk { list_issues @include(if: $a) { title } } }', {}))).toContain('$a');
    expect(messagesOf(await ask('{ desk { list_issues @include { title } } }'))).toContain('argument "if"');
    expect(asked()).toEqual([]);
  });
});

describe('variables', () => {
  const document = 'query ($n: Int64!, $s: Desk_GetIssue_State) { desk { get_issue(number: $n, state: $s) { title } } }';

  it('of the right types are sent, as numbers or as digits', async () => {
    expect((await ask(document, { n: 7, s: 'open' })).errors).toBeUndefined();
    expect((await ask(document, { n: '8' })).errors).toBeUndefined();
    expect(asked()).toEqual(['GET /issues/7?state=open', 'GET /issues/8']);
  });

  for (const [what, variables, words] of [
    ['a missing one', {}, '"$n" of required type "Int64!" was not provided'],
    ['null where it is required', { n: null }, '$n'],
    ['a text', { n: 'x' }, 'Int64 takes a whole number'],
    ['a broken number', { n: 1.5 }, 'Int64 takes a whole number'],
    ['a list', { n: [1] }, 'Int64 takes a whole number'],
    ['an object', { n: { constructor: 1 } }, 'Int64 takes a whole number'],
    ['a path', { n: '1/../../user' }, 'Int64 takes a whole number'],
    ['a number that would lose digits, as a text', { n: '9007199254740993' }, 'would lose digits'],
    ['another value of an enum', { n: 1, s: 'opened' }, 'Did you mean the enum value "open"'],
    ['variables that are a list', [1], 'variables'],
    ['variables that are a text', 'n', 'variables'],
  ] as const)
    it(`${what} is refused before anything is sent`, async () => {
      const answer = await ask(document, variables);
      expect(answer.data ?? null).toBeNull();
      expect(messagesOf(answer)).toContain(words);
      expect(answer.errors[0].extensions.code).toBe('bad_request');
      expect(asked()).toEqual([]);
    });

  it('of another type than the argument are refused, and those that no operation names change nothing', async () => {
    expect(messagesOf(await ask('query ($n: String!) { desk { get_issue(number: $n) { title } } }', { n: '1' }))).toContain(
      'used in position expecting type "Int64!"',
    );
    expect(asked()).toEqual([]);
    expect(
      (await ask('{ desk { get_issue(number: 1) { title } } }', JSON.parse('{"more":1,"__proto__":2,"constructor":3}'))).errors,
    ).toBeUndefined();
  });

  it('of a number that JavaScript would change are refused, digit for digit', async () => {
    const body = `{"query":${JSON.stringify(document)},"variables":{"n":9007199254740993}}`;
    const { json } = await stand.server.request('POST', '/graphql', { body });
    expect(json.errors[0].extensions.code).toBe('bad_request');
    expect(asked()).toEqual([]);
  });
});

it('several requests in one body are refused, and nothing is sent', async () => {
  const one = { query: '{ desk { list_issues { title } } }' };
  const { status, json } = await stand.server.request('POST', '/graphql', { body: [one, one] });
  expect([status, json.errors[0].extensions.code]).toEqual([400, 'bad_request']);
  expect(asked()).toEqual([]);
  expect((await ask(one.query)).data.desk.list_issues).toEqual([{ title: 'a' }]);
});

it('of two operations the one that is named runs, and its calls alone count', async () => {
  const query = 'query a { desk { get_issue(number: 1) { title } } } mutation b { desk_create_issue(title: "x") { title } }';
  const { json } = await stand.server.request('POST', '/graphql', { body: { query, operationName: 'a' } });
  expect(json.data).toEqual({ desk: { get_issue: { title: 'a' } } });
  expect(asked()).toEqual(['GET /issues/1']);
  expect(messagesOf(await ask(query))).toContain('operation');
  expect(asked()).toEqual(['GET /issues/1']);
});

it('GET runs reads and no write', async () => {
  const get = (query: string) => stand.server.request('GET', `/graphql?query=${encodeURIComponent(query)}`);
  expect((await get('{ desk { list_issues { title } } }')).json.data.desk.list_issues).toEqual([{ title: 'a' }]);
  const refused = await get('mutation { desk_create_issue(title: "x") { title } }');
  expect([refused.status, refused.json.errors[0].extensions.code]).toEqual([405, 'method_not_allowed']);
  expect(asked()).toEqual(['GET /issues']);
});

describe('a key of one endpoint', () => {
  it('calls that one, and the others are refused each at its path, in fragments and under other names too', async () => {
    const narrow = await newKey(['desk.list_issues']);
    const answer = await ask(
      '{ viewer { kind } desk { ...D } b: desk { list_issues: get_issue(number: 2) { title } } } fragment D on DeskQuery { list_issues { title } x: get_issue(number: 1) { title } }',
      {},
      narrow,
    );
    expect(answer.data).toEqual({
      viewer: { kind: 'API_KEY' },
      desk: { list_issues: [{ title: 'a' }], x: null },
      b: { list_issues: null },
    });
    expect(pathsOf(answer).sort()).toEqual([
      ['b.list_issues', 'scope_not_allowed'],
      ['desk.x', 'scope_not_allowed'],
    ]);
    expect(asked()).toEqual(['GET /issues']);
  });

  it('that reads does not write, and one that writes does not read', async () => {
    const write = 'mutation { desk_create_issue(title: "x") { title } }';
    const reads = await newKey(['desk:read']);
    const writes = await newKey(['desk.create_issue']);
    expect(pathsOf(await ask(write, {}, reads))).toEqual([['desk_create_issue', 'scope_not_allowed']]);
    expect(pathsOf(await ask('{ desk { list_issues { title } } }', {}, writes))).toEqual([['desk.list_issues', 'scope_not_allowed']]);
    expect(asked()).toEqual([]);
    expect((await ask(write, {}, writes)).data.desk_create_issue).toEqual({ title: 'a' });
    expect((await ask('{ desk { list_issues { title } } }', {}, reads)).data.desk.list_issues).toEqual([{ title: 'a' }]);
  });

  it('of another integration is told at the root, and revoked ones get 401', async () => {
    const other = await newKey(['hackernews']);
    expect(pathsOf(await ask('{ desk { list_issues { title } } }', {}, other))).toEqual([['desk', 'scope_not_allowed']]);
    expect(pathsOf(await ask('mutation { desk_create_issue(title: "x") { title } }', {}, other))).toEqual([
      ['desk_create_issue', 'scope_not_allowed'],
    ]);
    const { json: made } = await stand.server.request('POST', '/api-keys', { body: { name: 'gone', scopes: ['desk'] } });
    const gone = `Bearer ${made.full_key}`;
    expect((await ask('{ desk { list_issues { title } } }', {}, gone)).errors).toBeUndefined();
    await ask('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }', { id: made.api_key.id });
    const refused = await ask('{ desk { list_issues { title } } }', {}, gone);
    expect(refused.errors[0].extensions.code).toBe('api_key_revoked');
    expect(asked()).toEqual(['GET /issues']);
  });
});

describe('_idempotencyKey', () => {
  const write = (key: string, more = '"x"', fields = 'title') =>
    `mutation { desk_create_issue(title: ${more}, _idempotencyKey: ${JSON.stringify(key)}) { ${fields} } }`;

  it('gives the first answer again, and the answer says so', async () => {
    const first = await stand.server.graphql(write('again'));
    const second = await stand.server.graphql(write('again'));
    expect(second.json.data).toEqual(first.json.data);
    expect([first.headers.get('idempotent-replayed'), second.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
    expect(asked()).toEqual(['POST /issues']);
  });

  it('is the same key over REST and belongs to the API key that used it', async () => {
    await ask(write('shared'));
    const rest = await stand.rest('create_issue', { params: { title: 'x' } }, { 'idempotency-key': 'shared' });
    expect([rest.status, rest.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    expect(asked()).toEqual(['POST /issues']);
    await ask(write('shared'), {}, await newKey(['desk']));
    expect(asked()).toEqual(['POST /issues', 'POST /issues']);
  });

  it('with other arguments is refused at its path, and sends nothing', async () => {
    await ask(write('other'));
    expect(pathsOf(await ask(write('other', '"y"')))).toEqual([['desk_create_issue', 'idempotency_mismatch']]);
    expect(asked()).toEqual(['POST /issues']);
  });

  it('twice in one document is done once, in order', async () => {
    const one = '(title: "x", _idempotencyKey: "twice") { title }';
    const { data } = await ask(`mutation { a: desk_create_issue${one} b: desk_create_issue${one} }`);
    expect(data).toEqual({ a: { title: 'a' }, b: { title: 'a' } });
    expect(asked()).toEqual(['POST /issues']);
  });

  for (const [what, key] of [
    ['an empty one', ''],
    ['one of 256 characters', 'k'.repeat(256)],
    ['one with a line break', 'a\nb'],
    ['one beyond ASCII', 'schlüssel'],
  ] as const)
    it(`${what} is refused at its path, and sends nothing`, async () => {
      const answer = await ask(write(key));
      expect(pathsOf(answer)).toEqual([['desk_create_issue', 'bad_request']]);
      expect(asked()).toEqual([]);
    });

  it('of 255 characters is taken, null is none, and a number is no key', async () => {
    expect((await ask(write('k'.repeat(255)))).errors).toBeUndefined();
    const none = 'mutation { desk_create_issue(title: "x", _idempotencyKey: null) { title } }';
    await ask(none);
    await ask(none);
    expect(asked()).toHaveLength(3);
    expect(messagesOf(await ask('mutation { desk_create_issue(title: "x", _idempotencyKey: 1) { title } }'))).toContain(
      'String cannot represent',
    );
  });

  it('is no argument of a read, nor is _account one of the root', async () => {
    expect(messagesOf(await ask('{ desk { list_issues(_idempotencyKey: "a") { title } } }'))).toContain(
      'Unknown argument "_idempotencyKey"',
    );
    expect(messagesOf(await ask('{ desk(_account: "a") { list_issues { title } } }'))).toContain('Unknown argument "_account"');
    expect(asked()).toEqual([]);
  });
});

describe('a write whose answer is too much', () => {
  const write = (fields: string, key?: string) =>
    ask(`mutation { desk_create_issue(title: "x"${key === undefined ? '' : `, _idempotencyKey: "${key}"`}) { ${fields} } }`);
  const long = (length: number) => stand.upstream.json(JSON.stringify({ title: 'x'.repeat(length), number: 1 }));

  it('to be read into fields says that it was done, and that it is not to be sent again', async () => {
    long(1_100_000);
    const answer = await write('title');
    expect(answer.data).toEqual({ desk_create_issue: null });
    expect(pathsOf(answer)).toEqual([['desk_create_issue', 'payload_too_large']]);
    expect(answer.errors[0].message).toBe(
      'The fields that are asked of `create_issue` of desk are more than 1 MiB together. The write `create_issue` of desk was done all the same: do not send it again, and read what it made.',
    );
    expect((await write('number')).data.desk_create_issue).toEqual({ number: 1 });
    long(1_000_000);
    expect((await write('title')).errors).toBeUndefined();
    expect(asked()).toHaveLength(3);
  });

  it('beside others of its request says the same, and a read does not', async () => {
    long(1_000_000);
    const ten = Array.from({ length: 10 }, (_, at) => `a${at}: desk_create_issue(title: "${at}") { title }`);
    const answer = await ask(`mutation { ${ten.join(' ')} }`);
    expect(pathsOf(answer)).toEqual([
      ['a8', 'payload_too_large'],
      ['a9', 'payload_too_large'],
    ]);
    expect(answer.errors[1].message).toContain('more than 8 MiB together. The write `create_issue` of desk was done all the same');
    expect(asked()).toHaveLength(10);
    long(1_100_000);
    const read = await ask('{ desk { get_issue(number: 1) { title } } }');
    expect(read.errors[0].message).toContain('or take the answer as it is by `read`');
    expect(read.errors[0].message).not.toContain('done');
  });

  it('to be kept for its idempotency key gives its fields once, and then says that it was done', async () => {
    long(1_100_000);
    expect((await write('number', 'long')).data.desk_create_issue).toEqual({ number: 1 });
    const again = await write('number', 'long');
    expect(pathsOf(again)).toEqual([['desk_create_issue', 'payload_too_large']]);
    expect(again.errors[0].message).toContain('only its status was kept. The write `create_issue` of desk was done all the same');
    expect(again.extensions.skillett.warnings).toEqual([]);
    expect(asked()).toHaveLength(1);
  });
});
