import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browserEnv } from '../people/browser.ts';
import { addUser as addPerson, signedIn } from '../people/person.ts';
import { bearer, callTool, hello, pingAs, rpc, type Stand, startStand } from './stand.ts';

let stand: Stand;
let url: string;
let port: string;

beforeAll(async () => {
  stand = await startStand(browserEnv);
  url = stand.server.url;
  port = new URL(url).port;
});
afterAll(() => stand.close());
beforeEach(() => stand.upstream.reset());

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const own = new URL(browserEnv.PUBLIC_URL as string);
const messages = [
  ping,
  { jsonrpc: '2.0', id: 1, method: 'initialize', params: hello },
  { jsonrpc: '2.0', id: 1, method: 'tools/list' },
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: { endpoint: 'desk.list_things' } } },
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: { endpoint: 'desk.nothing' } } },
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: { endpoint: 5 } } },
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'desk_list_things' } },
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'find', arguments: {} } },
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'nothing' } },
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: 5 } },
  { jsonrpc: '2.0', id: 1, method: 'nothing' },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 1, result: {} },
  [ping],
  { id: 1 },
  'no json',
];

describe('the key', () => {
  it('missing, unknown or revoked refuses every message as REST does, and nothing is sent', async () => {
    const key = await stand.newKey();
    await stand.server.gateway.db.updateTable('apiKeys').set({ revokedAt: new Date() }).where('id', '=', key).execute();
    for (const [authorization, error] of [
      [null, 'unauthorized'],
      ['Basic abc', 'unauthorized'],
      [`Bearer sk_${'0'.repeat(48)}`, 'api_key_invalid'],
      [`Bearer ${key}`, 'api_key_revoked'],
    ] as const) {
      const rest = await stand.server.request('GET', '/v1/skills', { authorization });
      for (const message of messages) {
        const answer = await stand.server.request('POST', '/mcp', { authorization, body: message });
        expect([answer.status, answer.json.error, answer.text], JSON.stringify(message)).toEqual([401, error, rest.text]);
        expect(answer.headers.get('www-authenticate')).toBe(rest.headers.get('www-authenticate'));
        expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
      }
    }
    expect(stand.upstream.received).toEqual([]);
    const good = await stand.newKey();
    const statuses: number[] = [];
    for (const message of messages) statuses.push((await stand.server.request('POST', '/mcp', { ...bearer(good), body: message })).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 202, 202, 400, 400, 400]);
  });

  it('is not replaced by the cookie of a session, nor by a session id', async () => {
    const browser = await signedIn(stand.server, await addPerson(stand.server));
    const known = await browser.request('POST', '/graphql', { body: { query: '{ viewer { kind } }' } });
    expect(known.json).toEqual({ data: { viewer: { kind: 'SESSION' } } });
    expect(await browser.request('POST', '/mcp', { body: ping })).toMatchObject({ status: 401, json: { error: 'unauthorized' } });
    const headers = { 'mcp-session-id': '4d0e7f2c' };
    expect(await stand.server.request('POST', '/mcp', { authorization: null, headers, body: ping })).toMatchObject({ status: 401 });
    const answer = await stand.server.request('POST', '/mcp', { ...bearer(await stand.newKey()), headers, body: ping });
    expect([answer.status, answer.headers.get('mcp-session-id')]).toEqual([200, null]);
  });

  it('is refused in the query string', async () => {
    const key = await stand.newKey();
    const ask = (query: string) => stand.server.request('POST', `/mcp${query}`, { ...bearer(key), body: ping });
    const refused = await ask(`?api_key=sk_${'0'.repeat(48)}`);
    expect([refused.status, refused.json.error]).toEqual([400, 'bad_request']);
    expect((await ask('?api_key=none')).status).toBe(200);
  });

  it('never reaches the service, nor a log', async () => {
    stand.upstream.json('{"things":[]}');
    const key = stand.server.key;
    const { failed } = await callTool(stand.post, key, 'execute', {
      endpoint: 'desk.create_thing',
      params: { title: 'x' },
    });
    expect(failed).toBe(false);
    expect((await rpc(stand.post, key, 'tools/call', { name: key })).json.error.code).toBe(-32602);
    expect(stand.upstream.received).toHaveLength(1);
    const { headers, body, target } = stand.upstream.received[0]!;
    expect(headers.authorization).toBeUndefined();
    expect(JSON.stringify([headers, body.toString(), target])).not.toContain(key);
    expect(stand.server.log.join('')).not.toContain(key);
  });
});

