/** The executed check: what it finds out about requests that arrive, and that the gateway's own are right. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Arrived, type Expected, listArrivalFaults } from '../../scripts/recipes/arrived/arrival-faults.ts';
import { listControls } from '../../scripts/recipes/arrived/controls.ts';
import { type CatalogueRow, printTable, rowOf } from '../../scripts/recipes/catalogue-table.ts';
import { checkRecipe } from '../../scripts/recipes/check.ts';
import { executeRecipe, settingsOf } from '../../scripts/recipes/execute-recipe.ts';
import { extractFacts, type Facts } from '../../scripts/recipes/facts.ts';
import { readFacts } from '../../scripts/recipes/folders.ts';
import type { Operation, RequestBody, Schema } from '../../src/domains/recipes/import/openapi.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';
import { hardRecipes } from './hard-stand.ts';
import { readRecipe } from './read-recipe.ts';

let upstream: Upstream;
let server: TestServer;

beforeAll(async () => {
  upstream = await Upstream.start();
  server = await startTestServer({
    env: { ...settingsOf(['slack', 'gmail', 'hackernews', 'linear', 'telegram', 'twilio'], upstream), SKILLETT_RECIPES: hardRecipes },
  });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

const factsOf = (slug: string) => structuredClone(readFacts(slug) as Facts);
const execute = (slug: string, facts: Facts) => executeRecipe({ ...server, upstream }, readRecipe(slug), facts);
async function spoiltFaults(slug: string, facts: Facts, name: string): Promise<string[]> {
  const recipe = readRecipe(slug);
  const endpoints = recipe.endpoints.filter(([one]) => one === name);
  const [executed] = await executeRecipe({ ...server, upstream }, { ...recipe, endpoints }, facts);
  return executed?.faults ?? [];
}

describe('a recipe that is executed', () => {
  it('sends what is documented in every endpoint, and every request that was made wrong is found out', async () => {
    for (const slug of ['slack', 'gmail']) {
      const executed = await execute(slug, factsOf(slug));
      expect(executed.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`))).toEqual([]);
      expect(executed.map(({ name }) => name)).toEqual(readRecipe(slug).endpoints.map(([name]) => name));
      const described = executed.filter(({ name }) => !Object.hasOwn(factsOf(slug).absent ?? {}, name));
      expect(described.every(({ proof, controls }) => proof === 'executed' && controls >= 4)).toBe(true);
      expect(described.length).toBeGreaterThan(30);
    }
  });

  it('has names of a path that the connection itself fills, and those that parameters fill as they are documented', async () => {
    const twilio = factsOf('twilio');
    expect(await spoiltFaults('twilio', twilio, 'get_message')).toEqual([]);
    const get = twilio.paths?.['/2010-04-01/Accounts/{account_sid}/Messages/{Sid}.json']?.get as Operation;
    get.parameters = [];
    expect(await spoiltFaults('twilio', twilio, 'get_message')).toContain('path Sid: is not documented');
    expect(await spoiltFaults('telegram', factsOf('telegram'), 'send_message')).toEqual([]);
  });

  it('sends documents that the schema has, with variables of their types', async () => {
    const executed = await execute('linear', factsOf('linear'));
    expect(executed.filter(({ proof, faults }) => proof !== 'executed' || faults.length > 0)).toEqual([]);
    expect(executed.map(({ name }) => name)).toEqual(readRecipe('linear').endpoints.map(([name]) => name));
    expect(executed.every(({ controls }) => controls >= 5)).toBe(true);
    const { schema = [], ...facts } = factsOf('linear');
    const other = schema.map((line) => (line === '  teamId: String!' ? '  teamId: Int!' : line));
    expect((await spoiltFaults('linear', { ...facts, schema: other }, 'create_issue')).join()).toContain('expecting type "Int!"');
    const dates = { ...factsOf('linear'), scalars: { DateTime: 'number' as const } };
    expect((await spoiltFaults('linear', dates, 'set_issue_reminder')).join()).toContain('a number is expected');
  });

  it('is found out where its service documents otherwise', async () => {
    const gmail = factsOf('gmail');
    const list = gmail.paths?.['/users/me/messages']?.get as Operation;
    list.parameters = [{ in: 'query', name: 'since', required: true, schema: {} }];
    expect(await spoiltFaults('gmail', gmail, 'list_messages')).toEqual(
      expect.arrayContaining(['query q: is not documented', 'query since: is missing']),
    );
    const labels = factsOf('gmail');
    const create = labels.paths?.['/users/me/labels']?.post as { requestBody: { content: Record<string, { schema: Schema }> } };
    create.requestBody.content['application/json']!.schema.properties!.name = { type: 'integer' };
    expect(await spoiltFaults('gmail', labels, 'create_label')).toEqual(['body: /name must be integer']);
    const newer = { create_label: { '/name': 'https://letters.example/page' } };
    expect(await spoiltFaults('gmail', { ...labels, newer }, 'create_label')).toEqual([]);
    const slack = factsOf('slack');
    delete slack.body_types;
    expect(await spoiltFaults('slack', slack, 'send_message')).toEqual([
      'body: is of type application/json, and application/x-www-form-urlencoded is documented',
    ]);
  });

  it('without a description is run all the same, and counts as not proved', async () => {
    const executed = await execute('hackernews', factsOf('hackernews'));
    expect(executed.map(({ proof, controls, faults }) => [proof, controls, faults])).toEqual(executed.map(() => ['unproved', 0, []]));
    const spoilt = readRecipe('hackernews');
    const [, endpoint] = spoilt.endpoints[0]!;
    endpoint.path = '/elsewhere.json';
    const [first] = await executeRecipe({ ...server, upstream }, spoilt, factsOf('hackernews'));
    expect(first?.faults).toEqual([expect.stringMatching(/^GET \/.*: GET \/elsewhere\.json is written$/)]);
  });

  it('has a fault where nothing arrives', async () => {
    const spoilt = readRecipe('slack');
    const [name, endpoint] = spoilt.endpoints.find(([one]) => one === 'send_message')!;
    endpoint.example = { loud: true };
    const [only] = await executeRecipe({ ...server, upstream }, { ...spoilt, endpoints: [[name, endpoint]] }, factsOf('slack'));
    expect(only?.faults).toEqual([expect.stringContaining('nothing arrived: {')]);
  });
});

describe('the table', () => {
  const rowFor = async (slug: string, facts: Facts) => {
    const recipe = readRecipe(slug);
    return rowOf(recipe, facts, checkRecipe(recipe, facts), await execute(slug, facts));
  };

  it('counts what is proved and executed, and names what is not with its reason', async () => {
    const rows = [await rowFor('slack', factsOf('slack')), await rowFor('hackernews', factsOf('hackernews'))];
    expect(rows.flatMap(({ faults }) => faults)).toEqual([]);
    const lines = printTable(rows).split('\n');
    expect(lines[1]).toMatch(/^slack +49 +89 % +89 % +\d+ +100 % +oauth2, bearer +3$/);
    expect(lines[2]).toMatch(/^hackernews +13 +0 % +0 % +0 +100 % +none +0$/);
    expect(lines[3]).toMatch(/^total: 2 recipes +62 +70 % +70 %/);
    expect(lines.find((line) => line.includes('hackernews: '))).toContain('publishes no description');
  });

  it('has a fault for what is not proved without a reason', async () => {
    const { unproved: _reason, ...facts } = factsOf('hackernews');
    const row: CatalogueRow = await rowFor('hackernews', facts);
    expect(row.faults).toContain('hackernews.get_item: is not proved, and no reason is written down');
    expect(printTable([row])).toContain(`${row.faults.length} faults:`);
  });
});

const json = (body: unknown): Partial<Arrived> => ({
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: Buffer.from(JSON.stringify(body)),
});
const arrive = (more: Partial<Arrived> = {}): Arrived => ({
  method: 'POST',
  target: '/notes/7',
  headers: {},
  body: Buffer.alloc(0),
  ...more,
});
const expectation = (operation: Operation, more: Partial<Expected> = {}): Expected => ({
  method: 'POST',
  path: '/notes/{id}',
  operation,
  paths: ['/notes/{id}', '/notes/latest', '/notes'],
  segments: [],
  ...more,
});
const withBody = (schema: Schema, type = 'application/json'): Expected =>
  expectation({ parameters: [{ in: 'path', name: 'id', schema: {} }], requestBody: { required: true, content: { [type]: { schema } } } });
const withParameters = (...parameters: object[]): Expected =>
  expectation({ parameters: [{ in: 'path', name: 'id', schema: { type: 'integer' } }, ...parameters] as never });

/** The faults of the request, after every control of it has been found out. */
async function faultsOf(expected: Expected, arrived: Arrived): Promise<string[]> {
  const faults = await listArrivalFaults(expected, arrived);
  if (faults.length > 0) return faults;
  const controls = await listControls(expected, arrived);
  expect(controls.length).toBeGreaterThan(2);
  for (const { kind, arrived: spoilt } of controls)
    expect([kind, (await listArrivalFaults(expected, spoilt)).length > 0]).toEqual([kind, true]);
  return [];
}

