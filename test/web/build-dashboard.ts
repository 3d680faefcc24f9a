/** Builds the dashboard before the tests when what is built is older than its sources. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';

const web = path.resolve(import.meta.dirname, '../../web');

export default async function buildDashboard(): Promise<void> {
  const built = await changedAt(path.join(web, 'dist/index.html'));
  const sources = await readdir(path.join(web, 'src'), { recursive: true });
  const changes = await Promise.all(
    ['index.html', 'vite.config.ts', ...sources.map((file) => `src/${file}`)].map((file) => changedAt(path.join(web, file))),
  );
  if (built < Math.max(...changes)) await build({ root: web, logLevel: 'warn' });
}

async function changedAt(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
}
