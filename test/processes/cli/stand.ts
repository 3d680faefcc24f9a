/** A server in this process whose GitHub is a local upstream with an account, and the command with the owner's key for it. */
import { startTestServer, type TestServer } from '../../support/server.ts';
import { Upstream } from '../../support/upstream.ts';
import { Command } from './command.ts';

export interface Stand {
  server: TestServer;
  /** Answers, unless a test says otherwise, that issue 7 was made. */
  github: Upstream;
  command: Command;
  /** Before each test. */
  reset(): void;
  close(): Promise<void>;
}

export async function openStand(): Promise<Stand> {
  const github = await Upstream.start();
  github.json('{"login":"ada","id":1}');
  const { host } = new URL(github.origin);
  const server = await startTestServer({
    allowCallers: [host],
    env: { SKILLETT_GITHUB_BASE_URL: github.origin, SKILLETT_OUTBOUND_ALLOW: host },
  });
  const { json } = await server.request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token: 'ghp_planted' } } });
  if (json.status !== 'connected') throw new Error(JSON.stringify(json));
  const command = new Command();
  Object.assign(command.env, { SKILLETT_URL: server.url, SKILLETT_API_KEY: server.key });
  return {
    server,
    github,
    command,
    reset: () => {
      github.reset();
      github.json('{"number":7}', 201);
    },
    close: async () => {
      command.remove();
      await server.close();
      await github.close();
    },
  };
}
