/** How imports go on: waited for or asked about later, what they are bounded by, and names that objects have anyway. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addKey, addUser } from '../admission/people.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let upstream: Upstream;
let ada: string;
let key: string;

beforeAll(async () => {
  upstream = await Upstream.start();
  server = await startTestServer({
    allowCallers: [`127.0.0.1:${upstream.port}`],
    env: { SKILLETT_OUTBOUND_ALLOW: `127.0.0.1:${upstream.port}` },
  });
});
beforeEach(async () => {
  upstream.reset();
  upstream.json('{}');
  ada = await addUser(server.gateway.database);
  key = await newKey(ada);
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

const newKey = async (user: string, scopes = ['*']) => (await addKey(server.gateway.database, user, { scopes })).id;
const bearer = (token = key) => ({ authorization: `Bearer ${token}` });
const body = (schema: object) => ({ requestBody: { content: { 'application/json': { schema } } } });
const describing = (paths: object, more: object = {}) =>
  JSON.stringify({ openapi: '3.0.3', info: { title: 'Acme', version: '1' }, servers: [{ url: upstream.origin }], paths, ...more });
const one = () => describing({ '/notes': { get: { operationId: 'listNotes' } } });
const fields = 'import { id slug status progress error errorCode endedAt } integration { slug } warnings endpointCount';
const importing = (document: string, waitSeconds?: number, field = 'importIntegration') =>
  server.graphql(
    `mutation ($document: String, $waitSeconds: Int) { it: ${field}(slug: "acme", document: $document, waitSeconds: $waitSeconds) { ${fields} } }`,
    { document, waitSeconds },
    bearer(),
  );
const ask = (id: string, token = key) =>
  server.graphql(
    'query ($id: ID!) { import(id: $id) { status progress error errorCode endedAt result { endpointCount integration { slug } } } }',
    { id },
    bearer(token),
  );

/** Asks until it stands so. */
const until = async (id: string, status: string) => {
  while ((await ask(id)).json.data.import.status !== status) await new Promise((resolve) => setTimeout(resolve, 50));
};

describe('an import', () => {
  it('that is waited for says so at once, and its id still tells of it', async () => {
    const { json } = await importing(one());
    expect(json.data.it).toMatchObject({
      import: { slug: 'acme', status: 'DONE', progress: 1, error: null },
      integration: { slug: 'acme' },
      endpointCount: 1,
    });
    expect((await ask(json.data.it.import.id)).json.data.import).toMatchObject({
      status: 'DONE',
      result: { endpointCount: 1, integration: { slug: 'acme' } },
    });
  });

  it('that is not waited for goes on, and whoever asks later is told what came of it', async () => {
    const { json } = await importing(one(), 0);
    expect(json.data.it).toEqual({
      import: { id: expect.any(String), slug: 'acme', status: 'RUNNING', progress: 0, error: null, errorCode: null, endedAt: null },
      integration: null,
      warnings: null,
      endpointCount: null,
    });
    await until(json.data.it.import.id, 'DONE');
    expect((await server.request('POST', '/v1/acme/list_notes', { ...bearer(), body: {} })).status).toBe(200);
    const changed = await importing(describing({ '/notes': { post: {} } }), 0, 'updateIntegration');
    await until(changed.json.data.it.import.id, 'DONE');
    expect((await server.request('POST', '/v1/acme/create_notes', { ...bearer(), body: {} })).status).toBe(200);
  });

  it('that fails says why, at once or later', async () => {
    expect((await importing('{"openapi": ')).json.errors[0].message).toContain('begins as JSON and is none');
    const { json } = await importing('{"openapi": ', 0);
    const { id } = json.data.it.import;
    await until(id, 'FAILED');
    const { error, errorCode, result, endedAt } = (await ask(id)).json.data.import;
    expect([error, errorCode, result]).toEqual([expect.stringContaining('begins as JSON and is none'), 'BAD_REQUEST', null]);
    expect(Date.parse(endedAt)).toBeGreaterThan(0);
  });

  it('is told to its user alone, with a key that may import', async () => {
    const { id } = (await importing(one())).json.data.it.import;
    const eve = await newKey(await addUser(server.gateway.database));
    expect((await ask(id, eve)).json.errors[0].extensions.code).toBe('not_found');
    expect((await ask(id, await newKey(ada, ['acme']))).json.errors[0].extensions.code).toBe('forbidden');
  });

  it('whose process has been silent has failed', async () => {
    const id = `imp_${'0'.repeat(31)}1`;
    const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1_000);
    const row = { id, userId: ada, slug: 'acme', createdAt: at(60), seenAt: at(5) };
    await server.gateway.db.insertInto('imports').values(row).execute();
    expect((await ask(id)).json.data.import.status).toBe('RUNNING');
    await server.gateway.db
      .updateTable('imports')
      .set({ seenAt: at(25) })
      .where('id', '=', id)
      .execute();
    expect((await ask(id)).json.data.import).toMatchObject({
      status: 'FAILED',
      errorCode: 'UNAVAILABLE',
      error: expect.stringContaining('has ended'),
    });
  });
});

