/** A whole server on a database in memory, for programs that are no tests. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { schema } from '../../src/app/graphql/schema.ts';
import { clientTimeouts } from '../../src/app/http/arrival/client-sockets.ts';
import { createHttpServer } from '../../src/app/http/server.ts';
import { createPages } from '../../src/app/pages/pages.ts';
import { createFirstKey } from '../../src/app/process/first-start.ts';
import { openGateway } from '../../src/app/process/gateway.ts';
import { readConfig } from '../../src/core/config/config.ts';
import { openEmbedded } from '../../src/core/database/database.ts';
import { createLog } from '../../src/core/log.ts';
import { Upstream } from '../../test/support/upstream.ts';
import { type ExecutionStand, settingsOf } from './execute-recipe.ts';

export async function openExecutionStand(slugs: readonly string[]): Promise<ExecutionStand & { close(): Promise<void> }> {
  const upstream = await Upstream.start();
  // The sandbox is a service like the others here, and none of its own stands beside a database that is not embedded.
  const database = { ...(await openEmbedded(undefined)), kind: 'postgres' as const };
  const config = readConfig({ PORT: '0', SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'), ...settingsOf(slugs, upstream) });
  const { gateway, close } = await openGateway(config, { database, log: createLog('error') });
  const key = (await createFirstKey(gateway)) as string;
  const http = createHttpServer(gateway, schema, createPages(gateway), clientTimeouts);
  await new Promise<void>((resolve) => http.server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`,
    key,
    gateway,
    upstream,
    close: async () => {
      await http.stop();
      await close();
      await database.close();
      await upstream.close();
    },
  };
}
