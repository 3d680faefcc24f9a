/** Answers that come as a stream: passed on live over REST, collected elsewhere, and ended by whatever ends them. */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LiveStreams } from '../../src/domains/executions/answer/passed/live-streams.ts';
import { addKey, addUser } from '../admission/people.ts';
import { eventually } from '../support/upstream.ts';
import { type RecipeStand, startRecipeStand } from './recipe-stand.ts';

let stand: RecipeStand;
let userId: string;
let key: string;
let answer: ServerResponse;
const idleMs = 400;

const title = { in: 'body', type: 'string', description: 'Its title.', examples: ['x'] };
const bearer = [{ type: 'bearer', how: 'Make one.' }];

beforeAll(async () => {
  stand = await startRecipeStand(
    {
      listen: { answer_stream: 'sse', answer_headers: ['x-model'] },
      list_lines: { answer_stream: 'ndjson' },
      write: { method: 'POST', answer_stream: 'sse', parameters: { title } },
      listen_briefly: { answer_stream: 'sse', timeout_ms: 1_000 },
    },
    {
      recipe: { auth: bearer, verify: { path: '/me', account: { id: 'id', label: 'id' } } },
      streams: { idleMs, checkMs: 100 },
    },
  );
});
afterAll(() => stand.close());
beforeEach(async () => {
  userId = await addUser(stand.server.gateway.database);
  key = (await addKey(stand.server.gateway.database, userId)).id;
  stand.upstream.reset();
  stand.upstream.json('{"id":"1"}');
  await connect(key);
  stand.upstream.play = (_request, response) => {
    answer = response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-model': 'm' });
    response.flushHeaders();
  };
});

async function connect(who: string): Promise<string> {
  const body = { integration: 'desk', credentials: { token: 't' } };
  const { json } = await stand.server.request('POST', '/v1/connect', { body, authorization: `Bearer ${who}` });
  expect(json.status).toBe('connected');
  return json.connection_id;
}

interface Live {
  response: Response;
  /** The text that has come until now. */
  text: string;
  /** How it ended: true where whole. */
  over: Promise<boolean>;
  leave(): void;
}

async function open(endpoint: string, accept = 'text/event-stream', headers: Record<string, string> = {}, who = key): Promise<Live> {
  const leaving = new AbortController();
  const response = await fetch(`${stand.server.url}/v1/desk/${endpoint}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who}`, accept, 'content-type': 'application/json', ...headers },
    body: '{}',
    signal: leaving.signal,
  });
  const live: Live = { response, text: '', over: Promise.resolve(true), leave: () => leaving.abort() };
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) live.text += decoder.decode(chunk, { stream: true });
  };
  live.over = read().then(
    () => true,
    () => false,
  );
  return live;
}

const as = (headers: Record<string, string> = {}) => ({ authorization: `Bearer ${key}`, headers });
const collected = (endpoint: string, headers: Record<string, string> = {}, body: object = {}) =>
  stand.server.request('POST', `/v1/desk/${endpoint}`, { body, ...as(headers) });

async function lastRow() {
  for (let turn = 0; turn < 200; turn += 1) {
    const row = await stand.server.gateway.db
      .selectFrom('skillCalls')
      .select(['outcome', 'errorCode', 'upstreamStatus'])
      .where('userId', '=', userId)
      .orderBy('id', 'desc')
      .executeTakeFirst();
    if (row && row.outcome !== 'started') return row;
    await delay(20);
  }
  throw new Error('The end of the call was not written.');
}

