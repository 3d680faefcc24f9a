/**
 * `npm run bench:graph`: what it costs to build the schemas of typed fields, of one, three and all bundled integrations, in time of the CPU and in heap.
 * Each set is built in a process of its own, with nothing read and nothing compiled before, as the first who names them finds it.
 */
import { spawnSync } from 'node:child_process';
import { schema as own } from '../src/app/graphql/schema.ts';
import { bundledRecipes } from '../src/app/process/folders.ts';
import { ComposedSchemas } from '../src/domains/graph/compose-schema.ts';
import type { CatalogueIntegration } from '../src/domains/recipes/catalogue.ts';
import { loadCatalogue } from '../src/domains/recipes/load.ts';

const [asked] = process.argv.slice(2);
const { integrations } = await loadCatalogue({ bundledFolder: bundledRecipes, extraFolder: undefined, integrations: new Map() });

if (asked !== undefined) await measure(integrations.filter(({ slug }) => asked.split(',').includes(slug)));
else {
  const slugs = integrations.map(({ slug }) => slug);
  for (const set of [['hackernews'], ['slack'], ['github'], ['github', 'notion', 'slack'], slugs]) {
    const { status } = spawnSync(process.execPath, ['--expose-gc', import.meta.filename, set.join(',')], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
}

async function measure(chosen: readonly CatalogueIntegration[]): Promise<void> {
  const schemas = new ComposedSchemas(own);
  const before = heapMb();
  const watch = watchTurns();
  const first = await cpuMsOf(() => schemas.compose(chosen));
  const longestMs = watch.stop();
  const { schema, print } = first.value;
  const held = heapMb() - before;
  const printed = await cpuMsOf(async () => print());
  const figures = [
    `${chosen.flatMap(({ endpoints }) => [...endpoints.values()]).length} endpoints`,
    `${Object.keys(schema.getTypeMap()).length - Object.keys(own.getTypeMap()).length} types`,
    `built ${first.ms.toFixed(0)} ms`,
    `longest turn ${longestMs.toFixed(0)} ms`,
    `heap ${held.toFixed(1)} MB`,
    `SDL ${(printed.value.length / 1000).toFixed(0)} KB in ${printed.ms.toFixed(0)} ms`,
  ];
  // Of types that are built already.
  if (chosen.length > 1) figures.push(`without its first ${(await cpuMsOf(() => schemas.compose(chosen.slice(1)))).ms.toFixed(0)} ms`);
  const name = chosen.length > 3 ? `all ${chosen.length}` : chosen.map(({ slug }) => slug).join(', ');
  process.stdout.write(`${name.padEnd(24)} ${figures.join(', ')}\n`);
}

/** Of this thread, so that what else the machine does is not counted. */
async function cpuMsOf<Value>(work: () => Promise<Value>): Promise<{ value: Value; ms: number }> {
  const before = process.threadCpuUsage();
  const value = await work();
  const { user, system } = process.threadCpuUsage(before);
  return { value, ms: (user + system) / 1000 };
}

/** How long the loop belonged to one turn at most, in time of the CPU. */
function watchTurns(): { stop(): number } {
  let longestMs = 0;
  let before = process.threadCpuUsage();
  const look = () => {
    const { user, system } = process.threadCpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    before = process.threadCpuUsage();
  };
  let next = setImmediate(function turn() {
    look();
    next = setImmediate(turn);
  });
  return {
    stop: () => {
      look();
      clearImmediate(next);
      return longestMs;
    },
  };
}

function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 1_000_000;
}
