/** The bundled recipe of GitHub before a service that answers the examples of GitHub's own description, with two accounts. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

export interface GithubStand {
  server: TestServer;
  upstream: Upstream;
  close(): Promise<void>;
}

/** Accounts `home` and `work`; there are issue 1 and the pull requests of a/b. */
export async function startGithubStand(): Promise<GithubStand> {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
  const { examples } = JSON.parse(readFileSync(file, 'utf8')).components;
  const answers: Record<string, unknown> = {
    '/repos/a/b/issues/1': examples.issue.value,
    '/repos/a/b/pulls': examples['pull-request-simple-items'].value,
  };
  const upstream = await Upstream.start();
  upstream.play = ({ target, headers }, response) => {
    const answer = target === '/user' ? { login: headers.authorization, id: headers.authorization } : answers[target];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json; charset=utf-8', 'x-ratelimit-remaining': '4998' });
    response.end(JSON.stringify(answer ?? { message: 'Not Found', status: '404' }));
  };
  const server = await startTestServer({ env: { SKILLETT_GITHUB_BASE_URL: upstream.origin } });
  for (const account of ['home', 'work']) {
    const body = { integration: 'github', account, credentials: { token: `ghp_${account}` } };
    const { json } = await server.request('POST', '/v1/connect', { body });
    if (json.status !== 'connected') throw new Error(`${account} is not connected: ${JSON.stringify(json)}`);
  }
  upstream.received.length = 0;
  const close = async () => {
    await server.close();
    await upstream.close();
  };
  return { server, upstream, close };
}
