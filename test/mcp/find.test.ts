/** `find`: how an agent gets from a wish to a call, and what it costs in tokens. */
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addConnection } from '../admission/people.ts';
import { callTool, endpoint, hello, rpc, type Stand, startStand } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  const client = { SKILLETT_GITHUB_CLIENT_ID: 'the-client', SKILLETT_GITHUB_CLIENT_SECRET: 'the-secret' };
  stand = await startStand(client, { two: { parts_look: endpoint({}) }, two_parts: { look: endpoint({ path: '/second' }) } });
});
afterAll(() => stand.close());
beforeEach(() => stand.upstream.reset());

const find = async (key: string, args: object = {}) => (await callTool(stand.post, key, 'find', args)).text;

interface ListedTool {
  name: string;
  description: string;
  inputSchema: object;
}

/** What a model gets of a tool; titles and hints are for clients. */
const tokensOf = (tools: ListedTool[]) =>
  encode(JSON.stringify(tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })))).length;

async function listTools(key: string): Promise<ListedTool[]> {
  return (await rpc(stand.post, key, 'tools/list')).json.result.tools;
}

describe('the definitions', () => {
  it('of the four tools cost at most 450 tokens with the instructions, whose first 512 characters are all of them', async () => {
    const { instructions } = (await rpc(stand.post, stand.server.key, 'initialize', hello)).json.result;
    const tools = await listTools(stand.server.key);
    expect(tools).toHaveLength(4);
    expect(tokensOf(tools) + encode(instructions).length).toBeLessThanOrEqual(450);
    expect(instructions.length).toBeLessThanOrEqual(512);
  });

  it('of single endpoints are listed while they stay under 1,500 tokens, and in the same order each time', async () => {
    let listed = 0;
    for (const { slug, endpoints } of stand.server.gateway.catalogue.integrations) {
      const names = [...endpoints.keys()].map((name) => `${slug}.${name}`);
      for (const count of [1, 3, 6, 10]) {
        const own = (await listTools(await stand.newKey(names.slice(0, count)))).filter(({ name }) => name.startsWith(`${slug}_`));
        expect(tokensOf(own), `${slug}, ${count}`).toBeLessThan(1_500);
        listed += own.length;
      }
    }
    expect(listed).toBeGreaterThan(50);
    const slack = await listTools(await stand.newKey(['slack']));
    expect(slack.map(({ name }) => name)).toEqual(['find', 'read', 'execute', 'connect']);
    const key = await stand.newKey(['desk', 'bank']);
    expect(await listTools(key)).toEqual(await listTools(key));
  });
});

describe('without a wish', () => {
  it('names the services within the scopes, each with its accounts, for no arguments, empty ones and null', async () => {
    const key = await stand.newKey(['desk', 'safe:read']);
    const text = await find(key);
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^desk: Desk\. .* 3 endpoints; needs no account$/),
      expect.stringMatching(/^safe: Safe\. .* 1 endpoint; no account connected: connect \{"service":"safe"\}$/),
    ]);
    for (const args of [{ want: null, endpoint: null }, { want: [] }]) expect(await find(key, args)).toBe(text);
    expect(await find(await stand.newKey(['operator']))).toBe(
      'This key may call no service. Ask the person for a key whose scopes name one.',
    );
  });
});

describe('an imported service', () => {
  it('is named with its quoted description as a sentence of its own', async () => {
    const document =
      'openapi: 3.1.0\ninfo: { title: Tiny, version: "1" }\nservers: [{ url: "https://tiny.example" }]\npaths: { /n: { get: { operationId: listN } } }';
    const imported = await stand.server.graphql(
      'mutation ($document: String!) { importIntegration(slug: "tiny", document: $document) { endpointCount } }',
      { document },
    );
    expect(imported.json.data?.importIntegration).toEqual({ endpointCount: 1 });
    expect(await find(stand.server.key)).toContain('\ntiny: Tiny. Imported: "Tiny". 1 endpoint; ');
    expect(await find(stand.server.key)).toMatch(/^github: GitHub\. .*\w\. \d+ endpoints; /m);
  });
});

