/** The connections of an origin: who has a turn at them, and what becomes of one that breaks. */
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Outbound, readBody } from '../../src/core/outbound/outbound.ts';
import { eventually, Upstream } from '../support/upstream.ts';
import { failureOf, failureOfAny, type OutboundStand, openOutbound, request } from './outbound-stand.ts';

let stand: OutboundStand;
let upstream: Upstream;
let outbound: Outbound;
beforeAll(async () => {
  stand = await openOutbound();
  ({ upstream, outbound } = stand);
});
afterAll(() => stand.close());
beforeEach(() => stand.reset());

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