describe('nobody is held up', () => {
  it('by a description that is fetched and unpacks into more than one may have', async () => {
    const fetching = (more: string) =>
      server.graphql(`mutation { it: importIntegration(slug: "acme", ${more}) { endpointCount } }`, undefined, bearer());
    const url = `url: "${upstream.origin}/openapi.json"`;
    const graphqlUrl = `graphqlUrl: "${upstream.origin}/graphql"`;
    const packed = gzipSync(Buffer.alloc(400 * 1024 * 1024, ' '));
    const before = process.memoryUsage().rss;
    for (const [encoding, body] of [
      ['gzip', packed],
      ['gzip, gzip', gzipSync(packed)],
    ] as const)
      for (const [name, given] of Object.entries({ url, graphqlUrl })) {
        upstream.answer(200, { 'content-encoding': encoding }, body);
        const [refused] = (await fetching(given)).json.errors;
        expect([refused.extensions.code, refused.message]).toEqual([
          'bad_request',
          `\`${name}\` answered with more than 40 MiB, the most that a description may have.`,
        ]);
      }
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
    upstream.answer(200, { 'content-encoding': 'gzip, gzip' }, gzipSync(gzipSync(one())));
    expect((await fetching(url)).json.data.it.endpointCount).toBe(1);
  }, 60_000);

  it('by an operation of 30,000 parameters', async () => {
    const few = Array.from({ length: 30_000 }, (_, at) => ({ in: 'query', name: `a${at}` }));
    const begun = Date.now();
    const { json } = await importing(describing({ '/a': { get: { parameters: few } }, '/b': { get: {} } }));
    expect(json.data.it.endpointCount).toBe(1);
    expect(json.data.it.warnings).toEqual([expect.stringMatching(/^GET \/a: is left out: is described in more than/)]);
    expect(Date.now() - begun).toBeLessThan(20_000);
  }, 60_000);

  it('by parameters whose names are all one in ours', async () => {
    const parameters = Array.from({ length: 30_000 }, (_, at) => ({
      in: 'query',
      name: `a${'.'.repeat(at % 170)}${'-'.repeat(at / 170)}`,
    }));
    const begun = Date.now();
    const { json } = await importing(describing({ '/a': { get: { parameters } }, '/b': { get: {} } }));
    expect(json.data.it.endpointCount).toBe(1);
    expect(Date.now() - begun).toBeLessThan(20_000);
  }, 60_000);

  it('by choices of choices that lead back to themselves', async () => {
    const ring = { oneOf: Array.from({ length: 20 }, () => ({ $ref: '#/components/schemas/Ring' })) };
    const begun = Date.now();
    const { json } = await importing(
      describing({ '/a': { post: body({ $ref: '#/components/schemas/Ring' }) } }, { components: { schemas: { Ring: ring } } }),
    );
    expect(json.data.it.endpointCount).toBe(1);
    expect(Date.now() - begun).toBeLessThan(20_000);
  }, 60_000);
});

