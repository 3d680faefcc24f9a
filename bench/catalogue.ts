/**
 * `npm run bench:catalogue`: what 5,000 endpoints cost. Made-up recipes are copies of the bundled ones under other names; they are
 * checked and kept by a program of their own, as `npm run build` does, and this one starts with what is kept.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundledRecipes } from '../src/app/process/folders.ts';
import { loadCatalogue } from '../src/domains/recipes/load.ts';
import { buildSearch } from '../src/domains/skills/search.ts';

const copies = 15;
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
    print('checked once, at the build', performance.now() - before, 'ms');
    await measure();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(): Promise<void> {
  const empty = heapMb();
  const before = performance.now();
  const catalogue = await open();
  const search = buildSearch(catalogue);
  print('start, of which at most 300', performance.now() - before, 'ms');
  const indexed = performance.now();
  search.findEndpoints('issue', () => true);
  print('index of words, between other work', performance.now() - indexed, 'ms');
  print('heap until something is used, at most 15', heapMb() - empty, 'MB');
  const endpoints = catalogue.integrations.flatMap((one) => [...one.endpoints.values()]);
  print('endpoints', endpoints.length, '');

  const queries = endpoints
    .filter((_, at) => at % 7 === 0)
    .map(({ name }, at) => `${name.replaceAll('_', ' ')} ${words[at % words.length]}`);
  // The least of three, since on a busy machine other programs take turns in between.
  const times = queries.map((query) => Math.min(...[1, 2, 3].map(() => timeOf(() => search.findEndpoints(query, () => true)))));
  times.sort((one, other) => one - other);
  print('search, median', times[Math.floor(times.length / 2)] as number, 'ms');
  print('search, 99 of 100, at most 10', times[Math.floor(times.length * 0.99)] as number, 'ms');

  const [first] = catalogue.integrations;
  const used = performance.now();
  for (const endpoint of first?.endpoints.values() ?? []) if (endpoint.schema.type !== 'object') throw new Error('is no schema');
  print(`first use of an integration (${first?.endpoints.size} endpoints)`, performance.now() - used, 'ms');
}

function timeOf(work: () => void): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 1_000_000;
}

function writeRecipes(): string {
  const target = mkdtempSync(path.join(tmpdir(), 'skillett-catalogue-'));
  for (const slug of readdirSync(bundledRecipes, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])))
    for (let copy = 0; copy < copies; copy += 1)
      writeCopy(path.join(bundledRecipes, slug), path.join(target, 'recipes', `${slug}_${copy}`));
  return target;
}

/** With another slug, and sentences that no other copy has. */
function writeCopy(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  for (const file of readdirSync(to).filter((name) => name.endsWith('.json') && name !== 'answers.json')) {
    const text = readFileSync(path.join(to, file), 'utf8').replace(/"slug": "[a-z_]+"/, `"slug": "${path.basename(to)}"`);
    writeFileSync(path.join(to, file), text.replaceAll(/("description": ")/g, `$1${path.basename(to)}: `));
  }
}

function print(what: string, value: number, unit: string): void {
  process.stdout.write(`${what.padEnd(56)} ${value.toFixed(unit === '' ? 0 : 1).padStart(9)} ${unit}\n`);
}
