/** A memory cgroup of a benchmark's own, of either version; needs root. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface MemoryGroup {
  /** The same command, which puts itself into the group first, so that its children are in it too. */
  commandInside(command: readonly string[]): string[];
  peakMegabytes(): number;
  /** How many processes the kernel has ended for want of memory. */
  kills(): number;
  remove(): void;
}

const versions = [
  {
    parent: '/sys/fs/cgroup/memory',
    needs: 'memory.limit_in_bytes',
    limit: 'memory.limit_in_bytes',
    swap: ['memory.memsw.limit_in_bytes', 'limit'],
    peak: 'memory.max_usage_in_bytes',
    events: 'memory.oom_control',
  },
  {
    parent: '/sys/fs/cgroup',
    needs: 'cgroup.controllers',
    limit: 'memory.max',
    swap: ['memory.swap.max', '0'],
    peak: 'memory.peak',
    events: 'memory.events',
  },
] as const;

/** A text says why there is none. */
export function makeMemoryGroup(megabytes: number): MemoryGroup | string {
  const version = versions.find(({ parent, needs }) => existsSync(path.join(parent, needs)));
  if (!version) return 'no memory cgroups here';
  const folder = path.join(version.parent, `skillett-bench-${process.pid}`);
  const bytes = String(megabytes * 1024 * 1024);
  try {
    mkdirSync(folder);
    writeFileSync(path.join(folder, version.limit), bytes);
    // Where there is no accounting of swap, there is no such file.
    const [swap, value] = version.swap;
    if (existsSync(path.join(folder, swap))) writeFileSync(path.join(folder, swap), value === 'limit' ? bytes : value);
  } catch (error) {
    if (existsSync(folder)) rmdirSync(folder);
    return (error as Error).message;
  }
  const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');
  return {
    commandInside: (command) => ['/bin/sh', '-c', `echo $$ > ${folder}/cgroup.procs && exec "$0" "$@"`, ...command],
    peakMegabytes: () => Number(read(version.peak)) / 1024 / 1024,
    kills: () => Number(/oom_kill (\d+)/.exec(read(version.events))?.[1] ?? 0),
    remove: () => {
      // Empty groups only; what is left of a server that was killed may take a moment to end.
      for (const pid of read('cgroup.procs').split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
      setTimeout(() => rmdirSync(folder), 1_000);
    },
  };
}
