import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
/** A key that may call one endpoint of GitHub. */
let narrowKey: string;
beforeAll(async () => {
  server = await startTestServer({ kind: 'embedded', env: { PUBLIC_URL: 'https://skillett.example' } });
  const made = await server.request('POST', '/api-keys', { body: { name: 'narrow', scopes: ['github.create_issue'] } });
  narrowKey = made.json.full_key;
});
afterAll(() => server.close());

const get = (path: string) => server.request('GET', path);
const getNarrowly = (path: string) => server.request('GET', path, { authorization: `Bearer ${narrowKey}` });
const countOf = (slug: string) => server.gateway.catalogue.find(slug)?.endpoints.size ?? 0;
const slugsOf = (answer: { json: { integrations: { slug: string }[] } }) => answer.json.integrations.map((one) => one.slug);

describe('GET /v1/skills', () => {
  it('lists every integration by slug, with the fields of the contract', async () => {
    const answer = await get('/v1/skills');
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.json)).toEqual(['integrations', 'next_cursor', 'total']);
    expect(slugsOf(answer)).toEqual(server.gateway.catalogue.integrations.map((one) => one.slug));
    expect(answer.json).toMatchObject({ next_cursor: null, total: server.gateway.catalogue.integrations.length });
    const recipe = server.gateway.catalogue.find('github')?.recipe;
    expect(answer.json.integrations.find((one: { slug: string }) => one.slug === 'github')).toEqual({
      slug: 'github',
      name: 'GitHub',
      description: recipe?.description,
      category: recipe?.category,
      auth_types: ['oauth2', 'bearer'],
      connected: false,
      accounts: [],
      endpoint_count: countOf('github'),
    });
  });

  it('shows a key what it may call, and counts only that', async () => {
    const answer = await getNarrowly('/v1/skills');
    expect(answer.json).toMatchObject({ integrations: [{ slug: 'github', endpoint_count: 1 }], total: 1 });
    expect(slugsOf(await getNarrowly('/v1/skills?search=create%20issue'))).toEqual(['github']);
    expect(slugsOf(await getNarrowly('/v1/skills?search=milestone'))).toEqual([]);
    expect(slugsOf(await get('/v1/skills?search=milestone'))).toContain('github');
  });

  it('tells connected integrations from the others', async () => {
    const connected = await get('/v1/skills?connected=true');
    const others = await get('/v1/skills?connected=false');
    expect(connected.json.integrations.length).toBeGreaterThan(0);
    for (const one of connected.json.integrations) expect(one.connected).toBe(true);
    for (const one of others.json.integrations) expect(one).toMatchObject({ connected: false, accounts: [] });
    expect(slugsOf(others)).toContain('github');
    expect([...slugsOf(connected), ...slugsOf(others)].sort()).toEqual(slugsOf(await get('/v1/skills')));
  });

  it('filters by category', async () => {
    const answer = await get('/v1/skills?category=development');
    expect(slugsOf(answer)).toContain('github');
    expect(new Set(answer.json.integrations.map((one: { category: string }) => one.category))).toEqual(new Set(['development']));
    expect((await get('/v1/skills?category=nothing')).json).toEqual({ integrations: [], next_cursor: null, total: 0 });
  });

  it('pages without losing or repeating one', async () => {
    const slugs: string[] = [];
    let cursor: string | null = null;
    do {
      const answer = await get(`/v1/skills?limit=1${cursor === null ? '' : `&cursor=${cursor}`}`);
      expect(answer.json.integrations).toHaveLength(1);
      expect(answer.json.total).toBe(server.gateway.catalogue.integrations.length);
      slugs.push(...slugsOf(answer));
      cursor = answer.json.next_cursor;
    } while (cursor !== null);
    expect(slugs).toEqual(server.gateway.catalogue.integrations.map((one) => one.slug));
  });

  it.each(['limit=0', 'limit=101', 'limit=many', 'cursor=nonsense', 'connected=perhaps'])(
    'refuses %s and says what is right',
    async (query) => {
      const answer = await get(`/v1/skills?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.json.error).toBe('bad_request');
      expect(answer.json.message.length).toBeGreaterThan(20);
    },
  );

  it('refuses who brings no key, also for what does not exist', async () => {
    for (const path of ['/v1/skills', '/v1/skills/nothing', '/v1/skills/github/nothing', '/v1/nothing/download']) {
      const answer = await server.request('GET', path, { authorization: null });
      expect(answer.status).toBe(401);
      expect(answer.json.error).toBe('unauthorized');
    }
  });
});

describe('GET /v1/skills/:integration', () => {
  it('lists the endpoints with the fields of the contract, to any key', async () => {
    const answer = await get('/v1/skills/github');
    expect(Object.keys(answer.json)).toEqual(['slug', 'name', 'description', 'version', 'connected', 'endpoints', 'next_cursor', 'total']);
    expect(answer.json).toMatchObject({ slug: 'github', name: 'GitHub', connected: false, total: countOf('github') });
    const create = answer.json.endpoints.find((one: { name: string }) => one.name === 'create_issue');
    const { spec } = server.gateway.catalogue.findEndpoint('github', 'create_issue') ?? {};
    expect(create).toEqual({ name: 'create_issue', method: 'POST', category: 'issues', description: spec?.description, read_only: false });
    expect((await getNarrowly('/v1/skills/sandbox')).json.total).toBe(countOf('sandbox'));
  });

  it('filters by category, method and whether it only reads, and searches', async () => {
    const pulls = await get('/v1/skills/github?category=pull-requests&method=put');
    expect(pulls.json.total).toBeGreaterThan(0);
    for (const endpoint of pulls.json.endpoints) expect(endpoint).toMatchObject({ category: 'pull-requests', method: 'PUT' });
    const reads = await get('/v1/skills/github?read_only=true');
    const writes = await get('/v1/skills/github?read_only=false');
    expect(reads.json.total + writes.json.total).toBe(countOf('github'));
    for (const endpoint of reads.json.endpoints) expect(endpoint.read_only).toBe(true);
    expect((await get('/v1/skills/github?search=creat%20isue')).json.endpoints[0].name).toBe('create_issue');
    expect((await get('/v1/skills/github?search=')).json.total).toBe(countOf('github'));
  });

  it.each(['method=FETCH', 'read_only=yes', `search=${'x'.repeat(201)}`])('refuses %s', async (query) => {
    const answer = await get(`/v1/skills/github?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.json.error).toBe('bad_request');
  });

  it('says that there is no such integration', async () => {
    const answer = await get('/v1/skills/nothing');
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ error: 'not_found', message: 'Integration not found.' });
  });
});