describe('the address', () => {
  it('must be PUBLIC_URL, or loopback with the port that the server listens on', async () => {
    const key = await stand.newKey();
    for (const host of [own.host, own.host.toUpperCase(), `localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
      expect((await pingAs(url, key, { host })).status, host).toBe(200);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `localhost:1`,
      `localhost.evil.example:${port}`,
      `x@localhost:${port}`,
      `${own.hostname}:1`,
      `127.0.0.2:${port}`,
    ]) {
      const refused = await pingAs(url, key, { host });
      expect(refused.status, host).toBe(403);
      expect(JSON.parse(refused.text)).toEqual({
        error: 'forbidden',
        message: `MCP is served at ${browserEnv.PUBLIC_URL}/mcp, and not under the name in the Host header. Call it there, or set PUBLIC_URL to the address that its clients use.`,
      });
    }
  });

  it('of a page must be ours too', async () => {
    const key = await stand.newKey();
    for (const origin of [own.origin, `http://localhost:${port}`, `http://127.0.0.1:${port}`])
      expect((await pingAs(url, key, { origin })).status, origin).toBe(200);
    for (const origin of [
      'https://evil.example',
      'null',
      '',
      'http://localhost:1',
      `${own.origin}.evil.example`,
      `http://x@localhost:${port}`,
    ]) {
      const refused = await pingAs(url, key, { origin });
      expect([refused.status, JSON.parse(refused.text).error], origin).toEqual([403, 'forbidden']);
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('comes before the key', async () => {
    expect((await pingAs(url, 'sk_none', { host: 'evil.example' })).status).toBe(403);
    expect((await pingAs(url, 'sk_none', {})).status).toBe(401);
  });
});

describe('a request', () => {
  it('is one message by POST as application/json', async () => {
    const key = await stand.newKey();
    for (const method of ['GET', 'DELETE', 'PUT', 'HEAD', 'OPTIONS']) {
      const refused = await stand.server.request(method, '/mcp', bearer(key));
      expect([refused.status, refused.headers.get('allow')], method).toEqual([405, 'POST']);
    }
    const post = (body: string, type = 'application/json') =>
      stand.server.request('POST', '/mcp', { ...bearer(key), body, headers: { 'content-type': type } });
    expect((await post(JSON.stringify(ping), 'text/plain')).json.error).toBe('unsupported_media_type');
    expect((await post('{"jsonrpc":')).json).toMatchObject({ error: 'bad_request', message: expect.stringContaining('not valid JSON') });
    expect((await post(JSON.stringify([ping, ping]))).json).toMatchObject({
      error: 'bad_request',
      message: expect.stringContaining('batches'),
    });
    expect((await post(JSON.stringify(ping), 'application/json; charset=utf-8')).json).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    for (const [bytes, status] of [
      [40 * 1024 * 1024 + 1, 413],
      [2 * 1024 * 1024, 200],
    ] as const)
      expect((await post(JSON.stringify(ping).padEnd(bytes))).status).toBe(status);
  });

  it('needs no initialize before it, and no Accept header', async () => {
    const key = await stand.newKey();
    for (const accept of ['*/*', 'application/json', 'application/json, text/event-stream']) {
      const answer = await stand.server.request('POST', '/mcp', { ...bearer(key), body: ping, headers: { accept } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    }
  });
});
