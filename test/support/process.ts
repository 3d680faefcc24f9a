import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { freePort } from './port.ts';

export interface ServerProcess {
  child: ChildProcess;
  url: string;
  /** Everything printed so far. */
  stdout(): string;
  stderr(): string;
  /** Sends SIGTERM and waits; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** kill -9. */
  kill(): Promise<void>;
}

const main = path.resolve(import.meta.dirname, '../../src/main.ts');

/** Runs the server as an operator does, and waits until it accepts. Rejects with what it printed when it ends before. */
export async function startProcess(env: Record<string, string>, args: string[] = [], file = main): Promise<ServerProcess> {
  const port = env.PORT ?? String(await freePort());
  const started = spawnServer({ ...env, PORT: port }, args, file);
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 90_000;
  while (Date.now() < deadline) {
    if (started.child.exitCode !== null)
      throw new Error(`the server ended with ${started.child.exitCode}:\n${started.stdout()}${started.stderr()}`);
    const ready = await fetch(`${url}/readyz`).catch(() => undefined);
    if (ready?.ok && started.stdout().includes('listens on')) return { ...started, url };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await started.kill();
  throw new Error(`the server did not accept within 90 s:\n${started.stdout()}${started.stderr()}`);
}

/** Runs the server until it ends by itself. */
export async function runToEnd(
  env: Record<string, string>,
  args: string[] = [],
  user: { uid?: number; gid?: number } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const started = spawnServer(env, args, main, user);
  const code = await new Promise<number | null>((resolve) => started.child.once('exit', resolve));
  return { code, stdout: started.stdout(), stderr: started.stderr() };
}

function spawnServer(
  env: Record<string, string>,
  args: string[],
  file = main,
  user: { uid?: number; gid?: number } = {},
): Omit<ServerProcess, 'url'> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...(PATH ? { PATH } : {}), ...(HOME ? { HOME } : {}), LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