describe('of a request that arrives', () => {
  it('the method and the path are found out, and which of two paths it is', async () => {
    const expected = withParameters();
    expect(await faultsOf(expected, arrive())).toEqual([]);
    expect(await faultsOf(expected, arrive({ method: 'PUT' }))).toEqual(['method PUT: POST is documented']);
    expect(await faultsOf(expected, arrive({ target: '/notes/7/8' }))).toEqual(['path /notes/7/8: is no documented one']);
    expect(await faultsOf(expected, arrive({ target: '/notes/latest' }))).toEqual(['path /notes/latest: is that of /notes/latest']);
    expect(await faultsOf(expected, arrive({ target: '/notes/x' }))).toEqual(['path id: must be integer']);
    expect(await faultsOf({ ...expected, segments: ['id'] }, arrive({ target: '/notes/7/8' }))).toEqual(['path id: must be integer']);
  });

  it.each<[query: string, parameter: object, faults: string[]]>([
    ['limit=5', { name: 'limit', schema: { type: 'integer', maximum: 9 } }, []],
    ['limit=10', { name: 'limit', schema: { type: 'integer', maximum: 9 } }, ['query limit: must be <= 9']],
    ['limit=10', { name: 'limit', schema: { type: 'integer', maximum: 10, exclusiveMaximum: true } }, ['query limit: must be < 10']],
    ['limit=ten', { name: 'limit', schema: { type: 'integer' } }, ['query limit: must be integer']],
    ['', { name: 'limit', required: true, schema: {} }, ['query limit: is missing']],
    ['lim=1', { name: 'limit', schema: {} }, ['query lim: is not documented']],
    ['sort=up&sort=down', { name: 'sort', schema: { type: 'array', items: { type: 'string', enum: ['up', 'down'] } } }, []],
    ['sort=up', { name: 'sort', schema: { type: 'array', items: { type: 'string', enum: ['up', 'down'] } } }, []],
    ['ids=1,2', { name: 'ids', style: 'form', explode: false, schema: { type: 'array', items: { type: 'integer' } } }, []],
    ['ids=1,x', { name: 'ids', explode: false, schema: { type: 'array', items: { type: 'integer' } } }, ['query ids: /1 must be integer']],
    ['ids=1%7C2', { name: 'ids', style: 'pipeDelimited', explode: false, schema: { type: 'array', items: { type: 'integer' } } }, []],
    ['ids=1,2', { name: 'ids', schema: { type: 'array', items: { type: 'integer' } } }, ['query ids: /0 must be integer']],
    ['at[gt]=5', { name: 'at', style: 'deepObject', schema: { type: 'object', properties: { gt: { type: 'integer' } } } }, []],
    ['at[lt]=5', { name: 'at', schema: { type: 'object', properties: { gt: { type: 'integer' } } } }, ['query at: lt is not documented']],
    ['q=%7B%22a%22:1%7D', { name: 'q', content: {}, schema: { type: 'object', properties: { a: { type: 'integer' } } } }, []],
  ])('the query %s is read as documented', async (query, parameter, faults) => {
    expect(await faultsOf(withParameters({ in: 'query', ...parameter }), arrive({ target: `/notes/7?${query}` }))).toEqual(faults);
  });

  it('a header is, where it is documented', async () => {
    const expected = withParameters({ in: 'header', name: 'X-Limit', required: true, schema: { type: 'integer' } });
    expect(await faultsOf(expected, arrive({ headers: { 'x-limit': '5', 'x-other': 'a' } }))).toEqual([]);
    expect(await faultsOf(expected, arrive({ headers: { 'x-limit': 'a' } }))).toEqual(['header X-Limit: must be integer']);
    expect(await faultsOf(expected, arrive())).toEqual(['header X-Limit: is missing']);
  });

  const note: Schema = {
    type: 'object',
    properties: {
      title: { type: 'string' },
      tags: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] } },
    },
    required: ['title'],
  };

  it('JSON is, down to its last member', async () => {
    expect(await faultsOf(withBody(note), arrive(json({ title: 'T', tags: [{ id: 1 }] })))).toEqual([]);
    expect(await faultsOf(withBody(note), arrive(json({ title: 1 })))).toEqual(['body: /title must be string']);
    expect(await faultsOf(withBody(note), arrive(json({})))).toEqual(["body: must have required property 'title'"]);
    expect(await faultsOf(withBody(note), arrive(json({ title: 'T', titel: 'T' })))).toEqual(['body: titel is not documented']);
    expect(await faultsOf(withBody(note), arrive(json({ title: 'T', tags: [{ id: 'a' }] })))).toEqual(['body: /tags/0/id must be integer']);
    expect(await faultsOf(withBody(note), arrive({ ...json({}), body: Buffer.from('{') }))).toEqual(['body: is no JSON']);
    expect(await faultsOf(withBody(note), arrive())).toEqual(['body: is missing']);
    expect(await faultsOf(withParameters(), arrive(json({})))).toEqual(['body: is not documented']);
  });

  it('a choice that may be null is checked as well as one that may not', async () => {
    // A service of some size describes bodies so, and a well-known validator then lets everything through.
    const choice: Schema = { oneOf: [note, { type: 'array', items: { type: 'string' } }], nullable: true };
    const requestBody = { content: { 'application/json': { schema: choice } } };
    const openApi = { info: { title: '', version: '' }, paths: { '/notes/{id}': { post: { requestBody } } } };
    const endpoint = readRecipe('slack').requireEndpoint('send_message');
    Object.assign(endpoint, { path: '/notes/{id}', parameters: { all: { in: 'body', as: '', type: 'object', description: 'All.' } } });
    const facts = extractFacts({}, [openApi], 'https://notes.example', [['make_note', endpoint]]);
    const small = facts.paths?.['/notes/{id}']?.post?.requestBody as RequestBody;
    const expected = withBody(small.content['application/json']?.schema as Schema);
    expect(await faultsOf(expected, arrive(json(['a'])))).toEqual([]);
    expect(await faultsOf(expected, arrive(json(null)))).toEqual([]);
    expect(await faultsOf(expected, arrive(json([1])))).toContain('body: /0 must be string');
    expect(await faultsOf(expected, arrive(json({ titel: 'T' })))).toContain('body: titel is not documented');
  });

  it.each(['application/x-www-form-urlencoded', 'multipart/form-data'])('a body of %s is', async (type) => {
    const schema: Schema = {
      type: 'object',
      properties: { amount: { type: 'integer' }, file: { type: 'string', format: 'binary' }, to: note },
      required: ['amount'],
    };
    const send = async (pairs: [string, string][]) => {
      const form = type === 'multipart/form-data' ? new FormData() : new URLSearchParams();
      for (const [name, text] of pairs) form.append(name, text);
      const written = new Response(form);
      const headers = { 'content-type': written.headers.get('content-type') as string };
      return faultsOf(withBody(schema, type), arrive({ headers, body: Buffer.from(await written.arrayBuffer()) }));
    };
    expect(
      await send([
        ['amount', '5'],
        ['file', 'bytes'],
      ]),
    ).toEqual([]);
    expect(
      await send([
        ['amount', '5'],
        ['to[title]', 'T'],
        ['to[tags][0][id]', '7'],
      ]),
    ).toEqual([]);
    expect(
      await send([
        ['amount', '5'],
        ['to[tags][0][id]', '7'],
      ]),
    ).toEqual(["body to: must have required property 'title'"]);
    expect(await send([['amount', 'five']])).toEqual(['body amount: must be integer']);
    expect(await send([['file', 'bytes']])).toEqual(['body amount: is missing']);
    expect(
      await send([
        ['amount', '5'],
        ['amont', '5'],
      ]),
    ).toEqual(['body amont: is not documented']);
  });

  it('a body of bytes is known by its type', async () => {
    const expected = withBody({}, 'image/*');
    const bytes = (type: string) => arrive({ headers: { 'content-type': type }, body: Buffer.from([1, 2]) });
    expect(await faultsOf(expected, bytes('image/png'))).toEqual([]);
    expect(await faultsOf(expected, bytes('text/plain'))).toEqual(['body: is of type text/plain, and image/* is documented']);
  });
});
