/** Who hangs up is in the call log as that, and not as a fault of the service. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { githubSettings } from '../support/github-settings.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { eventually, Upstream } from '../support/upstream.ts';

let server: TestServer;
let github: Upstream;

beforeAll(async () => {
  github = await Upstream.start();
  github.json('{"id":1,"login":"ada"}');
  server = await startTestServer({ env: githubSettings(github.origin) });
  await server.request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token: 'ghp_1' } } });
});
afterAll(async () => {
  await server.close();
  await github.close();
});
beforeEach(() => github.reset());

const params = { repo: 'octo/hello', title: 'x' };

async function latest() {
  for (let turn = 0; turn < 200; turn += 1) {
    const { json } = await server.graphql('{ calls(first: 1) { nodes { outcome errorCode endpoint } } }');
    const [call] = json.data.calls.nodes;
    if (call.outcome !== 'STARTED') return call;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The end of the call was not written.');
}

async function hangUp(path: string, body: object): Promise<void> {
  const leaving = new AbortController();
  github.play = () => leaving.abort();
  const asked = fetch(server.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: leaving.signal,
  });
  await expect(asked).rejects.toThrow();
  await eventually(() => github.open.size === 0, 'the service is let go');
}

it('a read that nobody waits for any more has failed as client_gone, by REST and GraphQL', async () => {
  await hangUp('/v1/github/get_repo', { params: { repo: 'octo/hello' } });
  expect(await latest()).toEqual({ endpoint: 'get_repo', outcome: 'FAILED', errorCode: 'CLIENT_GONE' });
  await hangUp('/graphql', { query: '{ read(integration: "github", endpoint: "get_repo", params: {repo: "octo/hello"}) { status } }' });
  expect(await latest()).toEqual({ endpoint: 'get_repo', outcome: 'FAILED', errorCode: 'CLIENT_GONE' });
  const found = await server.graphql('{ calls(errorCodes: [CLIENT_GONE]) { totalCount } }');
  expect(found.json.data.calls.totalCount).toBe(2);
});

it('a write that was sent is of unknown outcome', async () => {
  await hangUp('/v1/github/create_issue', { params });
  expect(await latest()).toEqual({ endpoint: 'create_issue', outcome: 'UNKNOWN', errorCode: 'CLIENT_GONE' });
});

it('a service that hangs up is what it was', async () => {
  github.play = (_request, response) => void response.destroy();
  expect((await server.request('POST', '/v1/github/create_issue', { body: { params } })).json.error).toBe('upstream_unreachable');
  expect(await latest()).toEqual({ endpoint: 'create_issue', outcome: 'UNKNOWN', errorCode: 'UPSTREAM_UNREACHABLE' });
});
