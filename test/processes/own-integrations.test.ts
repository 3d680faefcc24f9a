/** A description as large as there are, imported at one process and used at every other at once. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerProcess } from '../support/process.ts';
import { Installation } from './installation.ts';

let installation: Installation;
let key: string;

beforeAll(async () => {
  installation = await Installation.start({ env: { SKILLETT_OUTBOUND_ALLOW: '127.0.0.1' } });
  // What the installation may reach, an integration of the owner may.
  const owner = installation.database.db.selectFrom('users').select('id').where('isOwner', '=', true);
  key = await installation.keyOf((await owner.executeTakeFirstOrThrow()).id);
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
    const called = await mcp(at, 'read', { endpoint: 'forge.list_repos_issues', params, with: ['*'], budget: 0 });
    expect(called.json.result.content[0].text).toContain('"id":1');
    const found = await graphql(at, '{ searchEndpoints(query: "list issues of a repository", first: 25) { nodes { integration } } }', {});
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

describe('an import that nobody waits for', () => {
  /** Takes its reader a while, since every name of it is looked at. */
  const slow = () => {
    const names = Array.from({ length: 150_000 }, (_, at) => `  a${at}: &a${at} {x: [1, 2, 3]}`).join('\n');
    return `openapi: 3.0.0\nservers: [{url: "${installation.upstream.origin}"}]\npaths: {/a: {get: {}}}\nx:\n${names}`;
  };
  const begin = async (at: number, slug: string, document: string) => {
    const { json } = await graphql(
      at,
      'mutation ($document: String, $slug: String!) { importIntegration(document: $document, slug: $slug, waitSeconds: 0) { import { id status } } }',
      { document, slug },
    );
    expect(json.data.importIntegration.import.status).toBe('RUNNING');
    return json.data.importIntegration.import.id as string;
  };
  const stateOf = async (at: number, id: string) =>
    (await graphql(at, 'query ($id: ID!) { import(id: $id) { status error } }', { id })).json.data.import;
  const end = async (at: number, id: string) => {
    for (;;) {
      const state = await stateOf(at, id);
      if (state.status !== 'RUNNING') return state;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  /** Of the importers that a server process has started. */
  const importerOf = async (pid: number) => {
    for (;;) {
      const found = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .find((name) => {
          try {
            const [, parent] = /^\d+ \(.*\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
            return Number(parent) === pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('import-child');
          } catch {
            return false;
          }
        });
      if (found) return Number(found);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it('is told of at another process, and has failed where its reader is killed', async () => {
    const done = await begin(0, 'quick', slow().slice(0, slow().indexOf('\nx:')));
    expect(await end(1, done)).toEqual({ status: 'DONE', error: null });
    const killed = await begin(0, 'killed', slow());
    process.kill(await importerOf((installation.processes[0] as ServerProcess).child.pid as number), 'SIGKILL');
    expect(await end(1, killed)).toMatchObject({ status: 'FAILED', error: expect.stringContaining('more memory than') });
    expect((await installation.request(1, key, 'POST', '/v1/killed/list_a', {})).status).toBe(404);
  }, 60_000);

  it('has failed where the process that reads it is killed', async () => {
    await installation.startProcess();
    const id = await begin(2, 'lost', slow());
    await (installation.processes[2] as ServerProcess).kill();
    expect((await stateOf(0, id)).status).toBe('RUNNING');
    expect(await end(0, id)).toMatchObject({ status: 'FAILED', error: expect.stringContaining('has ended') });
  }, 60_000);
});
