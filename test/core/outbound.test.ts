/** What leaves this process: to which addresses, with what, and how long it may take. */

import { randomBytes } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Outbound, readBody } from '../../src/core/outbound/outbound.ts';
import { eventually, type Upstream } from '../support/upstream.ts';
import { failureOf, failureOfAny, type OutboundStand, openOutbound, request, resolver } from './outbound-stand.ts';

let stand: OutboundStand;
let upstream: Upstream;
let other: Upstream;
let outbound: Outbound;
beforeAll(async () => {
  stand = await openOutbound();
  ({ upstream, other, outbound } = stand);
});
afterAll(() => stand.close());
beforeEach(() => stand.reset());

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

  test('a resolver that finds a name without any address makes one call fail, and not the process', async () => {
    const lookup: LookupFunction = (_hostname, _options, callback) => void process.nextTick(callback, null, []);
    const strict = new Outbound({ allow: [], lookup });
    const error = await failureOf(strict.send(request('http://empty.example.com/')));
    expect(error).toMatchObject({ code: 'upstream_unreachable', kind: 'network', sent: false });
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

  test('an answer in more codings than anybody needs is refused in few words', async () => {
    const codings = (count: number) => upstream.answer(200, { 'content-encoding': Array(count).fill('gzip').join() }, 'x');
    codings(500);
    await expect((await outbound.send(request(upstream.origin))).collect(100)).rejects.toThrow(
      'compressed (500 times), cannot be unpacked',
    );
    codings(2);
    await expect((await outbound.send(request(upstream.origin))).collect(100)).rejects.toThrow(
      'compressed (gzip, gzip), cannot be unpacked',
    );
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
