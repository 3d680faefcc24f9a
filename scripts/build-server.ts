/**
 * Writes dist/server: the server as one file of JavaScript, which starts in half the CPU that its sources take. `src/skillett.cjs` runs
 * it as long as it was made of the sources that are there.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { transformWithOxc } from 'vite';
import { bundledRecipes, cacheFolder } from '../src/app/process/folders.ts';
import { loadCatalogue } from '../src/domains/recipes/load.ts';
import { bundle } from './bundle.ts';

const root = path.resolve(import.meta.dirname, '..');
const target = path.join(root, 'dist/server');
const { hashSources } = createRequire(import.meta.url)('../src/skillett.cjs') as { hashSources(): string };

rmSync(target, { recursive: true, force: true });
const hash = hashSources();
// Loaded by few installations or late, and one of them brings files of its own.
const external = ['@electric-sql/pglite', '@smithy/signature-v4', '@zxcvbn-ts/language-common', 'graphql-rate-limit'];
await bundle('src/main.ts', target, external);
// On its own: of a file that both shared, the thread could run what starts the server.
await bundle('src/domains/executions/answer/expression-worker.ts', target, external);
await bundle('src/domains/own-integrations/imports/import-child.ts', target, external);
writeFileSync(path.join(target, 'package.json'), '{ "type": "commonjs" }\n');
for (const file of readdirSync(target).filter((name) => name.endsWith('.js'))) escapeLetters(path.join(target, file));
mkdirSync(path.join(target, 'migrations'));
for (const file of readdirSync(path.join(root, 'migrations'))) {
  const { code } = await transformWithOxc(readFileSync(path.join(root, 'migrations', file), 'utf8'), file, { sourcemap: false });
  writeFileSync(path.join(target, 'migrations', `${path.parse(file).name}.mjs`), code);
}
await loadCatalogue({ bundledFolder: bundledRecipes, extraFolder: undefined, integrations: new Map(), cacheFolder });
// Last: without it nothing of the folder is run.
writeFileSync(path.join(target, 'sources'), hash);

/** A file of ASCII alone takes half the memory, and is read several times as fast. Such letters stand in strings and expressions only. */
function escapeLetters(file: string): void {
  const code = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    code.replaceAll(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
