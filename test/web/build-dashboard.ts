/** Builds the dashboard before the tests when what is built is older than its sources. */
import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const web = path.join(root, 'web');

export default async function buildDashboard(): Promise<void> {
  const built = await changedAt(path.join(web, 'dist/index.html'));
  const sources = await readdir(path.join(web, 'src'), { recursive: true });
  const files = ['index.html', 'vite.config.ts', ...sources.map((file) => path.join('src', file))];
  const changes = await Promise.all(files.map((file) => changedAt(path.join(web, file))));
  if (built >= Math.max(...changes)) return;
  // As `npm run build` does; a test runner's NODE_ENV would build what is for developers.
  const vite = path.join(root, 'node_modules/vite/bin/vite.js');
  await promisify(execFile)(process.execPath, [vite, 'build', web, '--logLevel', 'warn'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production' },
  });
}

async function changedAt(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
}
