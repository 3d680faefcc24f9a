/**
 * What the gateway costs beside the least that can forward a call (bench/relay.ts): CPU per call, throughput, latency and
 * memory, as ratios within one run (bench/compare.ts). PostgreSQL, an upstream and the load run on the same machine.
 *
 *   npm run bench -- [--connections 64] [--rounds 15] [--seconds 0.7] [--sizes 1k,100k] [--variants REST,raw] [--cpu-prof]
 *   npm run bench -- --before <folder of another tree, with its node_modules>
 *
 * With `--before` that tree's server takes turns too, on a database of its own, and what each call costs is printed as a share of it.
 */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compare } from './compare.ts';
import { benchJsonProof } from './json-proof.ts';
import { residentMegabytes } from './processes.ts';
import { startStand } from './stand.ts';

const { values: options } = parseArgs({
  options: {
    connections: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '0.7' },
    sizes: { type: 'string', default: '1k,100k,100k-issues,100k-texts,1m' },
    variants: { type: 'string' },
    before: { type: 'string' },
    'cpu-prof': { type: 'boolean', default: false },
  },
});
const pace = { connections: Number(options.connections), rounds: Number(options.rounds), seconds: Number(options.seconds) };
/** What is compared where nothing was chosen: a long answer costs the same behind every door, but for the proof that it is JSON. */
const doorsOf = (size: string) => (options.variants ?? (size === '1k' ? 'REST,GraphQL,MCP' : 'REST,raw')).split(',');

if (options.before === undefined) benchJsonProof();
const profile = options['cpu-prof'] ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}`] : [];
const stand = await startStand(profile, options.before && path.resolve(options.before));
const chosenFor = (size: string) =>
  stand.variants.filter(({ name }) => name === 'relay' || doorsOf(size).includes(name.replace(/ before$/, '')));
try {
  console.log(
    `${availableParallelism()} cores, Node ${process.version}, ${pace.rounds} rounds of ${pace.seconds} s; a size × the connections; ratios: quietest, median (least…most)\n`,
  );
  for (const size of options.sizes.split(',')) await compare(size, chosenFor(size), pace);
  // Alone: what a call takes longer than the relay's is what it adds.
  if (pace.connections > 1 && options.sizes.includes('1k')) await compare('1k', chosenFor('1k'), { ...pace, connections: 1 });
  console.log(
    `Memory of the gateway afterwards: ${residentMegabytes(stand.gatewayPid).toFixed(0)} MB; of the relay: ${residentMegabytes(stand.relayPid).toFixed(0)} MB`,
  );
} finally {
  await stand.close();
}
