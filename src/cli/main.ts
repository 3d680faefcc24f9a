/** The command `skillett`: speaks HTTP to a server, prints answers on standard output and lines for people on standard error. */
import { CommanderError } from 'commander';
import { CommandFailure } from './failure.ts';
import { createProgram } from './program.ts';
import { printable } from './terminal/print.ts';

/** A reader that goes away, such as `| head`, ends the command without a word. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    process.exitCode = endWith(error);
  });

function endWith(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof CommandFailure) {
    // Sentences of a server have lines, and nothing else that a terminal would obey.
    process.stderr.write(`${error.message.split('\n').map(printable).join('\n')}\n`);
    return error.exitCode;
  }
  const { message } = error as Error;
  process.stderr.write(`The command failed, which is a fault of its own: ${printable(String(message))}. Please report it.\n`);
  return 2;
}
