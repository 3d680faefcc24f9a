import type { Command } from 'commander';
import { findTarget, type Target, type TargetOptions } from '../profiles.ts';
import type { PrintOptions } from '../terminal/print.ts';

export type GlobalOptions = PrintOptions & TargetOptions;

/** Taken before a command and after it; what stands nearest to it counts. */
export function globalOptions(command: Command): GlobalOptions {
  const line: Command[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) line.unshift(at);
  return Object.assign({}, ...line.map((at) => at.opts()));
}

/** The server and key that a command uses. `isNew`: its profile need not be there yet. */
export function targetOf(command: Command, isNew = false): Target {
  return findTarget(globalOptions(command), isNew);
}

/** Of an option that may be repeated. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
