import { randomBytes } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { createServer, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SkillettError } from '../../src/core/errors.ts';
import { Outbound, OutboundError, type OutboundRequest, readBody } from '../../src/core/outbound/outbound.ts';
import { eventually, Upstream } from '../support/upstream.ts';

/** A resolver under the test's control: host name → the addresses of each look-up in turn; the last one repeats. */
function resolver(names: Record<string, string[]>): LookupFunction & { asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push(hostname);
    const answers = names[hostname];
    if (!answers) return callback(Object.assign(new Error(`no ${hostname}`), { code: 'ENOTFOUND' }), []);
    const address = answers.length > 1 ? (answers.shift() as string) : (answers[0] as string);
    const family = address.includes(':') ? 6 : 4;
    process.nextTick(() => (options.all ? callback(null, [{ address, family }]) : callback(null, address, family)));
  };
  return Object.assign(lookup, { asked });
}

function request(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return { method: 'GET', url: new URL(url), headers: {}, timeoutMs: 3_000, integration: 'github', turnOf: 'ada', ...more };
}

async function failureOf(promise: Promise<unknown>): Promise<OutboundError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(OutboundError);
  return error as OutboundError;
}

let upstream: Upstream;
let other: Upstream;
let outbound: Outbound;

beforeAll(async () => {
  upstream = await Upstream.start();
  other = await Upstream.start();
  outbound = new Outbound({ allow: [`127.0.0.1:${upstream.port}`, `127.0.0.1:${other.port}`] });
});
afterAll(async () => {
  await outbound.close();
  await upstream.close();
  await other.close();
});
beforeEach(() => {
  upstream.reset();
  other.reset();
});

