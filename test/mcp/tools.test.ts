import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/upstream.ts';
import { bearer, callTool, rpc, type Stand, startStand, toolNames } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.close());
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.json('{ "things": [12345678901234567890] }');
});

const common = ['find', 'read', 'execute', 'connect'];
const reading = common.filter((name) => name !== 'execute');

const rest = (key: string, endpoint: string, body: object, headers: Record<string, string> = {}) =>
  stand.server.request('POST', `/v1/${endpoint}`, { ...bearer(key), body, headers });

async function rows(key: string) {
  return stand.server.gateway.db
    .selectFrom('skillCalls')
    .select(['endpoint', 'door', 'outcome', 'errorCode'])
    .where('keyId', '=', key)
    .orderBy('id')
    .execute();
}

describe('the list of tools', () => {
  it('holds what every key has, and each endpoint of a key that reaches few', async () => {
    for (const [scopes, names] of [
      [['*'], common],
      [['github'], common],
      [['github:read'], reading],
      [['desk'], [...common, 'desk_list_things', 'desk_create_thing', 'desk_create_quickly']],
      [['desk:read'], [...reading, 'desk_list_things']],
      [
        ['desk.create_thing', 'bank:read'],
        [...common, 'bank_list_things', 'desk_create_thing'],
      ],
      [['github.create_issue'], [...common, 'github_create_issue']],
      [['operator'], reading],
    ] as const)
      expect(await toolNames(stand.post, await stand.newKey([...scopes])), scopes.join()).toEqual(names);
  });

  it('names no endpoint that no client could take, or that would hide a tool of ours', async () => {
    expect(await toolNames(stand.post, await stand.newKey(['long', 'search']))).toEqual([...reading, 'long_short', 'search_endpoints']);
    for (const name of await toolNames(stand.post, await stand.newKey(['github.create_issue', 'gmail', 'long', 'search', 'clash'])))
      expect(name).toMatch(/^[a-zA-Z0-9_-]{1,48}$/);
    const found = await callTool(stand.post, await stand.newKey(['long']), 'find', { want: ['does it'] });
    expect(found.text).toContain(`read long.${'very_'.repeat(9)}long()`);
  });

  it('gives an endpoint its own parameters, what a call takes beside them, and hints that are true', async () => {
    const { json } = await rpc(stand.post, await stand.newKey(['desk', 'clash', 'safe.list_things']), 'tools/list');
    const tool = (name: string) => json.result.tools.find((one: { name: string }) => one.name === name);
    expect(tool('desk_create_thing')).toEqual({
      name: 'desk_create_thing',
      title: 'Desk create thing',
      description: 'Makes a thing.',
      annotations: {
        title: 'Desk create thing',
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      inputSchema: {
        type: 'object',
        properties: {
          title: { type: 'string', description: 'Its title.', examples: ['x'] },
          with: { type: 'array', items: { type: 'string' } },
          select: { type: 'string' },
          budget: { type: 'integer' },
          idempotency_key: { type: 'string' },
        },
      },
    });
    const hints = (name: string) => {
      const { title, ...rest } = tool(name).annotations;
      expect([title, tool(name).title]).toEqual([expect.stringMatching(/^[A-Z]/), title]);
      return Object.values(rest);
    };
    // readOnlyHint, destructiveHint, idempotentHint, openWorldHint
    expect(hints('desk_list_things')).toEqual([true, false, true, true]);
    expect(hints('clash_remove')).toEqual([false, true, true, true]);
    expect(hints('find')).toEqual([true, false, true, false]);
    expect(hints('read')).toEqual([true, false, true, true]);
    expect(hints('execute')).toEqual([false, true, false, true]);
    expect(hints('connect')).toEqual([false, false, false, true]);
    expect(Object.keys(tool('safe_list_things').inputSchema.properties)).toEqual(['q', 'with', 'select', 'account', 'budget', 'more']);
    expect(tool('clash_pick').inputSchema.properties.account.description).toBe('An account there.');
  });
});

describe('a call', () => {
  it('says the same as over REST, byte for byte, through each of its tools', async () => {
    const key = await stand.newKey(['desk', 'safe']);
    const cases: [object, string, number, string][] = [
      [{ q: 'x' }, '{ "things": [12345678901234567890] }', 200, 'application/json'],
      [{ q: 'x' }, '{"message":"\\u00fc \\"no\\"\\n"}', 422, 'application/json'],
      [{ q: 'x' }, 'grüße "sie"\n', 200, 'text/plain; charset=utf-8'],
      [{}, '', 204, 'text/plain'],
      [{ p: 1 }, '{}', 200, 'application/json'],
      [{ q: 5 }, '{}', 200, 'application/json'],
    ];
    for (const [params, body, status, type] of cases) {
      stand.upstream.answer(status, { 'content-type': type }, body);
      const over = await rest(key, 'desk/list_things', { params });
      for (const answer of [
        await callTool(stand.post, key, 'read', { endpoint: 'desk.list_things', params }),
        await callTool(stand.post, key, 'read', { endpoint: 'desk_list_things', params }),
        await callTool(stand.post, key, 'desk_list_things', params),
      ])
        expect([answer.text, answer.failed, answer.status]).toEqual([over.text, over.status >= 400, 200]);
    }
    for (const [tool, endpoint] of [
      ['bank_list_things', 'bank/list_things'],
      ['safe_list_things', 'safe/list_things'],
    ] as const) {
      const over = await rest(key, endpoint, {});
      expect(over.json.error).toMatch(/^(scope_not_allowed|integration_not_connected)$/);
      expect((await callTool(stand.post, key, tool)).text).toBe(over.text);
    }
  });

  it('with a long answer says the same too, and one that breaks off does not look whole', async () => {
    const things = Array.from({ length: 20_000 }, (_, at) => ({ at, text: `"${at}" \\ grüße 🙂\u0001\t` }));
    stand.upstream.json(JSON.stringify(things, null, 2));
    const key = await stand.newKey(['desk', 'hackernews']);
    for (const [tool, endpoint] of [
      ['hackernews_list_updates', 'hackernews/list_updates'],
      ['desk_list_things', 'desk/list_things'],
    ] as const) {
      const over = await rest(key, endpoint, {});
      expect(over.text.length).toBeGreaterThan(1024 * 1024);
      expect((await callTool(stand.post, key, tool)).text).toBe(over.text);
      expect((await callTool(stand.post, key, tool, { select: '[].text' })).text).toBe(
        (await rest(key, endpoint, { select: '[].text' })).text,
      );
    }
    stand.upstream.play = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`["${'x'.repeat(1024 * 1024)}`, () => setTimeout(() => response.destroy(), 300));
    };
    await expect(callTool(stand.post, key, 'hackernews_list_updates')).rejects.toThrow();
    await expect(callTool(stand.post, key, 'desk_list_things')).rejects.toThrow();
    await expect.poll(async () => (await rows(key)).slice(-2).map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  });

  it('takes account, select and idempotency key beside the parameters, unless a parameter has the name', async () => {
    const key = await stand.newKey(['desk', 'clash']);
    expect((await callTool(stand.post, key, 'desk_list_things', { q: 'x', select: 'things | length(@)', account: null })).text).toBe(
      '{"status":200,"data":1}',
    );
    expect((await callTool(stand.post, key, 'read', { endpoint: 'desk.list_things', select: 'things[' })).json.error).toBe('bad_request');
    expect((await callTool(stand.post, key, 'clash_pick', { account: 'theirs' })).failed).toBe(false);
    expect(stand.upstream.received.map(({ target }) => target)).toEqual(['/things?q=x', '/things?account=theirs']);
    const lost = await stand.post(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"desk_list_things","arguments":{"__proto__":{"limit":1}}}}',
      bearer(key),
    );
    expect(lost.json.result.content[0].text).toContain('params.__proto__');
  });

  it('that changes things is done by `execute` only, and one that reads by `read` only', async () => {
    const key = await stand.newKey();
    const target = { endpoint: 'desk.create_thing', params: { title: 'x' } };
    const other = await callTool(stand.post, key, 'execute', { endpoint: 'desk.list_things' });
    expect([other.failed, other.json]).toEqual([
      true,
      { error: 'bad_request', message: '`list_things` of desk only reads, so `execute` does not call it. Use `read`.' },
    ]);
    const refused = await callTool(stand.post, key, 'read', target);
    expect(refused.json).toEqual({
      error: 'bad_request',
      message: '`create_thing` of desk changes things, so `read` does not call it. Use `execute`.',
    });
    expect(stand.sent()).toBe(0);
    expect((await callTool(stand.post, key, 'execute', target)).failed).toBe(false);
    expect(stand.sent()).toBe(1);
  });

  it('with an idempotency key is done once, whichever door repeats it', async () => {
    const key = await stand.newKey();
    const target = { endpoint: 'desk.create_thing', params: { title: 'x' } };
    const first = await callTool(stand.post, key, 'execute', { ...target, idempotency_key: 'once' });
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    for (const again of [
      await callTool(stand.post, key, 'execute', { ...target, idempotency_key: 'once' }),
      await callTool(stand.post, key, 'desk_create_thing', { title: 'x', idempotency_key: 'once' }),
      await rest(key, 'desk/create_thing', { params: { title: 'x' } }, { 'idempotency-key': 'once' }),
    ])
      expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
    const other = await callTool(stand.post, key, 'desk_create_thing', { title: 'y', idempotency_key: 'once' });
    expect([other.failed, other.json.error]).toEqual([true, 'idempotency_mismatch']);
    expect(stand.sent()).toBe(1);
    expect(
      (await callTool(stand.post, await stand.newKey(), 'execute', { ...target, idempotency_key: 'once' })).headers.get(
        'idempotent-replayed',
      ),
    ).toBeNull();
    expect(stand.sent()).toBe(2);
  });

  it('is in the call log with its door, refused or not', async () => {
    const key = await stand.newKey(['desk']);
    await callTool(stand.post, key, 'desk_list_things');
    stand.upstream.json('{}', 500);
    await callTool(stand.post, key, 'read', { endpoint: 'desk.list_things' });
    await callTool(stand.post, key, 'read', { endpoint: 'desk.list_things', more: 1 });
    await callTool(stand.post, key, 'execute', { endpoint: 'bank.list_things' });
    await callTool(stand.post, key, 'find', { want: ['things'] });
    const row = { endpoint: 'list_things', door: 'mcp', errorCode: null };
    await expect
      .poll(() => rows(key))
      .toEqual([
        { ...row, outcome: 'succeeded' },
        { ...row, outcome: 'upstream_failed' },
        { ...row, outcome: 'refused', errorCode: 'bad_request' },
        { ...row, outcome: 'refused', errorCode: 'scope_not_allowed' },
      ]);
  });

  it('ends at the service when the client leaves', async () => {
    stand.upstream.play = () => {};
    const leaving = new AbortController();
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'desk_list_things' } };
    const asked = fetch(`${stand.server.url}/mcp`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stand.server.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: leaving.signal,
    });
    await eventually(() => stand.upstream.open.size === 1, 'the service was asked');
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await eventually(() => stand.upstream.open.size === 0, 'the service was left');
  });
});

