/**
 * The embedded database's folder has no lock of its own, and two processes in it corrupt it. Whoever uses it holds a lock of the
 * kernel; a file beside it says with a process id, and with when that process started, who that is.
 */
import { accessSync, constants, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { findProcess } from './running-process.ts';

export class FolderInUse extends Error {
  constructor(folder: string, pid: number | undefined) {
    const holder = pid === undefined ? 'another process' : `process ${pid}`;
    super(
      `The data folder ${folder} is in use by ${holder}, of this machine or of another container. The embedded database serves one server: stop that one, or set SKILLETT_DATA to another folder, or DATABASE_URL to a PostgreSQL.`,
    );
    this.name = 'FolderInUse';
  }
}

export class FolderWithoutLocks extends Error {
  constructor(folder: string, cause: unknown) {
    super(
      `The data folder ${folder} cannot be locked (${(cause as Error).message}), and two servers in it would corrupt the database. Set SKILLETT_DATA to a folder on a local disk that this user may write, or DATABASE_URL to a PostgreSQL.`,
      { cause },
    );
    this.name = 'FolderWithoutLocks';
  }
}

/** Takes the folder for this process; the returned function gives it back. Throws FolderInUse, FolderWithoutLocks. */
export function lockDataFolder(folder: string): () => void {
  const file = path.join(folder, 'skillett.pid');
  // Of a folder that may not be written to, the system says so plainer than a lock does.
  accessSync(folder, constants.W_OK);
  const release = lockInKernel(folder, file);
  try {
    // A server of an older release has no lock, only the file.
    const holder = readHolder(file);
    if (holder && isAlive(holder)) throw new FolderInUse(folder, holder.pid);
    writeFileSync(file, [process.pid, findProcess(process.pid)?.started ?? ''].join('\n'), { mode: 0o600 });
  } catch (error) {
    release();
    throw error;
  }
  return () => {
    rmSync(file, { force: true });
    release();
  };
}

/**
 * Node has no call for a kernel's lock, SQLite takes one (POSIX advisory locks, https://www.sqlite.org/lockingv3.html): the system
 * gives it back however the process ends, and holds it between containers too, whose process ids say nothing of each other.
 */
function lockInKernel(folder: string, pidFile: string): () => void {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path.join(folder, 'skillett.lock'), { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) throw new FolderInUse(folder, readHolder(pidFile)?.pid);
    throw new FolderWithoutLocks(folder, error);
  }
  const taken = lock;
  held.add(taken);
  return () => {
    held.delete(taken);
    taken.close();
  };
}

const sqliteBusy = 5;
/** What nothing refers to is collected, and its lock with it. */
const held = new Set<DatabaseSync>();

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