describe('a wish', () => {
  it('gets the two best endpoints as they are called, the names of others, and the state of accounts', async () => {
    const text = await find(stand.server.key, { want: ['create an issue on github', 'search issues github'] });
    expect(text).toContain('"create an issue on github":\nexecute github.create_issue(repo, title, ');
    expect(text).toMatch(/\n {2}Open an? .*\n {2}repo: The repository as `owner\/name`/);
    expect(text).toMatch(/\n {2}e\.g\. \{"repo":"octocat\/hello-world"/);
    expect(text).toMatch(/\n {2}answers: /);
    expect(text).toMatch(/\nalso: github\.\w+, /);
    expect(text).toContain('"search issues github":\nread github.search_issues(q, ');
    expect(text).toMatch(/\n {2}answers: .*number, title, state/);
    expect(text.match(/github: no account connected: connect \{"service":"github"\}/g)).toHaveLength(1);
    expect(encode(text).length).toBeLessThan(900);
    const alone = await find(stand.server.key, { want: 'create an issue on github' });
    expect(text).toContain(alone.split('\n\n')[0]);
  });

  it('finds nothing that the key may not call, says so, and holds what was asked for as a quotation', async () => {
    const key = await stand.newKey(['desk:read']);
    expect(await find(key, { want: ['make a thing'] })).not.toContain('create_thing');
    expect(await find(key, { want: ['xyzzy\n"plugh'] })).toBe(
      '"xyzzy\\n\\"plugh": nothing that this key may call. Say it in other words, or leave `want` out for the services.',
    );
  });

  it('is told which account is there, which is broken, and what it has not granted', async () => {
    const { db } = stand.server.gateway;
    const key = await stand.newKey(['github']);
    const { userId } = await db.selectFrom('apiKeys').select('userId').where('id', '=', key).executeTakeFirstOrThrow();
    await addConnection(stand.server.gateway.database, userId, {
      integration: 'github',
      account: 'work',
      isDefault: true,
      providerScopes: ['repo'],
    });
    expect(await find(key, { want: ['create an issue'] })).toMatch(/\n {2}scopes granted: repo\n/);
    expect(await find(key, { endpoint: 'github.create_issue' })).toMatch(/github: account "work"$/);
    await addConnection(stand.server.gateway.database, userId, {
      integration: 'github',
      account: 'say "hi"',
      isDefault: false,
      providerScopes: ['gist'],
    });
    const text = await find(key, { endpoint: 'github.create_issue' });
    expect(text).toContain(
      '  "say \\"hi\\"" has not granted repo of repo: connect {"service":"github","account":"say \\"hi\\""} asks the person',
    );
    expect(text).toMatch(/github: accounts "work" \(default\), "say \\"hi\\""$/);
    await db.updateTable('connections').set({ providerScopes: null }).where('userId', '=', userId).where('isDefault', '=', false).execute();
    expect(await find(key, { endpoint: 'github.create_issue' })).toContain('\n  scopes needed: repo (not known whether granted)\n');
    await db
      .updateTable('connections')
      .set({ status: 'reconnect_needed' })
      .where('userId', '=', userId)
      .where('account', '=', 'work')
      .execute();
    expect(await find(key)).toContain('"work" (default) (to be connected again: connect {"service":"github","account":"work"})');
    await db.updateTable('connections').set({ isDefault: false, frozenAt: new Date() }).where('userId', '=', userId).execute();
    expect(await find(key)).toContain(
      'accounts "work" (frozen by an operator), "say \\"hi\\"" (frozen by an operator); name one in `account`',
    );
  });

  it('that is none is refused with a word', async () => {
    for (const [args, message] of [
      [{ want: [' '] }, 'must say what you want to do'],
      [{ want: ['x'.repeat(201)] }, 'must be at most 200 characters'],
      [{ want: Array.from({ length: 11 }, () => 'x') }, 'must be at most 10'],
      [{ want: [5] }, '`want.0` must be a text'],
      [{ query: 'x' }, '`query` is no field here; there are `want`, `endpoint`'],
    ] as const) {
      const { failed, json } = await callTool(stand.post, stand.server.key, 'find', args);
      expect([failed, json.error]).toEqual([true, 'bad_request']);
      expect(json.message).toContain(message);
    }
  });
});

describe('an endpoint by its name', () => {
  it('gets the whole document without errors and commands, for both ways to write the name', async () => {
    const text = await find(stand.server.key, { endpoint: 'github.create_issue' });
    expect(text).toContain('# github.create_issue, called with `execute`\n');
    expect(text).toContain('| `title` | string | yes |');
    expect(text).not.toMatch(/curl|## Errors|^---/m);
    const listing = await find(stand.server.key, { endpoint: 'github.list_issues_for_repo' });
    expect(listing).toMatch(/^Columns: number, title, .*; `with` adds .*\bbody\b.*\.$/m);
    expect(await find(stand.server.key, { endpoint: 'github.delete_ref' })).not.toContain('Columns: ');
    expect(await find(stand.server.key, { endpoint: 'github_create_issue' })).toBe(text);
    const whole = stand.server.gateway.catalogue.integrations.flatMap(({ slug, endpoints }) =>
      ['github', 'slack', 'gmail', 'notion'].includes(slug) ? [...endpoints.keys()].map((name) => `${slug}.${name}`) : [],
    );
    const some = whole.filter((_, at) => at % 12 === 0);
    const costs = await Promise.all(some.map(async (endpoint) => encode(await find(stand.server.key, { endpoint })).length));
    expect(costs.reduce((sum, cost) => sum + cost, 0) / costs.length).toBeLessThan(500);
  });

  it('that two services could have is refused without its dot, and found with it', async () => {
    const read = (endpoint: string) => callTool(stand.post, stand.server.key, 'read', { endpoint });
    expect((await read('two_parts_look')).json).toMatchObject({
      error: 'bad_request',
      message: '`endpoint` may mean two.parts_look or two_parts.look. Write it with a dot.',
    });
    expect(stand.upstream.received).toEqual([]);
    expect((await read('two_parts.look')).failed).toBe(false);
    expect(stand.upstream.received.map(({ target }) => target)).toEqual(['/second']);
  });

  it('that there is not is refused with the nearest, and a service gets the names of all that it has', async () => {
    const missing = await callTool(stand.post, stand.server.key, 'find', { endpoint: 'github.create_isue' });
    expect(missing.json).toMatchObject({
      error: 'not_found',
      details: expect.arrayContaining([{ path: 'endpoint', message: 'Did you mean `create_issue`?' }]),
    });
    const flat = await callTool(stand.post, stand.server.key, 'read', { endpoint: 'desk_list_thing' });
    expect(flat.json).toMatchObject({
      error: 'not_found',
      details: expect.arrayContaining([{ path: 'endpoint', message: 'Did you mean `desk.list_things`?' }]),
    });
    const all = await find(stand.server.key, { endpoint: 'github' });
    for (const name of stand.server.gateway.catalogue.find('github')!.endpoints.keys()) expect(all).toContain(name);
    expect(all).toMatch(/^issues: .*create_issue/m);
    expect(stand.upstream.received).toEqual([]);
  });
});

describe('`connect`', () => {
  it('takes a service, and no credential', async () => {
    for (const [args, message] of [
      [{ service: 'desk' }, 'Desk needs no connection'],
      [{ service: 'safe', credentials: { token: 't' } }, '`credentials` is no field here'],
      [{}, '`service` is required'],
      [{ service: 'nothing' }, 'Integration not found.'],
    ] as const) {
      const { failed, json } = await callTool(stand.post, stand.server.key, 'connect', args);
      expect(failed).toBe(true);
      expect(json.message).toContain(message);
    }
  });
});