describe('a stream that is passed on', () => {
  it('is one of 128 of its user, whose next ones are refused unsent until one has ended', async () => {
    const responses: ServerResponse[] = [];
    stand.upstream.play = (_request, response) => {
      responses.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
      response.write('data: 1\n\n');
    };
    const beating = setInterval(() => responses.forEach((one) => void (one.writableEnded || one.write('data: x\n\n'))), 100);
    const all = await Promise.all(Array.from({ length: 131 }, () => open('listen')));
    const refused = all.filter(({ response }) => response.status === 503);
    expect([refused.length, responses.length]).toEqual([3, 128]);
    await refused[0]?.over;
    expect(JSON.parse(refused[0]?.text ?? '')).toMatchObject({
      error: 'unavailable',
      message: expect.stringContaining('128 of your streams'),
    });
    expect(refused[0]?.response.headers.get('retry-after')).toBe('5');
    const other = (await addKey(stand.server.gateway.database, await addUser(stand.server.gateway.database))).id;
    stand.upstream.json('{"id":"1"}');
    const { play } = stand.upstream;
    await connect(other);
    stand.upstream.play = (_request, response) => void responses.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
    const theirs = await open('listen', 'text/event-stream', {}, other);
    expect(theirs.response.status).toBe(200);
    stand.upstream.play = play;
    responses[0]?.end();
    const again = async () => {
      while ((await open('listen')).response.status !== 200) await delay(20);
    };
    await again();
    clearInterval(beating);
    for (const live of [...all, theirs]) live.leave();
    for (const one of responses) one.end();
    // What was refused keeps nobody's place, nor does what has ended.
    stand.upstream.json('{"id":"1"}');
    for (let turn = 0; turn < 6; turn += 1) expect((await open('listen')).response.status).toBe(200);
  });

  it('is there as it comes, its headers before its first event', async () => {
    const live = await open('listen');
    expect([live.response.status, live.response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect([live.response.headers.get('x-model'), live.response.headers.get('x-content-type-options')]).toEqual(['m', 'nosniff']);
    for (const event of ['data: 1\n\n', 'data: {"a":2}\n\n']) {
      answer.write(event);
      await eventually(() => live.text.endsWith(event), 'the event came');
    }
    answer.end();
    expect([await live.over, live.text]).toEqual([true, 'data: 1\n\ndata: {"a":2}\n\n']);
    expect(await lastRow()).toEqual({ outcome: 'succeeded', errorCode: null, upstreamStatus: 200 });
  });

  it('is one of lines too, and in the raw form, and of an endpoint that writes', async () => {
    for (const [endpoint, accept] of [
      ['list_lines', 'application/json, application/x-ndjson'],
      ['list_lines', 'application/octet-stream'],
      ['write', 'text/event-stream'],
    ] as const) {
      const type = endpoint === 'write' ? 'text/event-stream' : 'application/x-ndjson';
      stand.upstream.play = (_request, response) => {
        answer = response.writeHead(200, { 'content-type': type });
        response.flushHeaders();
      };
      const live = await open(endpoint, accept);
      answer.write('{"a":1}\n');
      await eventually(() => live.text === '{"a":1}\n', 'the line came');
      answer.end('{"a":2}\n');
      expect([await live.over, live.text]).toEqual([true, '{"a":1}\n{"a":2}\n']);
    }
  });

  it('ends when nothing comes for a while, and not while something does', async () => {
    const live = await open('listen');
    for (let turn = 0; turn < 6; turn += 1) {
      await delay(idleMs / 3);
      answer.write(': there\n\n');
    }
    expect(live.text.length).toBeGreaterThan(20);
    expect(await live.over).toBe(false);
    expect(await lastRow()).toEqual({ outcome: 'failed', errorCode: 'upstream_timeout', upstreamStatus: 200 });
    await eventually(() => stand.upstream.open.size === 0, 'the service was let go');
  });

  it('ends when nothing ever comes, and when its time is over', async () => {
    expect(await (await open('listen')).over).toBe(false);
    expect((await lastRow()).errorCode).toBe('upstream_timeout');
    const startedMs = performance.now();
    const live = await open('listen_briefly');
    const ticking = setInterval(() => answer.write('data: x\n\n'), 50);
    expect(await live.over).toBe(false);
    clearInterval(ticking);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect((await lastRow()).errorCode).toBe('upstream_timeout');
  });

  it('is let go by the service when its clients leave, as many as one user has connections for, and a further call finds one', async () => {
    const beats: NodeJS.Timeout[] = [];
    stand.upstream.play = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const beat = setInterval(() => response.write(': x\n\n'), 50);
      beats.push(beat);
      response.on('close', () => clearInterval(beat));
    };
    const many = await Promise.all(Array.from({ length: 128 }, () => open('listen')));
    await eventually(() => stand.upstream.open.size === 128 && many.every(({ text }) => text !== ''), 'all were open');
    for (const live of many) live.leave();
    await eventually(() => stand.upstream.open.size === 0, 'the service was let go');
    expect(beats).toHaveLength(128);
    stand.upstream.answer(200, { 'content-type': 'text/event-stream' }, 'data: 1\n\n');
    expect((await collected('listen')).json).toEqual({ status: 200, data: [{ data: 1 }] });
  });

  it('breaks off for the client where the service breaks off', async () => {
    const live = await open('listen');
    answer.write('data: {"half":');
    await eventually(() => live.text !== '', 'it came');
    answer.destroy();
    expect(await live.over).toBe(false);
    expect(await lastRow()).toEqual({ outcome: 'failed', errorCode: 'upstream_unreachable', upstreamStatus: 200 });
  });
});

describe('a stream ends with', () => {
  it('its key, and that of another key goes on', async () => {
    const other = (await addKey(stand.server.gateway.database, userId)).id;
    const theirs = await open('listen', 'text/event-stream', {}, other);
    const kept = answer;
    const live = await open('listen');
    const beat = setInterval(() => {
      kept.write(': x\n\n');
      answer.write(': x\n\n');
    }, 50);
    const startedMs = performance.now();
    const revoked = await stand.server.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }', { id: key }, as());
    expect(revoked.json.errors).toBeUndefined();
    expect(await live.over).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(await lastRow()).toEqual({ outcome: 'failed', errorCode: 'api_key_revoked', upstreamStatus: 200 });
    const before = theirs.text.length;
    await eventually(() => theirs.text.length > before + 15, 'the other one goes on');
    clearInterval(beat);
    kept.end();
    expect(await theirs.over).toBe(true);
  });

  it('its account, and with its user', async () => {
    const beat = setInterval(() => answer?.write(': x\n\n'), 50);
    const live = await open('listen');
    const { db } = stand.server.gateway;
    const [connection] = await db.selectFrom('connections').select('id').where('userId', '=', userId).execute();
    const gone = await stand.server.request('DELETE', `/v1/connect/${connection?.id}`, as());
    expect(gone.status).toBe(204);
    expect(await live.over).toBe(false);
    expect((await lastRow()).errorCode).toBe('integration_not_connected');
    clearInterval(beat);
  });
});

