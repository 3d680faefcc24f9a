/** The command `skillett` as a program, with a home folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const launch = path.resolve(import.meta.dirname, '../../../src/cli/launch.cjs');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class Command {
  readonly home = mkdtempSync(path.join(tmpdir(), 'skillett-home-'));
  readonly env: Record<string, string> = { BROWSER: 'none' };

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Runs it to its end. `input` is its standard input, empty unless given. */
  async run(args: string[], options: { input?: string; env?: Record<string, string>; cwd?: string } = {}): Promise<Ended> {
    const { child, output } = this.start(args, options);
    child.stdin?.end(options.input ?? '');
    return { code: await new Promise((resolve) => child.on('close', resolve)), ...output };
  }

  start(
    args: string[],
    { env, cwd }: { env?: Record<string, string>; cwd?: string } = {},
  ): { child: ChildProcess; output: Omit<Ended, 'code'> } {
    return watch(spawn(process.execPath, [launch, ...args], this.#options(env, cwd)));
  }

  /** The same on a pseudo-terminal, where both outputs are one. `answers` are typed when what stands before them has appeared. */
  async runOnTerminal(
    args: string[],
    { answers = [], cwd }: { answers?: [prompt: string, typed: string][]; cwd?: string } = {},
  ): Promise<Ended> {
    const quoted = [process.execPath, launch, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const child = spawn('script', ['-qec', `stty cols 200; ${quoted}`, '/dev/null'], this.#options({ TERM: 'xterm' }, cwd));
    const { output } = watch(child);
    const waiting = [...answers];
    child.stdout.on('data', () => {
      // Standard input stays open: its end would be a hang-up to a terminal.
      while (waiting[0] !== undefined && output.stdout.includes(waiting[0][0])) child.stdin.write((waiting.shift() as [string, string])[1]);
    });
    return { code: await new Promise((resolve) => child.on('close', resolve)), ...output };
  }

  #options(env: Record<string, string> = {}, cwd = this.home) {
    const { PATH = '' } = process.env;
    return { env: { PATH, HOME: this.home, ...this.env, ...env }, cwd, stdio: 'pipe' as const };
  }
}

function watch(child: ChildProcess): { child: ChildProcess; output: Omit<Ended, 'code'> } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (piece) => {
    output.stdout += piece;
  });
  child.stderr?.on('data', (piece) => {
    output.stderr += piece;
  });
  return { child, output };
}
