/** A server whose `hackernews`, of our own recipes and without a credential, is an upstream on loopback. */
import { startTestServer, type TestServer } from './server.ts';
import { Upstream } from './upstream.ts';

export interface HackernewsStand {
  server: TestServer;
  upstream: Upstream;
  close(): Promise<void>;
}

export async function startHackernews(): Promise<HackernewsStand> {
  const upstream = await Upstream.start();
  const server = await startTestServer({ env: { SKILLETT_HACKERNEWS_BASE_URL: upstream.origin } });
  return {
    server,
    upstream,
    close: async () => {
      await server.close();
      await upstream.close();
    },
  };
}
