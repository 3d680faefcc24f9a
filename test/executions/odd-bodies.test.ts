/** What services do to the body and the status of an answer, and what becomes of a write by it. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bearer, callTool, type Stand, startStand } from '../mcp/stand.ts';
import { drained } from '../support/upstream.ts';

let stand: Stand;
let key: string;

beforeAll(async () => {
  stand = await startStand();
  key = await stand.newKey();
});
afterAll(() => stand.close());
beforeEach(() => stand.upstream.reset());

const call = (endpoint: string, headers: Record<string, string> = {}) =>
  stand.server.request('POST', `/v1/desk/${endpoint}`, {
    ...bearer(key),
    headers,
    body: { params: endpoint === 'list_things' ? {} : { title: 'x' } },
  });

async function lastRow() {
  const rows = () =>
    stand.server.gateway.db
      .selectFrom('skillCalls')
      .select(['outcome', 'errorCode', 'upstreamStatus'])
      .where('keyId', '=', key)
      .orderBy('id', 'desc')
      .limit(1)
      .execute();
  await expect.poll(async () => (await rows())[0]?.outcome).not.toBe('started');
  return (await rows())[0];
}

const text = '{"a":[1,2,3]}';
const encode = (encoding: string, body: Buffer | string) =>
  stand.upstream.answer(200, { 'content-type': 'application/json', 'content-encoding': encoding }, body);

describe('a Content-Encoding', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['GZIP', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['gzip, deflate', deflateSync(gzipSync(text))],
    ['deflate, gzip, br', brotliCompressSync(gzipSync(deflateRawSync(text)))],
    ['UTF-8', text],
    ['identity', text],
    ['', text],
    ['none, gzip', gzipSync(text)],
  ])('of %j is undone, and what is no coding is left alone', async (encoding, body) => {
    encode(encoding, body);
    expect((await call('list_things')).json).toEqual({ status: 200, data: { a: [1, 2, 3] } });
    // Also for bodies that pass in pieces.
    const raw = await call('list_things', { accept: 'application/octet-stream' });
    expect(raw.text).toBe(text);
    expect(raw.headers.get('content-encoding')).toBeNull();
  });

  it('of an empty body is nothing to undo', async () => {
    stand.upstream.play = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).flushHeaders();
      response.end();
    };
    expect((await call('list_things')).json).toEqual({ status: 200, data: null });
    stand.upstream.answer(204, { 'content-encoding': 'gzip' });
    expect((await call('create_thing')).json).toEqual({ status: 204, data: null });
  });

  it.each([
    ['gzip', 'no gzip at all'],
    ['gzip', gzipSync(text.repeat(100)).subarray(0, 30)],
    ['compress', 'x'],
    ['gzip, gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(gzipSync(text))))],
  ])('of %j that cannot be undone is an error that tells the status', async (encoding, body) => {
    encode(encoding, body);
    const answer = await call('list_things');
    expect(answer.status).toBe(502);
    expect(answer.json.error).toBe('upstream_unexpected');
    expect(answer.json.message).toContain('status 200');
    expect(await lastRow()).toMatchObject({ outcome: 'failed', errorCode: 'upstream_unexpected', upstreamStatus: 200 });
    const raw = call('list_things', { accept: 'application/octet-stream' });
    await expect(raw.then((got) => got.text)).rejects.toThrow();
    expect(await lastRow()).toMatchObject({ outcome: 'failed', errorCode: 'upstream_unexpected', upstreamStatus: 200 });
  });

  it.each([
    ['zstd', zstdCompressSync(text)],
    ['gzip', gzipSync(text)],
  ])('of %s with a tail that never ends is whole without it, and its connection is given up', async (encoding, body) => {
    stand.upstream.play = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
      response.write(body);
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    };
    const answer = await call('list_things');
    // Some decoders take a tail for a fault; what none may do is hold the connection until the time is up.
    expect([200, 502]).toContain(answer.status);
    if (answer.status === 200) expect(answer.json.data).toEqual({ a: [1, 2, 3] });
    await expect.poll(() => stand.upstream.open.size, { timeout: 5_000 }).toBe(0);
    expect(await lastRow()).toMatchObject({ outcome: answer.status === 200 ? 'succeeded' : 'failed' });
  });

  it('that unpacks to more than fits is refused, and its connection is given up', async () => {
    encode('gzip', gzipSync(Buffer.alloc(60 * 1024 * 1024, 'x')));
    expect((await call('list_things')).json.error).toBe('upstream_unexpected');
    await expect.poll(() => stand.upstream.open.size).toBe(0);
  });
});

describe('a write whose status arrived and whose body did not', () => {
  const breakAt = (status: number) => {
    stand.upstream.play = (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"id":', () => response.destroy());
    };
  };

  it('is known to have been done', async () => {
    breakAt(201);
    const answer = await call('create_thing');
    expect(answer.status).toBe(502);
    expect(answer.json.message).toContain('answered with status 201, so it has most likely done what it was asked');
    expect(await lastRow()).toEqual({ outcome: 'failed', errorCode: 'upstream_unreachable', upstreamStatus: 201 });
  });

  it('is known not to have been done where the status says so', async () => {
    breakAt(422);
    expect((await call('create_thing')).json.message).toContain('status 422, so it has most likely not done what it was asked');
    expect(await lastRow()).toMatchObject({ outcome: 'failed', upstreamStatus: 422 });
  });

  it('is told again under its idempotency key, and not sent again', async () => {
    breakAt(201);
    const first = await call('create_thing', { 'idempotency-key': 'broken-1' });
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    stand.upstream.json('{"id":2}', 201);
    const again = await call('create_thing', { 'idempotency-key': 'broken-1' });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.status).toBe(502);
    expect(again.json).toEqual(first.json);
    expect(stand.upstream.received).toHaveLength(1);
    expect((await call('create_thing', { 'idempotency-key': 'broken-2' })).json).toEqual({ status: 201, data: { id: 2 } });
  });

  it('is unknown where not even a status arrived, as before', async () => {
    stand.upstream.play = (_request, response) => void response.destroy();
    const answer = await call('create_thing', { 'idempotency-key': 'lost-1' });
    expect(answer.json.error).toBe('outcome_unknown');
    expect(await lastRow()).toEqual({ outcome: 'unknown', errorCode: 'upstream_unreachable', upstreamStatus: null });
  });

  it('is unknown where the connection broke at a second attempt', async () => {
    let attempts = 0;
    stand.upstream.play = (_request, response) => {
      attempts += 1;
      if (attempts === 1) response.writeHead(503).end();
      else response.destroy();
    };
    const answer = await stand.server.request('POST', '/v1/bank/create_thing', {
      ...bearer(key),
      headers: { 'idempotency-key': 'twice-1' },
      body: { params: { title: 'x' } },
    });
    expect(attempts).toBeGreaterThan(1);
    expect(answer.json.error).toBe('outcome_unknown');
  });
});

describe('a redirect of a write', () => {
  const redirect = (status: number, location: string | undefined, times = 1) => {
    stand.upstream.play = (_request, response) => {
      if (stand.upstream.received.length > times) response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":1}');
      else response.writeHead(status, location === undefined ? {} : { location }).end();
    };
  };

  it.each([307, 308])('of status %i is followed within the origin, with method, headers and body', async (status) => {
    redirect(status, '/moved/things', 3);
    expect((await call('create_thing')).json).toEqual({ status: 201, data: { id: 1 } });
    const { received } = stand.upstream;
    expect(received.map(({ method, target, body }) => [method, target, body.toString()])).toEqual([
      ['POST', '/things', '{"title":"x"}'],
      ...Array.from({ length: 3 }, () => ['POST', '/moved/things', '{"title":"x"}']),
    ]);
    expect(await lastRow()).toEqual({ outcome: 'succeeded', errorCode: null, upstreamStatus: 201 });
  });

  it.each([
    [301, '/moved'],
    [302, '/moved'],
    [303, '/moved'],
    [300, '/moved'],
    [307, 'http://127.0.0.1:1/things'],
    [308, 'https://elsewhere.example/things'],
    [307, undefined],
    [307, 'http://['],
    [304, undefined],
  ])('of status %i to %s is a failure, since nothing was done', async (status, location) => {
    redirect(status, location);
    const answer = await call('create_thing');
    expect(answer.status).toBe(422);
    expect(answer.headers.get('x-skillett-error-source')).toBe('upstream');
    expect(answer.json).toEqual({ status: 422, error: location === undefined ? null : { location } });
    expect(await lastRow()).toEqual({ outcome: 'upstream_failed', errorCode: null, upstreamStatus: status });
    stand.upstream.received.length = 0;
    const raw = await call('create_thing', { accept: 'application/octet-stream' });
    expect([raw.status, raw.json]).toEqual([422, answer.json]);
    stand.upstream.received.length = 0;
    const query = 'mutation { execute(integration: "desk", endpoint: "create_thing", params: {title: "x"}) { ok status data error } }';
    const overGraphql = (await stand.server.graphql(query, {}, bearer(key))).json.data.execute;
    expect(overGraphql).toEqual({ ok: false, status: 422, data: null, error: answer.json.error });
    stand.upstream.received.length = 0;
    const tool = await callTool(stand.post, key, 'execute', { endpoint: 'desk.create_thing', params: { title: 'x' } });
    expect([tool.failed, tool.json]).toEqual([true, answer.json]);
  });

  it('is followed three times and no further', async () => {
    redirect(307, '/moved/again', 100);
    expect((await call('create_thing')).json).toEqual({ status: 422, error: { location: '/moved/again' } });
    expect(stand.upstream.received).toHaveLength(4);
  });

  it('is told again under its idempotency key', async () => {
    redirect(301, '/moved');
    const first = await call('create_thing', { 'idempotency-key': 'moved-1' });
    const again = await call('create_thing', { 'idempotency-key': 'moved-1' });
    expect([again.status, again.json, again.headers.get('idempotent-replayed')]).toEqual([422, first.json, 'true']);
  });

  it('leaves a read as it was: 200 with the place', async () => {
    redirect(302, '/caf\u00c3\u00a9');
    expect((await call('list_things')).json).toEqual({ status: 302, data: { location: '/café' } });
  });
});

it('“100 Continue” that nobody asked for is named', async () => {
  stand.upstream.play = (_request, response) => {
    response.socket?.end('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  };
  const answer = await call('list_things');
  expect(answer.json).toMatchObject({ error: 'upstream_unexpected', message: expect.stringContaining('“100 Continue”') });
});

it('other announcements before an answer are passed over', async () => {
  stand.upstream.play = (_request, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</x>; rel=preload' });
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  };
  expect((await call('list_things')).json.data).toEqual({ a: [1, 2, 3] });
});

describe('a long body that says JSON', () => {
  const filling = 'x'.repeat(300_000);

  it.each([
    ['lines of JSON', `{"a":1}\n{"b":"${filling}"}`],
    ['a log', `[info] started ${filling}`],
    ['a page', `<html>${filling}</html>`],
    ['an object that ends early', `{"a":1}} ${filling}`],
  ])('and is none from its beginning comes as a string: %s', async (_name, body) => {
    stand.upstream.json(body);
    expect((await call('list_things')).json).toEqual({ status: 200, data: body });
    const query = '{ read(integration: "desk", endpoint: "list_things") { ok data } }';
    expect((await stand.server.graphql(query, {}, bearer(key))).json.data.read).toEqual({ ok: true, data: body });
  });

  it.each(['utf-16le', 'utf-16'])('and comes in %s is read by its charset, however long', async (charset) => {
    for (const length of [10, 300_000, 6_000_000]) {
      const body = Buffer.from(JSON.stringify({ a: 'é'.repeat(length) }), 'utf16le');
      stand.upstream.answer(200, { 'content-type': `application/json; charset=${charset}` }, body);
      expect((await call('list_things')).json.data).toEqual({ a: 'é'.repeat(length) });
    }
  });

  it('and comes in Latin-1 is read by its charset, and as UTF-8 where it is that', async () => {
    for (const encoding of ['latin1', 'utf8'] as const) {
      stand.upstream.answer(200, { 'content-type': 'application/json; charset=iso-8859-1' }, Buffer.from(`{"a":"é${filling}"}`, encoding));
      expect((await call('list_things')).json.data).toEqual({ a: `é${filling}` });
    }
  });

  it('and goes on beyond 50 MiB breaks off, and is written down as a failure', async () => {
    const mebibyte = Buffer.alloc(1024 * 1024, 0x20);
    stand.upstream.play = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"a":');
      for (let count = 0; count < 52 && !response.destroyed; count += 1) if (!response.write(mebibyte)) await drained(response);
      response.end('1}');
    };
    await expect(call('list_things')).rejects.toThrow();
    expect(await lastRow()).toEqual({ outcome: 'failed', errorCode: 'upstream_unexpected', upstreamStatus: 200 });
  });
});

it('an answer that an older release kept for an idempotency key is proven before it is told again', async () => {
  const { gateway } = stand.server;
  stand.upstream.json('{"id":1}', 201);
  const first = await call('create_thing', { 'idempotency-key': 'old-1' });
  expect(first.json).toEqual({ status: 201, data: { id: 1 } });
  const { callId } = await gateway.db.selectFrom('idempotencyClaims').select('callId').where('key', '=', 'old-1').executeTakeFirstOrThrow();
  const forged = '{"a":1},"status":200,"ok":{}';
  const answer = gateway.vault.seal(`{}\n${forged}`, callId);
  await gateway.db.updateTable('idempotencyClaims').set({ answer }).where('callId', '=', callId).execute();
  expect((await call('create_thing', { 'idempotency-key': 'old-1' })).json).toEqual({ status: 201, data: forged });
});
