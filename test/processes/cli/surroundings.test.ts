/** What a command meets around it: names that JavaScript has its own meaning for, no home, outputs that take nothing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { Command } from './command.ts';

const launch = path.resolve(import.meta.dirname, '../../../src/cli/launch.cjs');
let command: Command;

beforeEach(() => {
  command = new Command();
  return () => command.remove();
});

it.each(['constructor', '__proto__', 'toString'])('takes %j for a name like any other', async (name) => {
  const key = `sk_${'0'.repeat(48)}`;
  expect(await command.run(['logout', '--profile', name])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no profile'),
  });
  expect(existsSync(path.join(command.home, '.config'))).toBe(false);
  const refused: [string[], string][] = [
    [['pull', 'github', '--agent', name], 'There is no agent'],
    [['mcp', 'install', name], 'There is no client'],
    [['completion', name], 'There is no completion'],
  ];
  for (const [args, sentence] of refused)
    expect(await command.run(args, { env: { SKILLETT_API_KEY: key } })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(sentence),
    });
  expect(await command.run(['completion', 'bash'])).toMatchObject({ code: 0, stdout: expect.stringContaining('complete') });
});

it('says in one sentence that standard output takes nothing', () => {
  const options = { env: { PATH: process.env.PATH, HOME: command.home }, encoding: 'utf8' as const };
  const full = spawnSync('sh', ['-c', `'${process.execPath}' '${launch}' completion bash > /dev/full`], options);
  expect([full.status, full.stderr]).toEqual([1, 'Standard output cannot be used: the disk is full.\n']);
  const head = spawnSync('sh', ['-c', `'${process.execPath}' '${launch}' completion zsh | head -c 1`], options);
  expect([head.status, head.stderr]).toEqual([0, '']);
});

it('needs no home where the environment has server and key, and says what is missing where something is to be kept', async () => {
  const env = { HOME: '', SKILLETT_URL: 'http://127.0.0.1:1', SKILLETT_API_KEY: `sk_${'0'.repeat(48)}` };
  expect(await command.run(['whoami'], { env })).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing listens there') });
  expect(await command.run(['mcp', 'uninstall', 'cursor'], { env })).toMatchObject({
    code: 1,
    stderr: 'This user has no home folder to keep anything in. Set HOME to one, by its full path.\n',
  });
});