describe('what a description says of a value is held', () => {
  const warned = async (operation: object) =>
    (await importing(describing({ '/notes': { post: { operationId: 'createNote', ...operation } } }))).json.data.it.warnings;
  const call = (params: object) => server.request('POST', '/v1/acme/create_note', { ...bearer(), body: { params } });

  it('of each of its types, whichever it is', async () => {
    const when = {
      anyOf: [
        { type: 'object', required: ['at'], properties: { at: { type: 'string' } } },
        { type: 'string', enum: [''] },
        { type: 'integer', maximum: 3 },
      ],
    };
    const kind = {
      oneOf: [
        { type: 'string', enum: ['a'] },
        { type: 'integer', enum: [7] },
      ],
    };
    const about = { type: 'object', required: ['who'], properties: { who: { type: 'string' } } };
    expect(await warned(body({ type: 'object', properties: { when, kind, about } }))).toEqual([]);
    for (const params of [{ when: { at: 'x' } }, { when: '' }, { when: 3 }, { kind: 'a' }, { kind: 7 }, { about: { who: 'me' } }]) {
      expect((await call(params)).status).toBe(200);
      expect(JSON.parse(upstream.received.at(-1)?.body.toString() as string)).toEqual(params);
    }
    for (const params of [{ when: {} }, { when: 'x' }, { when: 4 }, { when: true }, { kind: 'b' }, { kind: 8 }, { about: {} }])
      expect((await call(params)).json.error).toBe('bad_request');
    expect(upstream.received).toHaveLength(6);
  });

  it('and where it says nothing, what may be anything is sent as it is given, and as text where texts travel', async () => {
    const list = { type: 'array' };
    const parameters = [
      { in: 'query', name: 'word', schema: {} },
      { in: 'query', name: 'words', schema: list },
      { in: 'query', name: 'filter', content: { 'application/json': {} } },
    ];
    const properties = { any: {}, list, all: { type: 'array', items: { description: 'One.' } }, short: { maxLength: 2 } };
    expect(await warned({ parameters, ...body({ type: 'object', properties }) })).toEqual([]);
    for (const params of [
      { any: 'a', list: ['a'] },
      { any: 1.5, list: [{ a: 1 }] },
      { any: [true], all: [1, 'a', {}] },
      { any: { a: [] } },
    ]) {
      expect((await call({ ...params, word: 'w', words: ['v'], filter: [{ a: 1 }] })).status).toBe(200);
      const { target, body: sent } = upstream.received.at(-1)!;
      expect(decodeURIComponent(target)).toBe('/notes?word=w&words=v&filter=[{"a":1}]');
      expect(JSON.parse(sent.toString())).toEqual(params);
    }
    for (const params of [{ word: {} }, { words: [{}] }, { list: 'a' }, { short: 'abc' }])
      expect((await call(params)).json.error).toBe('bad_request');
    expect(upstream.received).toHaveLength(4);
  });

  it('that is a file as the whole body', async () => {
    const content = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
    expect(await warned({ requestBody: { required: true, content } })).toEqual([]);
    const file = { filename: 'a.png', content_type: 'image/png', base64: 'iVBORw==' };
    expect((await call({ body: file })).status).toBe(200);
    expect(upstream.received.at(-1)).toMatchObject({ body: Buffer.from('iVBORw==', 'base64'), headers: { 'content-type': 'image/png' } });
    expect((await call({})).json.error).toBe('bad_request');
  });

  it('or said to be lost: a file that its body cannot hold, values of one type of several', async () => {
    const file = { type: 'string', format: 'binary' };
    const kind = { oneOf: [{ type: 'string', enum: ['a'] }, { type: 'integer' }] };
    expect(await warned(body({ type: 'object', properties: { file, kind } }))).toEqual([
      'POST /notes: body file: is a file, which this body cannot hold',
      'POST /notes: body kind: which values it may have as string is not said',
    ]);
  });
});

describe('a name that every object has', () => {
  it('is taken as a parameter, and where it cannot be said that is said', async () => {
    const inner = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}}}');
    const properties = JSON.parse('{"__proto__":{"type":"string"},"constructor":{"type":"string"},"toString":{"type":"integer"}}');
    const schema = {
      oneOf: [
        { type: 'object', properties: { ...properties, inner } },
        { type: 'object', properties: { other: { type: 'string' } } },
      ],
    };
    const { json } = await importing(describing({ '/notes': { post: { operationId: 'createNote', ...body(schema) } } }));
    expect(json.data.it.warnings).toContain('POST /notes: body inner.__proto__: has a name that no recipe can hold, and is left out');
    const params = { proto: 'a', constructor: 'b', toString: 7, inner: { constructor: 'c' } };
    expect((await server.request('POST', '/v1/acme/create_note', { ...bearer(), body: { params } })).status).toBe(200);
    expect(upstream.received.at(-1)?.body.toString()).toBe('{"__proto__":"a","constructor":"b","toString":7,"inner":{"constructor":"c"}}');
  });
});
