/**
 * The embedded database's folder has no lock of its own, and two processes in it corrupt it. A file with the process id
 * says whose it is; only a dead process's file is replaced.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

export class FolderInUse extends Error {
  constructor(folder: string, pid: number) {
    super(
      `The data folder ${folder} is in use by process ${pid}. The embedded database serves one process: stop that one, or set SKILLETT_DATA to another folder, or DATABASE_URL to a PostgreSQL.`,
    );
    this.name = 'FolderInUse';
  }
}

/** Takes the folder for this process; the returned function gives it back. Throws FolderInUse. */
export function lockDataFolder(folder: string): () => void {
  const file = path.join(folder, 'skillett.pid');
  if (!tryCreate(file)) {
    // Whoever holds the second file may judge the first one; without it, two starters could both remove a dead process's
    // file and one of them the other's new one.
    const guard = `${file}.replacing`;
    if (!tryCreate(guard) && !replaceDead(guard)) throw new FolderInUse(folder, readPid(guard) ?? 0);
    try {
      const holder = readPid(file);
      if (holder !== undefined && holder !== process.pid && isAlive(holder)) throw new FolderInUse(folder, holder);
      rmSync(file, { force: true });
      if (!tryCreate(file)) throw new FolderInUse(folder, readPid(file) ?? 0);
    } finally {
      rmSync(guard, { force: true });
    }
  }
  return () => {
    if (readPid(file) === process.pid) rmSync(file, { force: true });
  };
}

/** A starter that died while it held the guard must not lock everybody out. */
function replaceDead(guard: string): boolean {
  const holder = readPid(guard);
  if (holder !== undefined && isAlive(holder)) return false;
  rmSync(guard, { force: true });
  return tryCreate(guard);
}

function tryCreate(file: string): boolean {
  try {
    const handle = openSync(file, 'wx', 0o600);
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
