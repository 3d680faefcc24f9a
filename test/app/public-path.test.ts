/** PUBLIC_URL with a path: the proxy in front may leave that path in the addresses it passes on, or take it out. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { PUBLIC_URL: 'https://example.org/skillett' } });
});
afterAll(() => server.close());

const statusOf = async (path: string) => (await fetch(server.url + path, { redirect: 'manual' })).status;

describe('below a path', () => {
  it.each([
    '/healthz',
    '/dashboard',
    '/graphql?query={viewer{kind}}',
    '/.well-known/oauth-authorization-server/auth',
    '/.well-known/oauth-protected-resource/mcp/oauth',
  ])('%s is found with the path and without', async (path) => {
    const [name] = /^\/\.well-known\/[^/]+/.exec(path) ?? [''];
    const long = `${name}/skillett${path.slice(name.length)}`;
    const statuses = [await statusOf(path), await statusOf(long)];
    expect(statuses[0]).not.toBe(404);
    expect(statuses[1]).toBe(statuses[0]);
  });

  it('the path alone is the page that leads on', async () => {
    expect([await statusOf('/skillett'), await statusOf('/skillett/'), await statusOf('/skillett?a=1')]).toEqual([200, 200, 200]);
  });

  it.each([
    '/skillettx/healthz',
    '/skillett/skillett/healthz',
    '/x/skillett/healthz',
    '/SKILLETT/healthz',
    '/.well-known/x/skilletty/auth',
  ])('%s is not', async (path) => {
    expect(await statusOf(path)).toBe(404);
  });

  it('what is said of addresses has the path', async () => {
    const { json } = await server.request('POST', '/skillett/auth/device/code', { body: { client_name: 'Terminal' }, authorization: null });
    expect(json.verification_uri).toBe('https://example.org/skillett/device');
    const html = await (await fetch(`${server.url}/dashboard`)).text();
    expect(html).toContain('data-base="/skillett"');
    expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, at]) => at).filter((at) => !at?.startsWith('/skillett/assets/'))).toEqual(
      [],
    );
    const { integrations } = (await server.graphql('{ integrations(first: 1) { nodes { logoUrl } } }')).json.data;
    expect(integrations.nodes[0].logoUrl).toMatch(/^https:\/\/example\.org\/skillett\/logos\//);
  });
});
