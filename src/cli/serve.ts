/** `serve`, `backup` and `restore`: the server of this package, as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { packageFolder } from './package-folder.ts';

/** As `npm start` runs it. Ends with its exit code. */
export async function serve(args: string[]): Promise<void> {
  const server = path.join(packageFolder, 'src/skillett.cjs');
  const flags = ['--max-semi-space-size=2', '--max-old-space-size-percentage=33', '--env-file-if-exists=.env'];
  const child = spawn(process.execPath, [...flags, server, ...args], { stdio: 'inherit' });
  // A terminal sends SIGINT to both; a supervisor sends SIGTERM to this one alone.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  process.exitCode = await endOf(child);
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 2)));
  });
}
