import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';

const root = path.resolve(import.meta.dirname, '../..');

function listCommands(): string[] {
  const namesOf = (command: Command): string[] =>
    command.commands.flatMap((below) => [below.name(), ...namesOf(below).map((name) => `${below.name()} ${name}`)]);
  return namesOf(createProgram()).sort();
}

/** The command of each `skillett …` in a text: its first word, with the second one of commands that have commands. */
function namedIn(text: string): string[] {
  const groups = new Set(
    listCommands()
      .filter((name) => name.includes(' '))
      .map((name) => name.split(' ')[0]),
  );
  return [...text.matchAll(/(?:npx |`|: )skillett ([a-z]+)(?: ([a-z]+))?/g)].map(([, first = '', second]) =>
    groups.has(first) && second !== undefined ? `${first} ${second}` : first,
  );
}

describe('documents about the command line', () => {
  it('list every command and no other', () => {
    const text = readFileSync(path.join(root, 'docs/command-line.md'), 'utf8');
    const [, table = ''] = /\| Command \| What it does \|\n\|---\|---\|\n([\s\S]*?)\n\n/.exec(text) ?? [];
    const cells = table.split('\n').map((row) => row.split(' | ')[0] as string);
    const listed = cells.flatMap((cell) => [...cell.matchAll(/`([a-z]+(?: [a-z]+)?)/g)].map((match) => match[1] as string)).sort();
    expect(listed).toEqual(listCommands().filter((name) => name !== 'keys'));
  });

  it('name no command that is not there, nor do messages', () => {
    const sources = readdirSync(path.join(root, 'src/cli'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const texts = ['README.md', 'docs/command-line.md', ...sources.map((file) => path.join('src/cli', file))];
    const named = texts.flatMap((file) => namedIn(readFileSync(path.join(root, file), 'utf8')));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => name !== 'help' && !listCommands().includes(name))).toEqual([]);
    expect(namedIn('`skillett nonsense`, npx skillett keys make')).toEqual(['nonsense', 'keys make']);
  });
});
