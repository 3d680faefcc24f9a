import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const list = (count: number, make: (at: number) => string) => Array.from({ length: count }, (_, at) => make(at)).join(' ');
const fragments = (count: number) =>
  `{ ...F1 } ${list(count - 1, (at) => `fragment F${at + 1} on Query { ...F${at + 2} }`)} fragment F${count} on Query { __typename }`;
/** Each fragment names the next one twice, so its fields double with every one. */
const doubling = (count: number) =>
  `{ integrations { nodes { ...F0 } } } ${list(count, (at) => `fragment F${at} on Integration { a: endpoints(first: 1) { nodes { service { ...F${at + 1} } } } b: endpoints(first: 1) { nodes { service { ...F${at + 1} } } } }`)} fragment F${count} on Integration { slug }`;
const operations = (count: number) => list(count, (at) => `query Q${at} { __typename }`);

/** By the ways a document is read: as a plain operation, by Yoga as POST and by Yoga as GET. */
const ways = {
  plain: (query: string, operationName?: string) => server.request('POST', '/graphql', { body: { query, operationName } }),
  post: (query: string, operationName?: string) => server.request('POST', '/graphql', { body: { query, operationName, unknown: null } }),
  get: (query: string, operationName?: string) =>
    server.request('GET', `/graphql?${new URLSearchParams({ query, ...(operationName ? { operationName } : {}) })}`),
};

describe('a document', () => {
  it.each(Object.entries(ways))(
    'is refused before it is validated where it is too large, in a sentence that says what is (%s)',
    async (_way, ask) => {
      for (const [allowed, refused, message, operationName] of [
        [fragments(50), fragments(51), 'The document has 51 fragments, but at most 50 are allowed. Send several smaller ones.'],
        [operations(50), operations(51), 'The document has 51 operations, but at most 50 are allowed. Send several smaller ones.', 'Q0'],
        [
          `{ ${list(32, () => '__typename')} }`,
          `{ ${list(33, () => '__typename')} }`,
          'The document asks too often for fields that it asks for in the same place already, such as `__typename`. Name each field once in a selection.',
        ],
        [
          `{ ${list(10, (at) => `...F${at}`)} } ${list(10, (at) => `fragment F${at} on Query { viewer { kind } }`)}`,
          `{ ${list(40, (at) => `...F${at}`)} } ${list(40, (at) => `fragment F${at} on Query { viewer { kind } }`)}`,
          'The document asks too often for fields that it asks for in the same place already, such as `viewer`. Name each field once in a selection.',
        ],
        [
          doubling(1),
          doubling(11),
          'The document has more than 5000 fields where its fragments are put in their places. Send several smaller ones.',
        ],
        [
          '{ viewer { ...V } } fragment V on Viewer { user { ...U } } fragment U on User { isOwner }',
          '{ viewer { ...V } } fragment V on Viewer { user { ...V } }',
          'The document is more than 50 levels deep. Ask for less at once, and let no fragment contain itself.',
        ],
      ] as const) {
        const twin = await ask(allowed, operationName);
        expect([twin.json.errors, twin.status]).toEqual([undefined, 200]);
        const answer = await ask(refused, operationName);
        expect(answer.json.errors).toMatchObject([{ message, extensions: { code: 'bad_request' } }]);
      }
    },
  );

  it('as usual clients send it passes', async () => {
    const introspection = getIntrospectionQuery({
      inputValueDeprecation: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
    });
    expect((await server.graphql(introspection)).json.data.__schema.types.length).toBeGreaterThan(50);
    // As graphql-codegen's fragments: one to a component, each with `__typename` and `id`.
    const ofComponents = `{ integrations(first: 2) { nodes { __typename ${list(12, (at) => `...C${at}`)} } } } ${list(12, (at) => `fragment C${at} on Integration { __typename id slug a${at}: name }`)}`;
    expect((await server.graphql(ofComponents)).json.errors).toBeUndefined();
    const batch = `query ($p: JSON) { ${list(50, (at) => `a${at}: read(integration: "hackernews", endpoint: "list_top_stories", params: $p) { ...Parts }`)} } fragment Parts on Execution { __typename status ok data error callId durationMs }`;
    // Each says that the parameter is unknown: the document ran.
    const answer = await server.graphql(batch, { p: { nothing: 1 } });
    expect(answer.json.errors).toHaveLength(50);
    expect(answer.json.errors[0].message).toContain('`nothing`');
  });

  it('with more faults than are listed says so, and the first ones', async () => {
    const few = await server.graphql(`{ ${list(20, (at) => `nothing${at}`)} }`);
    expect(few.json.errors).toHaveLength(20);
    const { errors } = (await server.graphql(`{ ${list(1_900, (at) => `nothing${at}`)} }`)).json;
    expect(errors).toHaveLength(21);
    expect(errors[0].message).toContain('"nothing0"');
    expect(errors.at(-1).message).toBe('The document has more than 20 faults, so it was read no further. Mend these first.');
  });

  it('whose fragment names itself in one place is told so by its name', async () => {
    const { errors } = (await server.graphql('{ ...A } fragment A on Query { viewer { kind } ...A }')).json;
    expect(errors[0].message).toBe('Cannot spread fragment "A" within itself.');
  });
});

describe('a document of nobody', () => {
  const ask = (query: string) => server.graphql(query, {}, { authorization: null });

  it('is small, or refused for its size', async () => {
    for (const [allowed, refused, message] of [
      [`{ ${list(40, (at) => `a${at}: __typename`)} }`, `{ ${list(41, (at) => `a${at}: __typename`)} }`, 'more than 40 fields'],
      ['{ __typename __typename }', `{ ${list(6, () => '__typename')} }`, 'Name each field once'],
      [fragments(4), fragments(5), 'at most 4 are allowed'],
    ] as const) {
      expect((await ask(allowed)).json.errors, allowed).toBeUndefined();
      expect((await ask(refused)).json.errors[0].message).toContain(message);
      expect((await server.graphql(refused)).json.errors, refused).toBeUndefined();
    }
  });

  it('signs a device in with fragments, as clients send it', async () => {
    const started = await ask(
      'mutation Login { requestDeviceCode { ...Code } } fragment Code on DeviceCode { __typename deviceCode userCode verificationUri interval expiresIn }',
    );
    expect(started.json.errors).toBeUndefined();
    expect(started.json.data.requestDeviceCode.userCode).toMatch(/^.{4}-.{4}$/);
  });
});

it('counts documents of nobody that are new, by address, and neither those known nor those of a key', async () => {
  const ask = (query: string, authorization?: null) => server.graphql(query, {}, authorization === null ? { authorization } : {});
  const known = '{ known: __typename }';
  expect((await ask(known, null)).status).toBe(200);
  const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(`{ new${at}: __typename }`, null)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThanOrEqual(10);
  expect(refused[0]?.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(refused[0]?.json.errors[0]).toMatchObject({ extensions: { code: 'rate_limited' } });
  expect(refused[0]?.json.errors[0].message).toContain('Send your API key, keep the document the same');
  expect((await ask(known, null)).json.data.known).toBe('Query');
  expect((await ask('{ newest: __typename }')).json.data.newest).toBe('Query');
});