describe('addresses', () => {
  const literals = [
    'http://127.0.0.1',
    'http://2130706433',
    'http://0.0.0.0',
    'http://[::]',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
    'http://10.0.0.1',
    'http://169.254.169.254',
    'http://[64:ff9b::7f00:1]',
    'http://localhost',
    'http://LOCALHOST',
    'http://api.localhost',
    'http://localhost.',
    'http://api.example.com.',
  ];

  test.each(literals)('%s is refused before anything is looked up or sent', async (origin) => {
    const lookup = resolver({
      localhost: ['127.0.0.1'],
      'api.localhost': ['127.0.0.1'],
      'localhost.': ['127.0.0.1'],
      'api.example.com.': ['127.0.0.1'],
    });
    const strict = new Outbound({ allow: [], lookup });
    const error = await failureOf(strict.send(request(`${origin}:${upstream.port}/`)));
    expect(error).toMatchObject({ code: 'upstream_unreachable', kind: 'refused', sent: false });
    expect(error.message).toContain('github');
    expect(error.message).not.toMatch(/127|localhost|::/);
    expect(lookup.asked).toEqual([]);
    expect(upstream.received).toEqual([]);
    await strict.close();
  });

  test.each([
    ['the host', (port: number) => [`127.0.0.1`, port] as const],
    ['the host with the port', (port: number) => [`127.0.0.1:${port}`, port] as const],
  ])('a refused literal is called when the operator allows %s', async (_what, entry) => {
    const lenient = new Outbound({ allow: [entry(upstream.port)[0]] });
    const answer = await lenient.send(request(`${upstream.origin}/hello`));
    expect(answer.status).toBe(200);
    expect((await readBody(answer, 100)).toString()).toBe('{}');
    expect(upstream.received.map(({ target }) => target)).toEqual(['/hello']);
    await lenient.close();
  });

  test('an allowed port does not open the other ports of its host', async () => {
    const one = new Outbound({ allow: [`127.0.0.1:${upstream.port}`] });
    expect((await one.send(request(upstream.origin))).status).toBe(200);
    await expect(one.send(request(other.origin))).rejects.toMatchObject({ kind: 'refused' });
    await one.close();
  });

  test('an origin that the operator set for an integration is called, also when it was refused before', async () => {
    const strict = new Outbound({ allow: [] });
    await expect(strict.send(request(upstream.origin))).rejects.toMatchObject({ kind: 'refused' });
    strict.exempt('github', `${upstream.origin}/api/v3`);
    expect((await strict.send(request(upstream.origin))).status).toBe(200);
    await strict.close();
  });

  test('a name that resolves to an inner address is refused, and called when the operator allows the name', async () => {
    const names = () => resolver({ 'inner.example.com': ['127.0.0.1'] });
    const strict = new Outbound({ allow: [], lookup: names() });
    const error = await failureOf(strict.send(request(`http://inner.example.com:${upstream.port}/`)));
    expect(error).toMatchObject({ code: 'upstream_unreachable', kind: 'refused', sent: false });
    expect(upstream.received).toEqual([]);
    await strict.close();
    const lenient = new Outbound({ allow: ['inner.example.com'], lookup: names() });
    expect((await lenient.send(request(`http://inner.example.com:${upstream.port}/`))).status).toBe(200);
    expect(upstream.received).toHaveLength(1);
    await lenient.close();
  });

  test('a name of which any address is an inner one is refused', async () => {
    const lookup: LookupFunction = (_hostname, options, callback) => {
      expect(options.all).toBe(true);
      callback(null, [
        { address: '192.31.196.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    };
    const strict = new Outbound({ allow: [], lookup });
    await expect(strict.send(request(`http://mixed.example.com:${upstream.port}/`))).rejects.toMatchObject({ kind: 'refused' });
    await strict.close();
  });

  test('a name that changes its address between two connections is checked at each of them', async () => {
    // AS112's address (RFC 7534): public, and nothing answers there. Only the second look-up is refused.
    const lookup = resolver({ 'rebind.example.com': ['192.31.196.1', '127.0.0.1'] });
    const strict = new Outbound({ allow: [], lookup });
    const first = await failureOf(strict.send(request(`http://rebind.example.com:${upstream.port}/`, { timeoutMs: 200 })));
    expect(['network', 'timeout']).toContain(first.kind);
    const second = await failureOf(strict.send(request(`http://rebind.example.com:${upstream.port}/`, { timeoutMs: 2_000 })));
    expect(second.kind).toBe('refused');
    expect(lookup.asked).toHaveLength(2);
    expect(upstream.received).toEqual([]);
    await strict.close();
  });

  test('a name that does not resolve is said to be unreachable, and nothing was sent', async () => {
    const strict = new Outbound({ allow: [], lookup: resolver({}) });
    const error = await failureOf(strict.send(request('http://nowhere.example.com/')));
    expect(error).toMatchObject({ code: 'upstream_unreachable', kind: 'network', sent: false });
    expect(error.message).toContain('does not resolve');
    await strict.close();
  });

  test('only http and https are spoken', async () => {
    await expect(outbound.send(request('ftp://127.0.0.1/'))).rejects.toMatchObject({ kind: 'refused' });
  });
});

describe('what travels', () => {
  test('the request arrives as given, asks for plain bytes, and carries no hop-by-hop header and no cookie', async () => {
    const answer = await outbound.send(
      request(`${upstream.origin}/a?b=c`, {
        method: 'POST',
        headers: {
          'X-Plain': 'yes',
          Cookie: 'a=b',
          connection: 'close',
          'transfer-encoding': 'chunked',
          te: 'trailers',
          'proxy-authorization': 'x',
          upgrade: 'h2c',
          'keep-alive': '5',
          'accept-encoding': 'gzip',
        },
        body: 'hello',
      }),
    );
    await readBody(answer, 100);
    const [received] = upstream.received;
    expect(received).toMatchObject({ method: 'POST', target: '/a?b=c' });
    expect(received?.body.toString()).toBe('hello');
    expect(received?.headers).toEqual({
      host: `127.0.0.1:${upstream.port}`,
      connection: 'keep-alive',
      'x-plain': 'yes',
      'accept-encoding': 'identity',
      'content-length': '5',
    });
  });

  test('a body is collected whole up to the limit and left readable above it', async () => {
    const body = randomBytes(300_000);
    upstream.answer(200, {}, body);
    const whole = await outbound.send(request(upstream.origin));
    expect(await whole.collect(300_000)).toEqual(body);
    const long = await outbound.send(request(upstream.origin));
    expect(await long.collect(299_999)).toBeUndefined();
    const chunks: Buffer[] = [];
    for await (const chunk of long.body) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(body);
  });

  test('readBody refuses a longer body and frees the connection', async () => {
    upstream.answer(200, {}, Buffer.alloc(1_000_000));
    const answer = await outbound.send(request(upstream.origin));
    await expect(readBody(answer, 999_999)).rejects.toMatchObject({ code: 'upstream_unexpected' });
    const again = await outbound.send(request(upstream.origin));
    expect((await readBody(again, 1_000_000)).length).toBe(1_000_000);
  });

  test('an answer compressed against our wish is unpacked, its limit counting what comes out', async () => {
    const plain = Buffer.alloc(2_000_000, 'a');
    upstream.answer(200, { 'content-encoding': 'gzip' }, gzipSync(plain));
    const whole = await outbound.send(request(upstream.origin));
    expect(whole.headers).not.toHaveProperty('content-encoding');
    expect(await whole.collect(2_000_000)).toEqual(plain);
    const bomb = await outbound.send(request(upstream.origin));
    await expect(readBody(bomb, 1_000_000)).rejects.toMatchObject({ code: 'upstream_unexpected' });
    const streamed = await outbound.send(request(upstream.origin));
    expect(await streamed.collect(1_000)).toBeUndefined();
    let bytes = 0;
    for await (const chunk of streamed.body) bytes += chunk.length;
    expect(bytes).toBe(2_000_000);
  });

  test.each([
    [204, {}],
    [200, { 'content-length': '0' }],
  ])('an empty %i that names an encoding is empty', async (status, headers) => {
    upstream.answer(status, { 'content-encoding': 'gzip', ...headers });
    const answer = await outbound.send(request(upstream.origin));
    expect([answer.status, await answer.collect(10)]).toEqual([status, Buffer.alloc(0)]);
  });

  test('an answer in a coding that cannot be undone is said to be unexpected', async () => {
    upstream.answer(200, { 'content-encoding': 'pack200-gzip' }, 'x');
    const unreadable = await outbound.send(request(upstream.origin));
    await expect(unreadable.collect(100)).rejects.toMatchObject({ code: 'upstream_unexpected' });
    upstream.answer(200, { 'content-encoding': 'gzip' }, 'not gzip');
    const broken = await outbound.send(request(upstream.origin));
    await expect(broken.collect(100)).rejects.toMatchObject({ code: 'upstream_unexpected' });
  });
});

describe('time', () => {
  test('a service that does not begin to answer in time is given up, and its connection closed', async () => {
    upstream.play = () => {};
    const error = await failureOf(outbound.send(request(upstream.origin, { timeoutMs: 200 })));
    expect(error).toMatchObject({ code: 'upstream_timeout', kind: 'timeout', sent: true });
    expect(error.message).toContain('0.2 s');
    await eventually(() => upstream.open.size === 0, 'the exchange has ended');
  });

  test('a service that stops in the middle of its answer is given up', async () => {
    upstream.play = (_request, response) => void response.write('{"a":');
    const answer = await outbound.send(request(upstream.origin, { timeoutMs: 300 }));
    await expect(answer.collect(1_000)).rejects.toMatchObject({ code: 'upstream_timeout' });
    const streamed = await outbound.send(request(upstream.origin, { timeoutMs: 300 }));
    await expect(streamed.body.toArray()).rejects.toMatchObject({ code: 'upstream_timeout' });
    await eventually(() => upstream.open.size === 0, 'the exchanges have ended');
  });

  test("time that the reader takes is not the service's", async () => {
    upstream.answer(200, {}, Buffer.alloc(3_000_000));
    const answer = await outbound.send(request(upstream.origin, { timeoutMs: 400 }));
    expect(await answer.collect(1_000)).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(Buffer.concat(await answer.body.toArray()).length).toBe(3_000_000);
  });

  test('a slow service keeps nobody else waiting', async () => {
    upstream.play = () => {};
    const slow = Array.from({ length: 300 }, () => failureOfAny(outbound.send(request(upstream.origin, { timeoutMs: 1_000 }))));
    const startedMs = performance.now();
    expect((await outbound.send(request(other.origin))).status).toBe(200);
    expect(performance.now() - startedMs).toBeLessThan(500);
    const codes = (await Promise.all(slow)).map(({ code }) => code);
    expect(codes.slice(0, 128)).toEqual(Array.from({ length: 128 }, () => 'upstream_timeout'));
    expect(codes.at(-1)).toBe('unavailable');
  });
});

/** What a call failed with, of ours or the service's. */
async function failureOfAny(promise: Promise<unknown>): Promise<SkillettError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SkillettError);
  return error as SkillettError;
}

describe('turns at an origin', () => {
  // Of their own, since what the tests leave running would take places.
  let upstream: Upstream;
  let outbound: Outbound;
  beforeEach(async () => {
    upstream = await Upstream.start();
    outbound = new Outbound({ allow: ['127.0.0.1'] });
  });
  afterEach(async () => {
    await upstream.close();
    await outbound.close();
  });

  test("a user's many slow calls leave half of the connections to others, whose calls go at once", async () => {
    upstream.play = ({ target }, response) => void (target === '/slow' || response.end('{}'));
    const leaving = new AbortController();
    const slow = Array.from({ length: 500 }, () =>
      outbound.send(request(`${upstream.origin}/slow`, { signal: leaving.signal })).catch(() => undefined),
    );
    await eventually(() => upstream.received.length === 128, 'half of the connections are taken');
    for (const turnOf of ['bea', 'cleo']) await readBody(await outbound.send(request(`${upstream.origin}/quick`, { turnOf })), 100);
    expect(upstream.received.slice(128).map(({ target }) => target)).toEqual(['/quick', '/quick']);
    leaving.abort();
    await Promise.all(slow);
  });

  test('a call that waited until its time was over was not sent, and says what to do', async () => {
    upstream.play = () => {};
    const taken = Array.from({ length: 128 }, () => failureOfAny(outbound.send(request(upstream.origin))));
    const last = await failureOfAny(outbound.send(request(`${upstream.origin}/last`, { method: 'POST', timeoutMs: 300 })));
    expect(last).toMatchObject({ code: 'unavailable', headers: { 'retry-after': '5' } });
    expect(last.message).toMatch(/github.* your share of its connections.* not sent.*fewer at once/);
    await Promise.all(taken);
    expect(upstream.received.filter(({ method }) => method === 'POST')).toEqual([]);
  });

  test('a caller who leaves while waiting is never sent, and those who wait behind go on', async () => {
    const answers: (() => void)[] = [];
    upstream.play = (_request, response) => void answers.push(() => response.end('{}'));
    const first = Array.from({ length: 128 }, async () => readBody(await outbound.send(request(upstream.origin)), 100));
    const leaving = new AbortController();
    const left = failureOf(outbound.send(request(`${upstream.origin}/left`, { signal: leaving.signal })));
    const behind = outbound.send(request(`${upstream.origin}/behind`));
    await eventually(() => answers.length === 128, 'all places are taken');
    leaving.abort();
    expect(await left).toMatchObject({ kind: 'aborted', sent: false });
    answers[0]?.();
    await eventually(() => answers.length === 129, 'the next one was sent');
    for (const answer of answers) answer();
    expect((await behind).status).toBe(200);
    await Promise.all(first);
    expect(upstream.received.map(({ target }) => target)).not.toContain('/left');
    expect(upstream.received.at(-1)?.target).toBe('/behind');
  });

  test('what waits when the process stops is still sent', async () => {
    const stopping = new Outbound({ allow: [`127.0.0.1:${upstream.port}`] });
    upstream.play = (_request, response) => void setTimeout(() => response.end('{}'), 20);
    const calls = Array.from({ length: 200 }, async () => readBody(await stopping.send(request(upstream.origin)), 100));
    await stopping.close();
    expect(await Promise.all(calls)).toHaveLength(200);
  });

  test("calls beyond a user's share of what may wait are refused, others' pass meanwhile, and all pass again afterwards", async () => {
    upstream.play = ({ target }, response) => void (target === '/quick' && response.end('{}'));
    const waiting = Array.from({ length: 1_128 }, () => failureOfAny(outbound.send(request(upstream.origin, { timeoutMs: 1_500 }))));
    const refused = await failureOfAny(outbound.send(request(upstream.origin)));
    expect(refused).toMatchObject({ code: 'unavailable', headers: { 'retry-after': '5' } });
    expect(refused.message).toMatch(/your calls to github wait.* not sent.*fewer at once/);
    expect((await outbound.send(request(`${upstream.origin}/quick`, { turnOf: 'bea' }))).status).toBe(200);
    await Promise.all(waiting);
    upstream.reset();
    expect((await outbound.send(request(upstream.origin))).status).toBe(200);
  });

  test('bodies that wait are bounded by their bytes', async () => {
    upstream.play = () => {};
    const body = Buffer.alloc(20 * 1024 * 1024);
    const taken = Array.from({ length: 128 }, () => failureOfAny(outbound.send(request(upstream.origin, { timeoutMs: 2_000 }))));
    const large = Array.from({ length: 4 }, () =>
      failureOfAny(outbound.send(request(upstream.origin, { method: 'POST', body, timeoutMs: 500 }))),
    );
    expect((await large[3])?.message).toMatch(/wait for a connection already/);
    expect((await large[2])?.message).toMatch(/held your share/);
    await Promise.all(taken);
  });
});

describe('connections', () => {
  test('a client that leaves before, during or after the headers ends the exchange at the service', async () => {
    for (const phase of ['at once', 'before the headers', 'in the body']) {
      const leaving = new AbortController();
      if (phase === 'at once') leaving.abort();
      upstream.play = (_request, response) => void (phase === 'in the body' && response.write(Buffer.alloc(200_000)));
      const sending = outbound.send(request(upstream.origin, { signal: leaving.signal }));
      if (phase === 'before the headers') setTimeout(() => leaving.abort(), 50);
      if (phase === 'in the body') {
        const answer = await sending;
        setTimeout(() => leaving.abort(), 50);
        await expect(answer.body.toArray()).rejects.toMatchObject({ kind: 'aborted' });
      } else await expect(sending).rejects.toMatchObject({ kind: 'aborted' });
      await eventually(() => upstream.open.size === 0, `the exchange has ended when the client leaves ${phase}`);
    }
  });

  test('500 clients that leave take no connection with them', async () => {
    upstream.play = (_request, response) => void response.write(Buffer.alloc(100_000));
    await Promise.all(
      Array.from({ length: 500 }, async (_, at) => {
        const leaving = new AbortController();
        setTimeout(() => leaving.abort(), at % 50);
        const answer = await outbound.send(request(upstream.origin, { signal: leaving.signal })).catch(() => undefined);
        if (at % 3 === 0) answer?.discard();
        else if (at % 3 === 1) await answer?.collect(1_000_000).catch(() => undefined);
        else await answer?.body.toArray().catch(() => undefined);
      }),
    );
    upstream.reset();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => outbound.send(request(upstream.origin)).then((answer) => readBody(answer, 100))),
    );
    expect(answers).toHaveLength(200);
  });

  test('a reader that stops ends the exchange', async () => {
    upstream.play = (_request, response) => void response.write(Buffer.alloc(500_000));
    const answer = await outbound.send(request(upstream.origin));
    for await (const _chunk of answer.body) break;
    await eventually(() => upstream.open.size === 0, 'the exchange has ended');
  });

  test('a connection is used again when the body was read', async () => {
    const fresh = await Upstream.start();
    const lenient = new Outbound({ allow: ['127.0.0.1'] });
    for (let turn = 0; turn < 20; turn += 1) await readBody(await lenient.send(request(fresh.origin)), 100);
    expect(fresh.received).toHaveLength(20);
    // undici frees a connection a turn of the loop after its answer ended, so two take turns.
    expect(fresh.sockets.size).toBeLessThanOrEqual(2);
    await lenient.close();
    await fresh.close();
  });

  test('a refused connection says that nothing was sent, a broken one that something was', async () => {
    const closed: Server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const lenient = new Outbound({ allow: ['127.0.0.1'] });
    const unsent = await failureOf(lenient.send(request(`http://127.0.0.1:${port}/`, { method: 'POST' })));
    expect(unsent).toMatchObject({ code: 'upstream_unreachable', kind: 'network', sent: false });
    expect(unsent.message).not.toContain(String(port));
    expect(unsent.message).toContain('Try again shortly');
    upstream.play = (_request, response) => void response.destroy();
    const sent = await failureOf(lenient.send(request(upstream.origin, { method: 'POST' })));
    expect(sent).toMatchObject({ code: 'upstream_unreachable', kind: 'network', sent: true });
    expect(sent.message).toContain('look whether it took effect');
    expect(sent.message).not.toContain('Try again shortly');
    await lenient.close();
  });

  test('bytes that are no HTTP answer are said to be unexpected', async () => {
    const odd: Server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.7\r\n'));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => odd.once('listening', resolve));
    const lenient = new Outbound({ allow: ['127.0.0.1'] });
    await expect(lenient.send(request(`http://127.0.0.1:${(odd.address() as { port: number }).port}/`))).rejects.toMatchObject({
      code: 'upstream_unexpected',
    });
    await lenient.close();
    await new Promise((resolve) => odd.close(resolve));
  });
});

