/** Sources made into one file of JavaScript, which starts in half the CPU that they take. */
import path from 'node:path';
import { build } from 'vite';

const root = path.resolve(import.meta.dirname, '..');

/** Writes a file named as the source, with everything in it that the source imports but for `external`. */
export function bundle(source: string, target: string, external: string[] = []): Promise<unknown> {
  return build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [{ name: 'folders-of-sources', transform: (code, id) => nameFolders(code, id, target) }],
    ssr: { noExternal: true, external },
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
function nameFolders(code: string, id: string, target: string): string | undefined {
  if (!id.startsWith(path.join(root, 'src')) || !code.includes('import.meta.')) return undefined;
  const folder = path.relative(target, path.dirname(id));
  return code
    .replaceAll('import.meta.dirname', `require('node:path').join(__dirname, ${JSON.stringify(folder)})`)
    .replaceAll('import.meta.url', `require('node:url').pathToFileURL(__filename).href`);
}
