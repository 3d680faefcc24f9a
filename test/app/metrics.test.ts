import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let github: Upstream;
let server: TestServer;

beforeAll(async () => {
  github = await Upstream.start();
  github.json('{"id":1,"login":"ada"}');
  server = await startTestServer({ env: { SKILLETT_GITHUB_BASE_URL: github.origin } });
});
afterAll(async () => {
  await server.close();
  await github.close();
});

it('counts executions by outcome for an operator, and shows no secret and no parameter', async () => {
  await server.request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token: 'ghp_planted' } } });
  const call = (params: object) => server.request('POST', '/v1/github/get_label', { body: { params } });
  expect((await call({ repo: 'planted/repo', name: 'planted-label' })).status).toBe(200);
  expect((await call({})).status).toBe(400);
  github.json('{"message":"planted failure"}', 404);
  expect((await call({ repo: 'planted/repo', name: 'planted-label' })).status).toBe(404);

  await server.gateway.db
    .updateTable('apiKeys')
    .set({ scopes: ['*', 'operator'] })
    .execute();
  const answer = await server.request('GET', '/metrics');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
  for (const outcome of ['succeeded', 'refused', 'upstream_failed'])
    expect(answer.text).toContain(`skillett_executions_total{integration="github",outcome="${outcome}"} 1`);
  expect(answer.text).toContain('skillett_execution_seconds_count{integration="github"} 3');
  expect(answer.text).not.toContain('planted');
  expect(answer.text).not.toContain(server.key.slice(3));
  expect((await server.request('POST', '/metrics', { body: {} })).status).toBe(405);
});

it('is refused without a key, and to a key without the scope', async () => {
  await server.gateway.db
    .updateTable('apiKeys')
    .set({ scopes: ['*'] })
    .execute();
  expect((await server.request('GET', '/metrics')).json.error).toBe('forbidden');
  expect((await server.request('GET', '/metrics', { authorization: null })).json.error).toBe('unauthorized');
});
