/**
 * The embedded database's folder has no lock of its own, and two processes in it corrupt it. A file with the process id, and with
 * when that process started, says whose it is; only the file of a process that is gone is replaced.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { findProcess } from './running-process.ts';

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
    if (!tryCreate(guard) && !replaceDead(guard)) throw new FolderInUse(folder, readHolder(guard)?.pid ?? 0);
    try {
      const holder = readHolder(file);
      if (holder && isAlive(holder)) throw new FolderInUse(folder, holder.pid);
      rmSync(file, { force: true });
      if (!tryCreate(file)) throw new FolderInUse(folder, readHolder(file)?.pid ?? 0);
    } finally {
      rmSync(guard, { force: true });
    }
  }
  return () => {
    if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true });
  };
}

/** A starter that died while it held the guard must not lock everybody out. */
function replaceDead(guard: string): boolean {
  const holder = readHolder(guard);
  if (holder && isAlive(holder)) return false;
  rmSync(guard, { force: true });
  return tryCreate(guard);
}

function tryCreate(file: string): boolean {
  try {
    const handle = openSync(file, 'wx', 0o600);
    writeSync(handle, [process.pid, findProcess(process.pid)?.started ?? ''].join('\n'));
    closeSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

interface Holder {
  pid: number;
  /** Empty in the file of an older release, and where the system does not tell. */
  started: string;
}

function readHolder(file: string): Holder | undefined {
  try {
    const [number, started = ''] = readFileSync(file, 'utf8').split('\n');
    const pid = Number(number);
    return Number.isInteger(pid) && pid > 0 ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote the file still runs. Where that cannot be known, it does: two in one folder corrupt it. */
function isAlive({ pid, started }: Holder): boolean {
  if (pid === process.pid) return false;
  const found = findProcess(pid);
  if (!found) return false;
  if (started !== '' && found.started !== undefined) return found.started === started;
  return found.command === undefined || serverCommand.test(found.command);
}

/** A server, a migration or a sign-in link, whatever the folder of the installation. */
const serverCommand = /\bmain\.[jt]s\b|\bskillett\b/;
