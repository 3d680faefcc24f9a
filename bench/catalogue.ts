/**
 * `npm run bench:catalogue`: what 5,000 endpoints cost, in time of the CPU. Made-up recipes are copies of the bundled ones under other names; they are
 * checked and kept by a program of their own, as `npm run build` does, and this one starts with what is kept.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundledRecipes } from '../src/app/process/folders.ts';
import { loadCatalogue } from '../src/domains/recipes/load.ts';
import { buildSearch } from '../src/domains/skills/search.ts';

const endpointsWanted = 5_000;
const words = readFileSync(import.meta.filename, 'utf8').match(/[a-z]{4,}/g) as string[];

const [prepared] = process.argv.slice(2);
const folder = prepared ?? writeRecipes();
const open = () =>
  loadCatalogue({ bundledFolder: path.join(folder, 'recipes'), extraFolder: undefined, integrations: new Map(), cacheFolder: folder });

if (prepared !== undefined) await open();
else {
  try {
    const before = performance.now();
    spawnSync(process.execPath, [import.meta.filename, folder], { stdio: 'inherit' });
    print('checked once, at the build (time of the clock)', performance.now() - before, 'ms');
    await measure();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(): Promise<void> {
  const empty = heapMb();
  const before = process.cpuUsage();
  const catalogue = await open();
  const search = buildSearch(catalogue);
  const { user, system } = process.cpuUsage(before);
  print('start, at most 300', (user + system) / 1000, 'ms');
  print(
    'index of words, between other work',
    cpuMsOf(() => search.findEndpoints('issue', () => true)),
    'ms',
  );
  print('heap until something is used, at most 15', heapMb() - empty, 'MB');
  const endpoints = catalogue.integrations.flatMap((one) => [...one.endpoints.values()]);
  print('endpoints', endpoints.length, '');

  const queries = endpoints
    .filter((_, at) => at % 21 === 0)
    .map(({ name }, at) => `${name.replaceAll('_', ' ')} ${words[at % words.length]}`);
  // The system counts in steps of a few milliseconds, so each is asked ten times.
  const times = queries.map(
    (query) =>
      cpuMsOf(() => {
        for (let turn = 0; turn < 10; turn += 1) search.findEndpoints(query, () => true);
      }) / 10,
  );
  times.sort((one, other) => one - other);
  print('search, median', times[Math.floor(times.length / 2)] as number, 'ms');
  print('search, 99 of 100, at most 10', times[Math.floor(times.length * 0.99)] as number, 'ms');

  const [first] = catalogue.integrations;
  const use = () => {
    for (const endpoint of first?.endpoints.values() ?? []) if (endpoint.schema.type !== 'object') throw new Error('is no schema');
  };
  print(`first use of an integration (${first?.endpoints.size} endpoints)`, cpuMsOf(use), 'ms');
}

/** Of this thread, so that what else the machine does is not counted. */
function cpuMsOf(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 1_000_000;
}

function writeRecipes(): string {
  const target = mkdtempSync(path.join(tmpdir(), 'skillett-catalogue-'));
  const slugs = readdirSync(bundledRecipes, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  const copies = Math.round(endpointsWanted / slugs.reduce((sum, slug) => sum + countEndpoints(path.join(bundledRecipes, slug)), 0));
  for (const slug of slugs)
    for (let copy = 0; copy < copies; copy += 1)
      writeCopy(path.join(bundledRecipes, slug), path.join(target, 'recipes', `${slug}_${copy}`));
  return target;
}

function countEndpoints(folder: string): number {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return files.reduce(
    (sum, file) => sum + Object.keys(JSON.parse(readFileSync(path.join(folder, file), 'utf8')).endpoints ?? {}).length,
    0,
  );
}

/** With another slug, and sentences that no other copy has; columns and fields may be called `description` too, and are none. */
function writeCopy(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  for (const file of readdirSync(to).filter((name) => name.endsWith('.json') && name !== 'answers.json')) {
    const text = readFileSync(path.join(to, file), 'utf8').replace(/"slug": "[a-z_]+"/, `"slug": "${path.basename(to)}"`);
    writeFileSync(path.join(to, file), text.replaceAll(/("description": ")(?=[A-Z][^"]* )/g, `$1${path.basename(to)}: `));
  }
}

function print(what: string, value: number, unit: string): void {
  process.stdout.write(`${what.padEnd(56)} ${value.toFixed(unit === '' ? 0 : 1).padStart(9)} ${unit}\n`);
}
