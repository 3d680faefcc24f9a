/**
 * A dump of PGlite while its server runs. Nobody but that server's own process can read the database, so it is asked by a file in
 * a folder that only a running server has: `<id>.wanted` is answered by `<id>.tar.gz`, or by `<id>.failed`.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

const folderIn = (dataFolder: string): string => path.join(dataFolder, 'dumps');
const waitMs = 100;
const answerMsMax = 10 * 60_000;

/** Answers until the returned function is called. */
export function answerDumpRequests(dataFolder: string, dump: () => Promise<Blob>): () => void {
  const folder = folderIn(dataFolder);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const watcher = watch(folder, (_event, name) => {
    const file = path.join(folder, name ?? '');
    if (!name?.endsWith('.wanted') || !existsSync(file)) return;
    rmSync(file);
    void answer(file.slice(0, -'.wanted'.length), dump);
  });
  return () => {
    watcher.close();
    rmSync(folder, { recursive: true, force: true });
  };
}

async function answer(start: string, dump: () => Promise<Blob>): Promise<void> {
  try {
    await writeFile(`${start}.part`, Buffer.from(await (await dump()).arrayBuffer()), { mode: 0o600 });
    await rename(`${start}.part`, `${start}.tar.gz`);
  } catch (error) {
    await writeFile(`${start}.failed`, (error as Error).message).catch(() => {});
  }
}

/** The dump of the PGlite that a running server has open; undefined when that server does not answer such requests. */
export async function requestDump(dataFolder: string): Promise<Buffer | undefined> {
  const folder = folderIn(dataFolder);
  if (!existsSync(folder)) return undefined;
  const start = path.join(folder, randomUUID());
  await writeFile(`${start}.wanted`, '');
  const deadline = performance.now() + answerMsMax;
  while (!existsSync(`${start}.tar.gz`)) {
    if (existsSync(`${start}.failed`)) throw new Error(readFileSync(`${start}.failed`, 'utf8'));
    if (performance.now() > deadline || !existsSync(folder)) return undefined;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  const bytes = readFileSync(`${start}.tar.gz`);
  rmSync(`${start}.tar.gz`);
  return bytes;
}
