/**
 * What the gateway costs beside the least that can forward a call (bench/relay.ts): CPU per call, throughput, latency and
 * memory, as ratios within one run (bench/compare.ts). PostgreSQL, an upstream and the load run on the same machine.
 *
 *   npm run bench -- [--connections 64] [--rounds 7] [--seconds 2] [--sizes 1k,100k,1m] [--variants REST,GraphQL,MCP] [--cpu-prof]
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { compare } from './compare.ts';
import { benchJsonProof } from './json-proof.ts';
import { residentMegabytes } from './processes.ts';
import { startStand } from './stand.ts';

const { values: options } = parseArgs({
  options: {
    connections: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    sizes: { type: 'string', default: '1k,100k,1m' },
    variants: { type: 'string', default: 'REST,GraphQL,MCP' },
    'cpu-prof': { type: 'boolean', default: false },
  },
});
const pace = { connections: Number(options.connections), rounds: Number(options.rounds), seconds: Number(options.seconds) };

benchJsonProof();
const stand = await startStand(options['cpu-prof'] ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}`] : []);
try {
  console.log(
    `${availableParallelism()} cores, Node ${process.version}, ${pace.connections} connections, ${pace.rounds} rounds of ${pace.seconds} s\n`,
  );
  const chosen = stand.variants.filter(({ name }) => name === 'relay' || options.variants.split(',').includes(name));
  for (const size of options.sizes.split(',')) await compare(size, chosen, pace);
  console.log(
    `Memory of the gateway afterwards: ${residentMegabytes(stand.gatewayPid).toFixed(0)} MB; of the relay: ${residentMegabytes(stand.relayPid).toFixed(0)} MB`,
  );
} finally {
  await stand.close();
}
