import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestAnswer, type TestServer } from '../support/server.ts';
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

const setScopes = (scopes: string[]) => server.gateway.db.updateTable('apiKeys').set({ scopes }).execute();

async function read(): Promise<TestAnswer> {
  await setScopes(['*', 'operator']);
  return server.request('GET', '/metrics');
}

/** 0 for what was never counted. */
function countIn(text: string, series: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length) ?? 0);
}

it('counts executions by outcome for an operator, and shows no secret and no parameter', async () => {
  await server.request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token: 'ghp_planted' } } });
  const before = await read();
  const call = (params: object) => server.request('POST', '/v1/github/get_label', { body: { params } });
  expect((await call({ repo: 'planted/repo', name: 'planted-label' })).status).toBe(200);
  expect((await call({})).status).toBe(400);
  github.json('{"message":"planted failure"}', 404);
  expect((await call({ repo: 'planted/repo', name: 'planted-label' })).status).toBe(404);

  const answer = await read();
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
  // Counts are of the process, which other tests share.
  const added = (series: string) => countIn(answer.text, series) - countIn(before.text, series);
  for (const outcome of ['succeeded', 'refused', 'upstream_failed'])
    expect(added(`skillett_executions_total{integration="github",outcome="${outcome}"}`)).toBe(1);
  expect(added('skillett_execution_seconds_count{integration="github"}')).toBe(3);
  expect(answer.text).not.toContain('planted');
  expect(answer.text).not.toContain(server.key.slice(3));
  expect((await server.request('POST', '/metrics', { body: {} })).status).toBe(405);
});

it('is refused without a key, and to a key without the scope', async () => {
  await setScopes(['*']);
  expect((await server.request('GET', '/metrics')).json.error).toBe('forbidden');
  expect((await server.request('GET', '/metrics', { authorization: null })).json.error).toBe('unauthorized');
});
