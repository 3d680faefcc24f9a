import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Documents } from '../../src/app/graphql/documents.ts';
import { PlainOperations } from '../../src/app/graphql/plain-operations.ts';
import { type ReadOperation, readOperation } from '../../src/app/graphql/read-operation.ts';
import { schema } from '../../src/app/graphql/schema.ts';
import type { Context } from '../../src/core/context.ts';
import { type HackernewsStand, startHackernews } from '../support/hackernews.ts';
import type { TestAnswer, TestServer } from '../support/server.ts';
import type { Upstream } from '../support/upstream.ts';

let stand: HackernewsStand;
let server: TestServer;
let upstream: Upstream;
beforeAll(async () => {
  stand = await startHackernews();
  ({ server, upstream } = stand);
  upstream.json('[{"number":1}]');
});
afterAll(() => stand.close());

const read = 'read(integration: "hackernews", endpoint: "list_top_stories")';
const aliases = (count: number) => `{ ${Array.from({ length: count }, (_, at) => `a${at}: __typename`).join(' ')} }`;

/** What runs, and so is answered without Yoga; the last ones fail while they run. */
const plain: [string, object][] = [
  ['a query', { query: '{ viewer { kind } }' }],
  ['a read', { query: `{ ${read} { status ok data error } }` }],
  ['a mutation', { query: `mutation { execute(integration: "hackernews", endpoint: "list_top_stories") { data } }` }],
  ['variables', { query: 'query ($slug: String!) { integration(slug: $slug) { name } }', variables: { slug: 'github' } }],
  ['variables that are null', { query: '{ viewer { kind } }', variables: null, operationName: null, extensions: {} }],
  ['a chosen operation', { query: 'query a { viewer { kind } } query b { __typename }', operationName: 'b' }],
  ['a fragment', { query: '{ viewer { ...f } } fragment f on Viewer { kind scopes }' }],
  ['a default', { query: 'query ($first: Int = 2) { integrations(first: $first) { nodes { slug } } }' }],
  ['a directive', { query: 'query ($no: Boolean!) { viewer { kind @skip(if: $no) scopes } }', variables: { no: true } }],
  ['nothing found', { query: '{ integration(slug: "nobody") { name } }' }],
  ['nothing found beside what is', { query: '{ viewer { kind } endpoint(integration: "github", name: "nothing") { name } }' }],
  ['parameters that do not fit', { query: `{ read(integration: "github", endpoint: "get_issue", params: {a: 1}) { data } }` }],
];

/** What Yoga refuses. */
const refused: [string, unknown][] = [
  ['no JSON', '{"query":'],
  ['no object', '[]'],
  ['no query', {}],
  ['a query that is no text', { query: 1 }],
  ['variables that are a list', { query: '{ viewer { kind } }', variables: [] }],
  ['an unknown member', { query: '{ viewer { kind } }', foo: 1 }],
  ['an unknown field', { query: '{ nothing }' }],
  ['no GraphQL', { query: '{' }],
  ['an unknown operation', { query: 'query a { viewer { kind } }', operationName: 'b' }],
  ['several operations', { query: 'query a { viewer { kind } } query b { __typename }' }],
  ['a missing variable', { query: 'query ($slug: String!) { integration(slug: $slug) { name } }' }],
  ['a variable of another type', { query: 'query ($slug: String!) { integration(slug: $slug) { name } }', variables: { slug: 1 } }],
  ['too many aliases', { query: aliases(51) }],
  ['too deep', { query: `{ integration(slug: "github") { ${'endpoints { nodes { service { '.repeat(5)} slug ${'} } }'.repeat(5)} } }` }],
  [
    'too much',
    { query: 'query ($n: Int) { integrations(first: $n) { nodes { endpoints(first: $n) { nodes { name } } } } }', variables: { n: 100 } },
  ],
];

/** A member that nobody knows is for Yoga to look at, which takes no notice of it where it is null. */
const byYoga = (body: unknown) => (typeof body === 'object' ? { ...body, unknown: null } : body);

const post = (body: unknown, accept: string) => server.request('POST', '/graphql', { body, headers: { accept } });

function comparable({ status, headers, text }: TestAnswer) {
  const named = ['content-type', 'cache-control', 'x-content-type-options', 'retry-after', 'ratelimit-limit', 'allow', 'www-authenticate'];
  return {
    status,
    text: text.replace(/req_\w+/g, 'req').replace(/call_[\w-]+/g, 'call'),
    headers: Object.fromEntries(named.map((name) => [name, headers.get(name)])),
  };
}

describe('an operation answered without Yoga', () => {
  for (const mediaType of ['application/json', 'application/graphql-response+json']) {
    it(`is answered as Yoga answers it, also where a field fails (${mediaType})`, async () => {
      for (const [name, body] of plain)
        expect(comparable(await post(body, mediaType)), name).toEqual(comparable(await post(byYoga(body), mediaType)));
    });

    it(`is refused as Yoga refuses it (${mediaType})`, async () => {
      for (const [name, body] of refused) {
        const answer = await post(body, mediaType);
        expect(answer.json.errors, name).toHaveLength(1);
        expect(comparable(answer), name).toEqual(comparable(await post(byYoga(body), mediaType)));
      }
    });
  }

  it('is one that runs; what is refused before a field has run is left to Yoga', async () => {
    const operations = new PlainOperations(schema, new Documents(schema, true));
    const { gateway } = server;
    const context = { gateway, caller: async () => ({ kind: 'none' }), once: () => new Map() } as unknown as Context;
    const runs = async (body: unknown) => (await operations.run(context, body as ReadOperation)) !== undefined;
    for (const [name, body] of plain) if (!/read|execute/.test(name)) expect(await runs(body), name).toBe(true);
    // What is no request at all never gets this far.
    const readable = refused.filter(([, body]) => readOperation(Buffer.from(JSON.stringify(body))));
    expect(readable).toHaveLength(9);
    for (const [name, body] of readable) expect(await runs(body), name).toBe(false);
    for (const query of ['{ __schema { queryType { name } } }', '{ __type(name: "Viewer") { name } }'])
      expect(operations.run(context, { query, variables: null, operationName: null })).toBeUndefined();
  });

  it('costs nobody who shows no key more than a look at its root fields', async () => {
    const answer = await server.graphql('{ viewer { kind } }', {}, { authorization: null });
    expect(answer.status).toBe(401);
    expect(answer.json.errors[0].extensions.code).toBe('unauthorized');
    expect((await server.graphql('{ __typename }', {}, { authorization: null })).json).toEqual({ data: { __typename: 'Query' } });
  });

  it('finds its limits anew where variables change them', async () => {
    const query = 'query ($n: Int!) { integrations(first: $n) { nodes { endpoints(first: $n) { nodes { name } } } } }';
    expect((await server.graphql(query, { n: 1 })).json.errors).toBeUndefined();
    expect((await server.graphql(query, { n: 100 })).json.errors[0].message).toContain('complexity');
    expect((await server.graphql(query, { n: 1 })).json.errors).toBeUndefined();
  });
});