describe('redirects', () => {
  const credential = { authorization: 'Bearer secret', 'x-api-key': 'secret', accept: 'application/json', 'user-agent': 'skillett' };

  test('are left alone unless they are to be followed', async () => {
    upstream.answer(302, { location: '/elsewhere' });
    const answer = await outbound.send(request(upstream.origin));
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe('/elsewhere');
    expect(upstream.received).toHaveLength(1);
  });

  test('within an origin keep the credential', async () => {
    upstream.play = ({ target }, response) =>
      void (target === '/new?x=1' ? response.end('there') : response.writeHead(301, { location: '/new?x=1' }).end());
    const answer = await outbound.send(request(`${upstream.origin}/old`, { followRedirects: 'read', headers: credential }));
    expect((await readBody(answer, 100)).toString()).toBe('there');
    expect(upstream.received[1]?.headers).toMatchObject(credential);
  });

  test('within an origin keep the credential of the query, whether the service repeats it or not', async () => {
    for (const location of ['/new?x=1', '/new?x=1&key=secret', '/new?KEY=secret&x=1']) {
      upstream.received.length = 0;
      upstream.play = ({ target }, response) =>
        void (target.startsWith('/new') ? response.end('there') : response.writeHead(302, { location }).end());
      const answer = await outbound.send(
        request(`${upstream.origin}/old?key=secret`, { followRedirects: 'read', credentialQuery: ['key'] }),
      );
      expect((await readBody(answer, 100)).toString()).toBe('there');
      expect(upstream.received[1]?.target).toBe('/new?x=1&key=secret');
    }
  });

  test('to another origin carry no credential, in a header or in the query', async () => {
    upstream.play = (_request, response) =>
      void response.writeHead(302, { location: `${other.origin}/file?key=secret&Key=secret&sig=1` }).end();
    other.answer(200, {}, 'file');
    const answer = await outbound.send(
      request(`${upstream.origin}/log?key=secret`, { followRedirects: 'read', headers: credential, credentialQuery: ['key'] }),
    );
    expect((await readBody(answer, 100)).toString()).toBe('file');
    expect(other.received[0]?.target).toBe('/file?sig=1');
    expect(other.received[0]?.headers).toEqual({
      host: `127.0.0.1:${other.port}`,
      connection: 'keep-alive',
      accept: 'application/json',
      'user-agent': 'skillett',
      'accept-encoding': 'identity',
    });
  });

  test('that come back to the first origin do not get the credential back', async () => {
    upstream.play = ({ target }, response) =>
      void (target === '/end' ? response.end() : response.writeHead(302, { location: `${other.origin}/` }).end());
    other.answer(302, { location: `${upstream.origin}/end` });
    await outbound.send(request(`${upstream.origin}/`, { followRedirects: 'read', headers: credential }));
    expect(upstream.received[1]).toMatchObject({ target: '/end' });
    expect(upstream.received[1]?.headers).not.toHaveProperty('authorization');
    expect(upstream.received[1]?.headers).not.toHaveProperty('x-api-key');
  });

  test('stop after three hops with the redirect that is then there', async () => {
    upstream.play = ({ target }, response) => void response.writeHead(302, { location: `/${Number(target.slice(1)) + 1}` }).end();
    const answer = await outbound.send(request(`${upstream.origin}/0`, { followRedirects: 'read' }));
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe('/4');
    expect(upstream.received.map(({ target }) => target)).toEqual(['/0', '/1', '/2', '/3']);
  });

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://localhost/',
    'http://[::1]/',
    'file:///etc/passwd',
    'http://inner.example.com/',
  ])('to %s are refused', async (location) => {
    const lenient = new Outbound({ allow: [`127.0.0.1:${upstream.port}`], lookup: resolver({ 'inner.example.com': ['10.0.0.7'] }) });
    upstream.answer(302, { location });
    await expect(lenient.send(request(upstream.origin, { followRedirects: 'read' }))).rejects.toMatchObject({
      code: 'upstream_unreachable',
      kind: 'refused',
    });
    await lenient.close();
  });

  test('lead one integration into its own exempt address, and never into one that was set for another', async () => {
    const strict = new Outbound({ allow: [] });
    strict.exempt('github', upstream.origin);
    strict.exempt('notes', other.origin);
    other.answer(200, {}, 'private');
    // The owner of the address is served first, so that a connection to it is open and could be taken.
    expect((await strict.send(request(other.origin, { integration: 'notes' }))).status).toBe(200);
    upstream.answer(302, { location: `${other.origin}/admin` });
    const refused = { code: 'upstream_unreachable', kind: 'refused' };
    await expect(strict.send(request(upstream.origin, { followRedirects: 'read' }))).rejects.toMatchObject(refused);
    await expect(strict.send(request(`${other.origin}/admin`))).rejects.toMatchObject(refused);
    expect(other.received.map(({ target }) => target)).toEqual(['/']);
    upstream.play = ({ target }, response) =>
      void (target === '/end' ? response.end('own') : response.writeHead(302, { location: `${upstream.origin}/end` }).end());
    expect((await readBody(await strict.send(request(upstream.origin, { followRedirects: 'read' })), 100)).toString()).toBe('own');
    strict.exempt('github', other.origin);
    upstream.answer(302, { location: `${other.origin}/admin` });
    expect((await readBody(await strict.send(request(upstream.origin, { followRedirects: 'read' })), 100)).toString()).toBe('private');
    await strict.close();
  });

  test('of anything but a GET are not followed', async () => {
    upstream.answer(307, { location: `${other.origin}/` });
    expect((await outbound.send(request(upstream.origin, { method: 'POST', body: 'x', followRedirects: 'read' }))).status).toBe(307);
    expect(other.received).toEqual([]);
  });

  test('share one time limit', async () => {
    upstream.play = async (_request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      response.writeHead(302, { location: '/' }).end();
    };
    await expect(outbound.send(request(upstream.origin, { followRedirects: 'read', timeoutMs: 400 }))).rejects.toMatchObject({
      code: 'upstream_timeout',
    });
  });
});
