/** `serve`, `backup` and `restore`: the server of this package, as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { packageFolder } from './package-folder.ts';

/** glibc keeps memory for each thread that ever asked for some; two such places cost nothing measurable and spare 20 MB. */
const fewArenas = { MALLOC_ARENA_MAX: '2' };

/** As `npm start` runs it. Ends with its exit code. */
export async function serve(args: string[]): Promise<void> {
  const server = path.join(packageFolder, 'src/skillett.cjs');
  const flags = ['--max-semi-space-size=2', '--max-old-space-size-percentage=33', '--env-file-if-exists=.env'];
  // In a group of its own, so that a terminal's signals reach it through this process alone, as those of a supervisor do.
  const child = spawn(process.execPath, [...flags, server, ...args], {
    stdio: 'inherit',
    detached: true,
    env: { ...fewArenas, ...process.env },
  });
  let passedOnMs = Number.NEGATIVE_INFINITY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)
    process.on(signal, () => {
      // An older node that started this one passes on what the terminal has sent already, and a second signal would break off what runs.
      if (performance.now() - passedOnMs < 100) return;
      passedOnMs = performance.now();
      child.kill(signal);
    });
  process.exitCode = await endOf(child);
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 2)));
  });
}