describe('GET /v1/skills/:integration/:endpoint', () => {
  it('says everything a call needs, to any key', async () => {
    const answer = await getNarrowly('/v1/skills/github/create_pull');
    expect(Object.keys(answer.json)).toEqual([
      'integration',
      'name',
      'method',
      'category',
      'description',
      'read_only',
      'provider_scopes',
      'parameters',
      'schema',
      'example',
      'answer',
      'answer_fields',
      'errors',
    ]);
    expect(answer.json).toMatchObject({
      integration: 'github',
      name: 'create_pull',
      method: 'POST',
      category: 'pull-requests',
      read_only: false,
    });
    expect(answer.json.provider_scopes).toContain('repo');
    expect(answer.json.answer).toBe(server.gateway.catalogue.findEndpoint('github', 'create_pull')?.spec.answer);
    expect(answer.json.schema).toEqual(server.gateway.catalogue.findEndpoint('github', 'create_pull')?.schema);
    expect(Object.keys(answer.json.example)).toEqual(['params', 'cli', 'curl']);
    expect(answer.json.example.curl).toContain('https://skillett.example/v1/github/create_pull');
    for (const { error, fix } of answer.json.errors) expect([typeof error, typeof fix]).toEqual(['string', 'string']);
    const repo = answer.json.parameters.find((one: { name: string }) => one.name === 'repo');
    expect(repo).toMatchObject({ name: 'repo', type: 'string', required: true });
    expect(repo).not.toHaveProperty('default');
    expect(repo).not.toHaveProperty('enum');
  });

  it('shows defaults and choices where there are some', async () => {
    const { parameters } = (await get('/v1/skills/github/list_issues_for_repo')).json;
    const state = parameters.find((one: { name: string }) => one.name === 'state');
    expect(state).toMatchObject({ required: false, default: 'open', enum: ['open', 'closed', 'all'] });
  });

  it('is the Markdown document when that is asked for', async () => {
    const document = await server.request('GET', '/v1/skills/github/create_issue', { headers: { accept: 'text/markdown' } });
    expect(document.headers.get('content-type')).toMatch(/^text\/markdown/);
    const unwanted = await server.request('GET', '/v1/skills/github/create_issue', {
      headers: { accept: 'application/json, text/markdown;q=0' },
    });
    expect(unwanted.json.name).toBe('create_issue');
    const files = (await get('/v1/github/download')).json.files;
    expect(document.text).toBe(files.find((one: { file_path: string }) => one.file_path === 'endpoints/issues/create_issue.md').content);
  });

  it.each([
    ['/v1/skills/nothing/create_issue', 'Integration not found.'],
    ['/v1/skills/github/nothing', 'Endpoint not found.'],
    ['/v1/skills/github/constructor', 'Endpoint not found.'],
  ])('answers 404 for %s', async (path, message) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ error: 'not_found', message });
  });

  it.each([
    ['GET', '/v1/skills/githb/create_issue', 'integration', 'github'],
    ['GET', '/v1/skills/github/createIssues', 'endpoint', 'create_issue'],
    ['POST', '/v1/github/creat_issue', 'endpoint', 'create_issue'],
  ])('answers %s %s with the nearest names', async (method, path, argument, name) => {
    const answer = await server.request(method, path, method === 'POST' ? { body: {} } : {});
    expect(answer.status).toBe(404);
    expect(answer.json.details[0]).toEqual({ path: argument, message: `Did you mean \`${name}\`?` });
    expect(answer.json.details.length).toBeLessThanOrEqual(3);
  });

  it('names nothing beside a name that is near none', async () => {
    expect((await get('/v1/skills/github/zzzzqqqqxxxxjjjj')).json).not.toHaveProperty('details');
  });
});

