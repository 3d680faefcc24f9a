/** What the system tells of a process by its id, which another process may have by now. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface RunningProcess {
  /** The same for as long as it runs, and no other process's under the same id; undefined where the system does not tell. */
  started: string | undefined;
  /** With its arguments; undefined where the system does not tell. */
  command: string | undefined;
}

/** Undefined: nothing runs under this id. */
export function findProcess(pid: number): RunningProcess | undefined {
  if (!isTaken(pid)) return undefined;
  return process.platform === 'linux' ? readProc(pid) : askPs(pid);
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const unknown: RunningProcess = { started: undefined, command: undefined };

/** proc(5): field 3 is the state, field 22 the start in ticks since the system came up, which no change of the clock moves. */
function readProc(pid: number): RunningProcess | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return unknown;
  // The second field is a name in brackets, which may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  // Ended, and nobody has asked yet with what.
  if (state === 'Z' || state === 'X') return undefined;
  const boot = readIfThere('/proc/sys/kernel/random/boot_id')?.trim();
  const ticks = fields[19];
  return {
    started: boot !== undefined && ticks !== undefined ? `${boot} ${ticks}` : undefined,
    command: readIfThere(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' '),
  };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** POSIX systems without /proc, such as macOS; elsewhere there is no ps, and nothing is known. */
function askPs(pid: number): RunningProcess {
  const ask = (column: string) => {
    const { status, stdout } = spawnSync('ps', ['-p', String(pid), '-o', `${column}=`], {
      encoding: 'utf8',
      env: { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' },
      timeout: 2_000,
    });
    const text = status === 0 ? stdout.trim() : '';
    return text === '' ? undefined : text;
  };
  return { started: ask('lstart'), command: ask('command') };
}
