import { SdkHttpError } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { revisions, type Stand, startStand } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.close());
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.json('{"things":[]}');
});

describe.each(revisions)('a client of MCP %s', (version, mode) => {
  it('connects, lists, calls and reads errors', async () => {
    const key = await stand.newKey(['desk']);
    const client = await stand.connect(key, mode);
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    expect(client.getServerVersion()).toMatchObject({ name: 'skillett' });
    expect(client.getInstructions()).toContain('`find` first');
    expect(client.getServerCapabilities()).toMatchObject({ tools: {}, resources: {}, prompts: {} });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('desk_list_things');
    const answer = await client.callTool({ name: 'desk_list_things', arguments: { q: 'x' } });
    expect(answer.content).toEqual([{ type: 'text', text: '200, 1 row\n{"things":[]}' }]);
    expect(answer.isError).toBeUndefined();
    const refused = await client.callTool({ name: 'read', arguments: { endpoint: 'bank.list_things' } });
    expect(refused.isError).toBe(true);
    expect(refused.content).toEqual([
      { type: 'text', text: '{"error":"scope_not_allowed","message":"API key does not have access to the bank integration."}' },
    ]);
    await expect(client.callTool({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 });
    await client.close();
    expect(stand.upstream.received).toHaveLength(1);
  });

  it('is told of a key that ends while it is connected', async () => {
    const key = await stand.newKey(['desk']);
    const client = await stand.connect(key, mode);
    await stand.server.gateway.db.updateTable('apiKeys').set({ revokedAt: new Date() }).where('id', '=', key).execute();
    for (const ask of [
      () => client.callTool({ name: 'desk_list_things' }),
      () => client.callTool({ name: 'find' }),
      () => client.listTools(undefined, { cacheMode: 'refresh' }),
    ]) {
      const thrown = await ask().catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(SdkHttpError);
      expect(thrown).toMatchObject({ status: 401 });
      expect(String(thrown)).toContain('This API key has been revoked.');
    }
    expect(stand.upstream.received).toEqual([]);
    await client.close();
  });

  it('does not get in without a key', async () => {
    await expect(stand.connect('sk_none', mode)).rejects.toThrow();
    await (await stand.connect(await stand.newKey(), mode)).close();
  });
});

it('a client of an older MCP, which may send batches, is offered one without', async () => {
  const params = { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'old', version: '1' } };
  const body = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
  const { json } = await stand.server.request('POST', '/mcp', { body });
  expect(json.result.protocolVersion).toBe('2025-11-25');
});

it('a client that listens for changes is told at once that there will be none', async () => {
  const client = await stand.connect(await stand.newKey(), { pin: '2026-07-28' });
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
  };
  const params = { notifications: { toolsListChanged: true }, _meta: { ...meta, 'io.modelcontextprotocol/clientCapabilities': {} } };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' };
  const body = { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params };
  const answer = await stand.server.request('POST', '/mcp', { headers, body });
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('"notifications":{}');
  await client.close();
});
