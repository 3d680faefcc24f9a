/** Redirects that are followed, and what never travels along. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Outbound, readBody } from '../../src/core/outbound/outbound.ts';
import type { Upstream } from '../support/upstream.ts';
import { type OutboundStand, openOutbound, request, resolver } from './outbound-stand.ts';

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
        request(`${upstream.origin}/old?key=secret`, {
          followRedirects: 'read',
          addressCredential: { query: { key: 'secret' }, path: {} },
        }),
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
      request(`${upstream.origin}/log?key=secret`, {
        followRedirects: 'read',
        headers: credential,
        addressCredential: { query: { key: 'secret' }, path: {} },
      }),
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
