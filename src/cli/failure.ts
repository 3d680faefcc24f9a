/**
 * What ends a command: one sentence that names the thing and the remedy, and the exit code. 1 is a mistake of whoever calls, an account
 * that is not connected, or a refusal; 2 is the network, the server or a time limit.
 */
export class CommandFailure extends Error {
  readonly exitCode: 1 | 2;

  constructor(sentence: string, exitCode: 1 | 2 = 1) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

/** Faults of the operating system that a person can mend, in words. */
const systemFaults: Record<string, string> = {
  EACCES: 'this user may not read or write it',
  EPERM: 'this user may not read or write it',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ENOENT: 'it is not there',
};

/** A fault of reading or writing a file, as a sentence about the file. */
export function fileFailure(file: string, error: unknown): CommandFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  return new CommandFailure(`${file} cannot be used: ${systemFaults[code ?? ''] ?? message}.`);
}

/** The names nearest to what was typed, at most three, as ` Did you mean …?`; empty where none is near. */
export function suggest(typed: string, names: Iterable<string>, prefix = ''): string {
  const near = [...names]
    .map((name) => ({ name, distance: distanceOf(typed, name) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 3)) || (typed.length > 2 && name.includes(typed)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => prefix + name);
  return near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
}

/** Levenshtein's distance: how many letters to put in, take out or change. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((next[j - 1] as number) + 1, (row[j] as number) + 1, (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] as number;
}
