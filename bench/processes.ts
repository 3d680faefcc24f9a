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

/** Starts the server as an operator would and resolves with the key that its first start prints. */
export async function startGateway(
  env: Record<string, string>,
  nodeArgs: string[] = [],
): Promise<{ child: ChildProcess; key: string; readyMs: number }> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...nodeArgs, path.resolve(import.meta.dirname, '../src/main.ts')], {
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
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const children = all.filter((name) => readStat(Number(name))?.[1] === String(pid)).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
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
