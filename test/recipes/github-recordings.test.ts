/** Answers that GitHub really gave, as @octokit/fixtures recorded them, played by a local upstream. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueEndpoint } from '../../src/domains/recipes/catalogue.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

interface Recording {
  method: string;
  path: string;
  status: number;
  body: unknown;
  response: unknown;
  responseHeaders: Record<string, string>;
}

const folder = path.join(path.dirname(createRequire(import.meta.url).resolve('@octokit/fixtures')), 'scenarios/api.github.com');
const recordings = readdirSync(folder).flatMap((scenario) =>
  (JSON.parse(readFileSync(path.join(folder, scenario, 'normalized-fixture.json'), 'utf8')) as Recording[])
    .filter(({ status, response }) => status === 204 || (typeof response === 'object' && (status < 300 || status >= 400)))
    .map((recording) => ({ scenario, recording })),
);

let upstream: Upstream;
let server: TestServer;
beforeAll(async () => {
  upstream = await Upstream.start();
  upstream.json('{"login":"octokit-fixture-user","id":1}');
  server = await startTestServer({ env: { SKILLETT_GITHUB_BASE_URL: upstream.origin } });
  const connected = await server.request('POST', '/v1/connect', {
    body: { integration: 'github', credentials: { token: 'ghp_recorded' } },
  });
  expect(connected.json).toMatchObject({ status: 'connected' });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

/** The endpoint a recorded request belongs to, and the parameters that make it. */
function findCall({ method, path: target, body }: Recording): { endpoint: CatalogueEndpoint; params: Record<string, unknown> } | undefined {
  const { pathname, searchParams } = new URL(target, 'https://api.github.com');
  for (const endpoint of server.gateway.catalogue.find('github')?.endpoints.values() ?? []) {
    if (endpoint.spec.method !== method.toUpperCase()) continue;
    const names: string[] = [];
    const pattern = endpoint.spec.path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
      names.push(name);
      return '([^/]+)';
    });
    const match = new RegExp(`^${pattern}$`).exec(pathname);
    if (!match) continue;
    const places = Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(match[at + 1] as string)]));
    const given: Record<string, unknown> = { ...places, ...Object.fromEntries(searchParams), ...((body || {}) as object) };
    const params: Record<string, unknown> = {};
    for (const [name, parameter] of Object.entries(endpoint.spec.parameters ?? {})) {
      if (parameter.split) params[name] = parameter.split.replace(/\{(\w+)\}/g, (_whole, part: string) => String(places[part]));
      else if (given[name] !== undefined) params[name] = parameter.type === 'integer' ? Number(given[name]) : given[name];
    }
    const { content } = endpoint.spec.body ?? {};
    if (content !== undefined)
      params[content] = { filename: 'a.txt', content_type: 'text/plain', base64: Buffer.from(String(body)).toString('base64') };
    return { endpoint, params };
  }
  return undefined;
}

describe('recorded answers of GitHub', () => {
  it('pass through byte for byte, by REST and by GraphQL, whatever their spacing', async () => {
    const played: string[] = [];
    for (const { scenario, recording } of recordings) {
      const call = findCall(recording);
      // Our own check refuses this colour before anything is sent.
      if (call?.params.color === 'invalid') call.params.color = '663399';
      if (!call) continue;
      const bytes = recording.status === 204 ? '' : JSON.stringify(recording.response, null, 3);
      upstream.answer(recording.status, { 'content-type': 'application/json; charset=utf-8' }, bytes);
      const name = call.endpoint.name;
      const rest = await server.request('POST', `/v1/github/${name}`, { body: { params: call.params } });
      const place = recording.status < 400 ? 'data' : 'error';
      expect(rest.text, `${scenario}: ${name}`).toBe(`{"status":${recording.status},"${place}":${bytes || 'null'}}`);
      const graphql = await server.graphql(
        `mutation ($params: JSON) { execute(integration: "github", endpoint: "${name}", params: $params) { status ${place} } }`,
        { params: call.params },
      );
      expect(graphql.text, `${scenario}: ${name}`).toBe(
        `{"data":{"execute":{"status":${recording.status},"${place}":${bytes || 'null'}}}}`,
      );
      const sent = upstream.received.at(-1);
      expect(`${sent?.method} ${sent?.target}`).toContain(
        `${recording.method.toUpperCase()} ${new URL(recording.path, 'http://x').pathname}`,
      );
      expect(sent?.headers.authorization).toBe('Bearer ghp_recorded');
      played.push(name);
    }
    expect(new Set(played)).toContain('add_labels');
    expect(new Set(played).size).toBeGreaterThanOrEqual(12);
  });
});