describe('connecting', () => {
  it('gives the person a link, and takes no credential', async () => {
    const other = await startStand({ SKILLETT_GITHUB_CLIENT_ID: 'the-client', SKILLETT_GITHUB_CLIENT_SECRET: 'the-secret' });
    const key = await other.newKey(['github:read']);
    const { json, failed } = await callTool(other.post, key, 'connect', { service: 'github', account: 'work' });
    expect([failed, Object.keys(json)]).toEqual([false, ['action_url', 'connection_id']]);
    expect(json.action_url).toBe(`${other.server.gateway.config.publicUrl}/connect/${json.connection_id}`);
    expect((await other.server.request('GET', `/v1/connect/${json.connection_id}`, bearer(key))).json).toEqual({
      status: 'pending',
      integration: 'github',
    });
    expect((await callTool(other.post, key, 'connect', { service: 'slack' })).json.error).toBe('scope_not_allowed');
    await other.close();
  });
});

describe('a failure of ours', () => {
  it('is masked, and logged with the id of the request', async () => {
    const { db } = stand.server.gateway;
    const key = await stand.newKey();
    await db.schema.alterTable('skill_calls').renameTo('elsewhere').execute();
    const called = await callTool(stand.post, key, 'read', { endpoint: 'desk.list_things' });
    await db.schema.alterTable('elsewhere').renameTo('skill_calls').execute();
    await db.schema.alterTable('minute_counters').renameTo('elsewhere').execute();
    const listed = await rpc(stand.post, key, 'tools/list');
    await db.schema.alterTable('elsewhere').renameTo('minute_counters').execute();
    expect(stand.sent()).toBe(0);
    expect([called.status, called.failed, called.json.error]).toEqual([200, true, 'internal']);
    expect([listed.status, listed.json.error]).toEqual([500, 'internal']);
    for (const { headers, message, text } of [
      { ...called, message: called.json.message },
      { ...listed, message: listed.json.message },
    ]) {
      const id = headers.get('x-request-id');
      expect(message).toContain(id);
      expect(text).not.toMatch(/skill_calls|minute_counters|relation/);
      expect(stand.server.log.some((line) => line.includes(`${id}`) && line.includes('unexpected failure'))).toBe(true);
    }
    expect((await rpc(stand.post, key, 'tools/list')).status).toBe(200);
    expect((await callTool(stand.post, key, 'desk_list_things')).failed).toBe(false);
  });
});
