import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { migrationsFolder } from '../../src/core/database/database.ts';

const root = path.resolve(migrationsFolder, '..');
/** As Kysely's FileMigrationProvider and Migrator run them. */
const names = readdirSync(migrationsFolder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .sort();

const dated = /^20\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d-[a-z0-9-]+$/;

function git(...args: string[]): string {
  return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function hasHistory(): boolean {
  try {
    return git('rev-parse', '--is-shallow-repository').trim() === 'false' && git('ls-files', 'migrations').trim() !== '';
  } catch {
    return false;
  }
}

/**
 * Migrations in the order in which they landed, those of one commit together: what the line of first parents added, last where a
 * name was added twice. History and no list, since two branches that each append to a list would merge it in the order of the names.
 */
function listLanded(): string[][] {
  const seen = new Set<string>();
  return git('log', '--first-parent', '-m', '--no-renames', '--diff-filter=A', '--format=tformat:commit', '--name-only', '--', 'migrations')
    .split('commit\n')
    .map((commit) => [...commit.matchAll(/^migrations\/(.+)\.ts$/gm)].map(([, name]) => name as string))
    .map((added) => added.filter((name) => names.includes(name) && !seen.has(name) && seen.add(name)))
    .filter((added) => added.length > 0)
    .reverse();
}

/** The first migration that runs before one that landed earlier. */
function findMisplaced(landed: readonly (readonly string[])[]): string | undefined {
  let last = '';
  for (const added of landed) {
    const sorted = [...added].sort();
    const early = sorted.find((name) => name <= last);
    if (early !== undefined) return early;
    last = sorted.at(-1) ?? last;
  }
  return undefined;
}

describe('migrations', () => {
  it('are named by number up to 0011, then by date and time', () => {
    expect(names.length).toBeGreaterThan(11);
    expect(names.filter((name) => !/^00(0\d|1[01])-[a-z0-9-]+$/.test(name) && !dated.test(name))).toEqual([]);
    expect(new Set(names.map((name) => name.split('-')[0])).size).toBe(names.length);
  });

  it.skipIf(!hasHistory())('run in the order in which they landed', () => {
    // Two numbered ones landed out of order long ago, which is why names are dates since.
    const landed = listLanded().map((added) => added.filter((name) => dated.test(name)));
    // What is not committed yet lands last.
    const waiting = names.filter((name) => dated.test(name) && !landed.flat().includes(name));
    expect(findMisplaced([...landed, waiting])).toBeUndefined();
  });

  it('would be found out of order', () => {
    expect(findMisplaced([['0001-a', '0002-b'], ['202601020000-d'], ['202601010000-c']])).toBe('202601010000-c');
    expect(findMisplaced([['0001-a'], ['202601010000-c'], ['202601020000-d']])).toBeUndefined();
  });
});
