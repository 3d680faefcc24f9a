/** A description as large as there are, imported at one process and used at every other at once. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Installation } from './installation.ts';

let installation: Installation;
let key: string;

beforeAll(async () => {
  installation = await Installation.start({ env: { SKILLETT_OUTBOUND_ALLOW: '127.0.0.1' } });
  key = await installation.newKey({ plan: 'unlimited' });
});
afterAll(() => installation.close());

const github = () => readFileSync(createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json'), 'utf8');
const graphql = (at: number, query: string, variables: object) => installation.request(at, key, 'POST', '/graphql', { query, variables });
const mcp = (at: number, name: string, args: object) =>
  installation.request(
    at,
    key,
    'POST',
    '/mcp',
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } },
    {
      accept: 'application/json, text/event-stream',
    },
  );

it('over REST, GraphQL and MCP, changed and removed at another, and no process waits or starts anew', async () => {
  const { upstream } = installation;
  upstream.json('[{"id":1}]');
  const before = Date.now();
  const importing = graphql(
    0,
    `mutation ($document: String, $baseUrl: String) { importIntegration(document: $document, baseUrl: $baseUrl, slug: "forge") {
       operationCount endpointCount wholeCount integration { endpointCount } warnings } }`,
    { document: github(), baseUrl: `${upstream.origin}/api` },
  );
  // The process that imports answers others meanwhile.
  const asked = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await installation.call(0, key, 'list_things')).status).toBe(200);
  expect(Date.now() - asked).toBeLessThan(3_000);
  const { json } = await importing;
  const made = json.data.importIntegration;
  expect(Date.now() - before).toBeLessThan(60_000);
  expect(made.operationCount).toBeGreaterThan(1_000);
  expect(made.endpointCount / made.operationCount).toBeGreaterThan(0.99);
  expect(made.integration.endpointCount).toBe(made.endpointCount);

  // Ways to connect are none in that description, so it is called as it is.
  upstream.received.length = 0;
  const params = { owner: 'octo', repo: 'cat' };
  for (const at of [1, 0]) {
    expect((await installation.request(at, key, 'POST', '/v1/forge/list_repos_issues', { params })).json).toEqual({
      status: 200,
      data: [{ id: 1 }],
    });
    const read = await graphql(
      at,
      'query ($params: JSON) { read(integration: "forge", endpoint: "list_repos_issues", params: $params) { status data } }',
      { params },
    );
    expect(read.json.data.read).toEqual({ status: 200, data: [{ id: 1 }] });
    const called = await mcp(at, 'read', { integration: 'forge', endpoint: 'list_repos_issues', params });
    expect(called.json.result.content[0].text).toContain('"id":1');
    const found = await graphql(at, '{ searchEndpoints(query: "list issues of a repository", first: 3) { nodes { integration } } }', {});
    expect(found.json.data.searchEndpoints.nodes.map(({ integration }: { integration: string }) => integration)).toContain('forge');
  }
  expect(new Set(upstream.received.map(({ target }) => target))).toEqual(new Set(['/api/repos/octo/cat/issues']));
  expect(upstream.received).toHaveLength(6);

  const update = await graphql(
    1,
    'mutation ($document: String, $baseUrl: String) { updateIntegration(document: $document, baseUrl: $baseUrl, slug: "forge", tags: ["meta"]) { endpointCount } }',
    { document: github(), baseUrl: `${upstream.origin}/v2` },
  );
  expect(update.json.data.updateIntegration.endpointCount).toBeLessThan(20);
  expect((await installation.request(0, key, 'POST', '/v1/forge/list_repos_issues', { params })).status).toBe(404);
  expect((await installation.request(0, key, 'POST', '/v1/forge/list_zen', {})).status).toBe(200);
  expect(upstream.received.at(-1)?.target).toBe('/v2/zen');
  await graphql(1, 'mutation { removeIntegration(slug: "forge") { slug } }', {});
  for (const at of [0, 1]) expect((await installation.request(at, key, 'POST', '/v1/forge/list_zen', {})).json.error).toBe('not_found');
}, 180_000);
