/** A server in a process of its own, as main.ts starts one, but that takes the host in its argument for a public one where callers choose addresses. */
import { setFlagsFromString } from 'node:v8';
import { schema } from '../../src/app/graphql/schema.ts';
import { createHttpServer } from '../../src/app/http/server.ts';
import { createPages } from '../../src/app/pages/pages.ts';
import { openGateway } from '../../src/app/process/gateway.ts';
import { readConfig } from '../../src/core/config/config.ts';

const config = readConfig(process.env);
const { gateway } = await openGateway(config, { allowCallers: process.argv.slice(2) });
const { server } = createHttpServer(gateway, schema, createPages(gateway));
server.listen(config.port, config.host, () => {
  console.log(`listens on ${config.port}`);
  setFlagsFromString('--external-memory-accounted-in-global-limit');
});
