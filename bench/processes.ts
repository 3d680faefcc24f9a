/** Starts the processes of a benchmark and reads what the kernel says they used (Linux: /proc). */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ticksPerSecond = 100;

export async function forkListening(file: string, args: string[] = []): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(path.join(import.meta.dirname, file), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number }));
    child.once('exit', () => reject(new Error(`${file} ended before it listened`)));
  });
  return { child, url: `http://127.0.0.1:${port}` };
}

/** Starts the server of a tree as an operator would and resolves with the key that its first start prints. */
export async function startGateway(
  env: Record<string, string>,
  nodeArgs: string[] = [],
  tree = path.resolve(import.meta.dirname, '..'),
): Promise<{ child: ChildProcess; key: string; readyMs: number }> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...nodeArgs, path.join(tree, 'src/main.ts')], {
    cwd: tree,
    env: { ...process.env, ...env, LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  const key = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8');
      if (/REST .*\n/.test(printed)) resolve(/^sk_[0-9a-f]{48}$/m.exec(printed)?.[0] ?? '');
    });
    child.once('exit', () => reject(new Error(`the server ended before it listened:\n${printed}`)));
  });
  return { child, key, readyMs: performance.now() - startedMs };
}

/** User and system CPU seconds of a process; with `tree`, of its descendants too. */
export function cpuSeconds(pid: number, tree = false): number {
  const pids = tree ? [pid, ...descendants(pid)] : [pid];
  return pids.reduce((sum, one) => sum + ownCpuSeconds(one), 0);
}

function ownCpuSeconds(pid: number): number {
  const fields = readStat(pid);
  return fields === undefined ? 0 : (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The fields of /proc/<pid>/stat behind the command's name (proc_pid_stat(5)). */
function readStat(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? Number(readStat(Number(name))?.[1]) : Number.NaN;
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

/**
 * Nanoseconds of CPU that each living thread has had, where `cpuSeconds` counts ticks of a clock: for slices below a second. `nanosBetween`
 * leaves out what has ended in between, such as a connection's process of PostgreSQL.
 */
export function readThreads(pid: number, tree = false): Map<string, number> {
  const threads = new Map<string, number>();
  for (const one of tree ? [pid, ...descendants(pid)] : [pid])
    for (const thread of threadsOf(one)) threads.set(thread, spentBy(one, thread));
  return threads;
}

export function nanosBetween(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  return [...after].reduce((sum, [thread, spent]) => sum + Math.max(0, spent - (before.get(thread) ?? 0)), 0);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function spentBy(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}

export function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

/** Megabytes of a process where pages that several share count by their share (PSS); with `tree`, of its descendants too. */
export function shareOfMemory(pid: number, tree = false): number {
  const pids = tree ? [pid, ...descendants(pid)] : [pid];
  const kilobytes = pids.map((one) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'))?.[1] ?? 0));
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}
