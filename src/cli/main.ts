/** The command `skillett`: speaks HTTP to a server, prints answers on standard output and lines for people on standard error. */
import { CommanderError } from 'commander';
import { CommandFailure, fileFailure } from './failure.ts';
import { createProgram } from './program.ts';
import { say } from './terminal/print.ts';

/** A reader that goes away, such as `| head`, ends the command without a word. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  say(fileFailure('Standard output', error).message);
  process.exit(1);
});
/** Nobody is left to tell; the answer may still be read. */
process.stderr.on('error', () => undefined);

createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    process.exitCode = endWith(error);
  });

function endWith(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof CommandFailure) {
    say(error.message);
    return error.exitCode;
  }
  const { message } = error as Error;
  say(`The command failed, which is a fault of its own: ${message}. Please report it.`);
  return 2;
}
