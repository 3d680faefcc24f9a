/** Builds the dashboard and the playground before the tests when what is built is older than its sources. */
import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const web = path.join(root, 'web');

export default async function buildDashboard(): Promise<void> {
  const quoting = '../src/core/text/quoted.ts';
  const shared = ['compress-assets.ts', 'src/data/quoted.ts', 'src/data/theme.ts', 'src/styles/tokens.css', 'src/ui/mark.svg', quoting];
  await buildIfOlder(web, ['compress-assets.ts', 'index.html', 'vite.config.ts', quoting, ...(await listSources(web))]);
  const playground = path.join(web, 'playground');
  await buildIfOlder(playground, [
    'index.html',
    'vite.config.ts',
    ...(await listSources(playground)),
    ...shared.map((file) => `../${file}`),
  ]);
}

async function listSources(folder: string): Promise<string[]> {
  return (await readdir(path.join(folder, 'src'), { recursive: true })).map((file) => path.join('src', file));
}

async function buildIfOlder(folder: string, files: readonly string[]): Promise<void> {
  const built = await changedAt(path.join(folder, 'dist/index.html'));
  const changes = await Promise.all(files.map((file) => changedAt(path.join(folder, file))));
  if (built >= Math.max(...changes)) return;
  // As `npm run build` does; a test runner's NODE_ENV would build what is for developers.
  const vite = path.join(root, 'node_modules/vite/bin/vite.js');
  await promisify(execFile)(process.execPath, [vite, 'build', folder, '--logLevel', 'warn'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production' },
  });
}

async function changedAt(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
}