describe('GET /v1/:slug/download', () => {
  it('hands out SKILL.md, a document for each endpoint and the guides, to any key', async () => {
    const answer = await getNarrowly('/v1/sandbox/download');
    expect(answer.status).toBe(200);
    expect(answer.json.slug).toBe('sandbox');
    const paths = answer.json.files.map((file: { file_path: string }) => file.file_path);
    expect(paths[0]).toBe('SKILL.md');
    expect(paths.filter((path: string) => path.startsWith('endpoints/'))).toHaveLength(countOf('sandbox'));
    for (const file of answer.json.files) expect(Object.keys(file)).toEqual(['file_path', 'content']);
  });

  it('answers 404 for what does not exist', async () => {
    expect((await get('/v1/nothing/download')).json).toMatchObject({ error: 'not_found', message: 'Integration not found.' });
  });
});

describe('over GraphQL', () => {
  it('the three levels are one request', async () => {
    const { json } = await server.graphql(`{
      integrations(search: "github") { totalCount nodes { slug endpointCount } }
      integration(slug: "github") { connected endpoints(first: 2, category: "issues", readOnly: true) { totalCount pageInfo { hasNextPage endCursor } nodes { name readOnly } } }
      endpoint(integration: "github", name: "create_issue") { method parameters { name required } destructive idempotent }
    }`);
    expect(json.errors).toBeUndefined();
    expect(json.data.integrations.nodes[0]).toEqual({ slug: 'github', endpointCount: countOf('github') });
    expect(json.data.integration.endpoints.nodes).toHaveLength(2);
    expect(json.data.integration.endpoints.pageInfo.hasNextPage).toBe(true);
    expect(json.data.endpoint).toMatchObject({ method: 'POST', destructive: false, idempotent: false });
  });

  it('the endpoints of an integration can be cut to those within the scopes of the key', async () => {
    const count = async (args: string, authorization: string) => {
      const query = `{ integration(slug: "github") { endpoints${args} { totalCount } } }`;
      return (await server.graphql(query, undefined, { authorization })).json.data.integration.endpoints.totalCount;
    };
    const narrow = `Bearer ${narrowKey}`;
    expect(await count('', narrow)).toBe(countOf('github'));
    expect(await count('(callable: true)', narrow)).toBe(1);
    expect(await count('(callable: false)', narrow)).toBe(countOf('github') - 1);
    expect(await count('(callable: true)', `Bearer ${server.key}`)).toBe(countOf('github'));
  });

  it('a search over all integrations finds what the key may call, best first', async () => {
    const query = '{ searchEndpoints(query: "create issue", first: 3) { totalCount nodes { integration name } } }';
    const all = await server.graphql(query);
    expect(all.json.data.searchEndpoints.nodes[0].name).toMatch(/^create_issue/);
    expect(all.json.data.searchEndpoints.totalCount).toBeGreaterThan(1);
    const narrow = await server.graphql(query, undefined, { authorization: `Bearer ${narrowKey}` });
    expect(narrow.json.data.searchEndpoints).toEqual({ totalCount: 1, nodes: [{ integration: 'github', name: 'create_issue' }] });
  });

  it('an unknown integration and an unknown endpoint are not_found, an empty search bad_request', async () => {
    for (const [query, code, message] of [
      ['{ integration(slug: "nothing") { slug } }', 'not_found', 'Integration not found.'],
      ['{ endpoint(integration: "nothing", name: "create_issue") { name } }', 'not_found', 'Integration not found.'],
      ['{ endpoint(integration: "github", name: "nothing") { name } }', 'not_found', 'Endpoint not found.'],
      ['{ searchEndpoints(query: " ") { totalCount } }', 'bad_request', expect.stringContaining('say what you look for')],
    ])
      expect((await server.graphql(query as string)).json.errors).toMatchObject([{ message, extensions: { code } }]);
  });

  it('an example is given for any call, in forms that can be used as they are', async () => {
    const query = `query ($params: JSON, $account: String, $select: String) {
      endpoint(integration: "sandbox", name: "create_note") {
        example(params: $params, account: $account, select: $select) { params cli curl mcp graphql }
      }
    }`;
    const params = { title: "It's a “note”\nfor $HOME", tags: ['one'] };
    const { json } = await server.graphql(query, { params, account: 'first', select: 'title' });
    const { example } = json.data.endpoint;
    expect(example.params).toEqual(params);
    const mcp = { endpoint: 'sandbox.create_note', params, account: 'first', select: 'title' };
    expect(JSON.parse(example.mcp)).toEqual({ name: 'execute', arguments: mcp });
    expect(example.curl).toContain(
      `-d '{"params":{"title":"It'\\''s a “note”\\nfor $HOME","tags":["one"]},"account":"first","select":"title"}'`,
    );
    expect((await server.graphql(example.graphql)).json.data.execute).toMatchObject({ status: 201, data: params.title });
    const typical = (await server.graphql(query)).json.data.endpoint.example;
    expect((await server.graphql(typical.graphql)).json.data.execute).toMatchObject({ status: 201, data: typical.params });
    const odd = (await server.graphql(query, { params: { 'a-b': { c: [{ 'd e': 1 }] } } })).json.data.endpoint.example.graphql;
    expect(odd).toContain('params: $params');
    expect(odd).toContain('# Variables: {"params":{"a-b":{"c":[{"d e":1}]}}}');
  });

  it('an example is not given for what is no object, nested too deep or too large', async () => {
    const query = 'query ($params: JSON) { endpoint(integration: "sandbox", name: "create_note") { example(params: $params) { curl } } }';
    let deep: object = {};
    for (let depth = 0; depth < 5_000; depth += 1) deep = { deep };
    for (const params of [['x'], 'x', deep, { title: 'x'.repeat(70_000) }]) {
      const { json } = await server.graphql(query, { params });
      expect(json.errors[0]).toMatchObject({ extensions: { code: 'bad_request' }, message: expect.stringContaining('params') });
    }
    expect((await server.graphql(query, { params: { title: 'x'.repeat(60_000) } })).json.errors).toBeUndefined();
  });

  it('the core skill tells about Skillett itself', async () => {
    const { json } = await server.graphql('{ coreSkill { filePath content } }');
    expect(json.data.coreSkill.filePath).toBe('SKILL.md');
    expect(json.data.coreSkill.content).toContain('\nname: skillett\n');
    const refused = await server.graphql('{ coreSkill { content } }', undefined, { authorization: null });
    expect(refused.json.errors[0].extensions.code).toBe('unauthorized');
  });
});