it('a stream ends where nobody can say for long whether its key is good, and is asked for again before', async () => {
  const { log } = stand.server.gateway;
  let asked = 0;
  const away = async (): Promise<never> => {
    asked += 1;
    throw new Error('the database is away');
  };
  const streams = new LiveStreams(away, log, { checkMs: 20, unknownMs: 150 });
  const startedMs = performance.now();
  const why = await new Promise<{ code: string }>((resolve) => streams.watch({ keyId: 'key_1', connectionId: undefined, end: resolve }));
  expect(why.code).toBe('unauthorized');
  expect(performance.now() - startedMs).toBeGreaterThan(140);
  expect(asked).toBeGreaterThan(1);
});

describe('a stream that is collected', () => {
  const events = 'event: a\nid: 7\ndata: {"n":12345678901234567890}\n\n: note\ndata: one\ndata:two\r\n\r\ndata: [DONE]\n\ndata: half';

  it('is a list of its events over every door, without the half of one at its end', async () => {
    stand.upstream.answer(200, { 'content-type': 'text/event-stream' }, events);
    const text = '[{"event":"a","id":"7","data":{"n":12345678901234567890}},{"id":"7","data":"one\\ntwo"},{"id":"7","data":"[DONE]"}]';
    expect((await collected('listen')).text).toBe(`{"status":200,"data":${text}}`);
    const query = '{ read(integration: "desk", endpoint: "listen", select: "[].data") { data } }';
    expect((await stand.server.graphql(query, {}, as())).json.data.read.data).toEqual([{ n: 12345678901234567000 }, 'one\ntwo', '[DONE]']);
    stand.upstream.json('{"id":"1"}');
    await connect(stand.server.key);
    stand.upstream.answer(200, { 'content-type': 'text/event-stream' }, events);
    expect((await stand.mcp('listen')).text).toContain(text);
  });

  it('is a list of its lines, or a text where they are none of JSON', async () => {
    stand.upstream.answer(200, { 'content-type': 'application/jsonl' }, '{"a":1.10}\r\n\n[2]\n');
    expect((await collected('list_lines')).text).toBe('{"status":200,"data":[{"a":1.10},[2]]}');
    stand.upstream.answer(200, { 'content-type': 'application/x-ndjson' }, '{"a":1}\n{"a":');
    expect((await collected('list_lines')).json.data).toBe('{"a":1}\n{"a":');
    stand.upstream.answer(200, { 'content-type': 'application/x-ndjson' }, '');
    expect((await collected('list_lines')).json.data).toEqual([]);
  });

  it('is refused beyond 1 MiB with the name of the streamed form, however it was packed', async () => {
    const long = `data: ${'x'.repeat(2 * 1024 * 1024)}\n\n`;
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    for (const [headers, body] of [
      [{}, long],
      [{ 'content-encoding': 'gzip' }, bomb],
    ] as const) {
      stand.upstream.answer(200, { 'content-type': 'text/event-stream', ...headers }, body);
      const { json } = await collected('listen');
      expect(json).toMatchObject({
        error: 'upstream_unexpected',
        message: expect.stringContaining('`Accept: text/event-stream` passes it on'),
      });
    }
    stand.upstream.answer(200, { 'content-type': 'text/event-stream' }, long);
    const live = await open('listen');
    expect([await live.over, live.text.length]).toEqual([true, long.length]);
  });

  it('is one with an idempotency key, and comes again as it came', async () => {
    stand.upstream.answer(200, { 'content-type': 'text/event-stream' }, 'data: 1\n\n');
    const headers = { accept: 'text/event-stream', 'idempotency-key': 'stream-1' };
    const [first, again] = [await collected('write', headers), await collected('write', headers)];
    expect([first.text, again.text]).toEqual(['data: 1\n\n', 'data: 1\n\n']);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const other = await collected('write', { 'idempotency-key': 'stream-1' });
    expect(other.json.error).toBe('idempotency_mismatch');
  });
});

describe('what is no stream', () => {
  it.each([
    [404, 'application/json', '{"a":1}', { status: 404, error: { a: 1 } }],
    [500, 'text/event-stream', 'data: 1\n\n', { status: 500, error: 'data: 1\n\n' }],
    [200, 'application/json', '{"a":1}', { status: 200, data: { a: 1 } }],
    [204, 'text/event-stream', '', { status: 204, data: null }],
  ])('an answer of %s and %s is given as any other', async (status, type, body, expected) => {
    stand.upstream.answer(status, { 'content-type': type }, body);
    expect((await collected('write', { accept: 'text/event-stream' })).json).toEqual(expected);
  });

  it('`select` beside a stream that would be passed on is refused, and nothing is sent', async () => {
    stand.upstream.received.length = 0;
    const refused = await collected('listen', { accept: 'text/event-stream' }, { select: '[].data' });
    expect(refused.json).toMatchObject({ error: 'bad_request', message: expect.stringContaining('Leave `select` out') });
    expect(stand.upstream.received).toEqual([]);
  });
});
