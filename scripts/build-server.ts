/**
 * Writes dist/server: the server as one file of JavaScript, which starts in half the CPU that its sources take. `src/skillett.cjs` runs
 * it as long as it was made of the sources that are there.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'vite';
import { bundledRecipes, cacheFolder } from '../src/app/process/folders.ts';
import { loadCatalogue } from '../src/domains/recipes/load.ts';

const root = path.resolve(import.meta.dirname, '..');
const target = path.join(root, 'dist/server');
const { hashSources } = createRequire(import.meta.url)('../src/skillett.cjs') as { hashSources(): string };

rmSync(target, { recursive: true, force: true });
const hash = hashSources();
await bundle('src/main.ts');
// On its own: of a file that both shared, the thread could run what starts the server.
await bundle('src/domains/executions/answer/expression-worker.ts');
writeFileSync(path.join(target, 'package.json'), '{ "type": "commonjs" }\n');
for (const file of readdirSync(target)) escapeLetters(path.join(target, file));
await loadCatalogue({ bundledFolder: bundledRecipes, extraFolder: undefined, integrations: new Map(), cacheFolder });
// Last: without it nothing of the folder is run.
writeFileSync(path.join(target, 'sources'), hash);

/** Writes a file named as the source, with everything in it that the source imports. */
function bundle(source: string): Promise<unknown> {
  return build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [{ name: 'folders-of-sources', transform: (code, id) => nameFolders(code, id) }],
    ssr: {
      noExternal: true,
      // Loaded by few installations or late, and one of them brings files of its own.
      external: ['@electric-sql/pglite', '@zxcvbn-ts/language-common', 'graphql-rate-limit'],
    },
    build: {
      ssr: path.join(root, source),
      outDir: target,
      emptyOutDir: false,
      target: 'node24',
      // Names and lines stay as they are for whoever reads a stack.
      minify: false,
      copyPublicDir: false,
      rolldownOptions: {
        // An `import` of a built-in module loads everything that it could ever need; `require` does not (docs/decisions/0019).
        output: {
          format: 'cjs',
          entryFileNames: '[name].js',
          chunkFileNames: '[name]-[hash].js',
          comments: { legal: false, annotation: false, jsdoc: false },
        },
      },
    },
  });
}

/** Where a source looks for files beside it, they lie as seen from the file that is made. */
function nameFolders(code: string, id: string): string | undefined {
  if (!id.startsWith(path.join(root, 'src')) || !code.includes('import.meta.')) return undefined;
  const folder = path.relative(target, path.dirname(id));
  return code
    .replaceAll('import.meta.dirname', `require('node:path').join(__dirname, ${JSON.stringify(folder)})`)
    .replaceAll('import.meta.url', `require('node:url').pathToFileURL(__filename).href`);
}

/** A file of ASCII alone takes half the memory, and is read several times as fast. Such letters stand in strings and expressions only. */
function escapeLetters(file: string): void {
  const code = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    code.replaceAll(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
