import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bearer, type RpcAnswer, type Stand, startStand } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.close());
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.json('{ "things": [12345678901234567890] }');
});

const call = (params: unknown, more: object = {}) => ({ jsonrpc: '2.0', id: 7, method: 'tools/call', params, ...more });

/** A member that nobody knows is for the SDK to look at, and it takes no notice of it. */
const bySdk = (message: { params: unknown }) => ({ ...message, params: { ...(message.params as object), unknown: true } });

function comparable({ status, headers, text }: RpcAnswer) {
  const named = ['content-type', 'cache-control', 'x-content-type-options', 'retry-after', 'ratelimit-limit', 'www-authenticate'];
  const plainText = text.replace(/req_\w+/g, 'req').replace(/call_[\w-]+/g, 'call');
  return {
    status,
    body: JSON.parse(plainText),
    headers: Object.fromEntries(named.map((name) => [name, headers.get(name)])),
  };
}

async function expectAlike(key: string, message: { params: unknown }, headers: Record<string, string> = {}): Promise<RpcAnswer> {
  const answer = await stand.post(message, { ...bearer(key), headers });
  expect(comparable(answer)).toEqual(comparable(await stand.post(bySdk(message), { ...bearer(key), headers })));
  return answer;
}

describe('the call of a tool without the SDK', () => {
  it('is answered as the SDK answers it: what succeeds, what the service refuses and what we refuse', async () => {
    const key = await stand.newKey();
    const read = { name: 'read', arguments: { endpoint: 'test.simple_text' } };
    expect((await expectAlike(key, call(read))).text).toContain('12345678901234567890');
    for (const headers of [{ 'mcp-protocol-version': '2025-06-18' }, { 'mcp-protocol-version': '2025-11-25' }, { 'mcp-session-id': 'x' }])
      await expectAlike(key, call({ ...read, _meta: { progressToken: 1 } }), headers as Record<string, string>);
    stand.upstream.json('{"message":"no"}', 404);
    expect((await expectAlike(key, call(read))).json.result.isError).toBe(true);
    expect((await expectAlike(key, call({ name: 'read', arguments: { endpoint: 'test.nothing' } }))).json.result.isError).toBe(true);
    expect((await expectAlike(key, call({ name: 'read', arguments: { endpoint: 5 } }))).json.result.isError).toBe(true);
    expect((await expectAlike(key, call({ name: 'find' }, { id: 'a text' }))).json.id).toBe('a text');
  });

  it('is refused as a whole for a key that is not good, however it is answered', async () => {
    const answer = await expectAlike(`sk_${'0'.repeat(48)}`, call({ name: 'find' }));
    expect(answer.status).toBe(401);
    expect(answer.json.error).toBe('api_key_invalid');
  });

  it('leaves to the SDK what is not as the protocol has it', async () => {
    const key = await stand.newKey();
    const params = { name: 'find', arguments: {} };
    for (const [name, message, headers] of [
      ['an unknown tool', call({ name: 'nothing' }), {}],
      ['no name', call({ arguments: {} }), {}],
      ['arguments that are a list', call({ ...params, arguments: [] }), {}],
      ['an id that is no id', call(params, { id: {} }), {}],
      ['another version of JSON-RPC', call(params, { jsonrpc: '1.0' }), {}],
      ['a revision that nobody knows', call(params), { 'mcp-protocol-version': '1999-01-01' }],
    ] as [string, object, Record<string, string>][]) {
      const answer = await stand.post(message, { ...bearer(key), headers });
      expect(answer.json?.error?.code, `${name}: ${answer.text}`).toBeLessThan(0);
    }
  });
});
