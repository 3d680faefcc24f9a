/** The command `skillett`: speaks HTTP to a server, prints answers on standard output and lines for people on standard error. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { addAccessCommands } from './commands/access.ts';
import { addCatalogueCommands } from './commands/catalogue.ts';
import { addExecutionCommands } from './commands/executions.ts';
import { addServerCommands } from './commands/server.ts';
import { CommandFailure } from './failure.ts';
import { packageFolder } from './package-folder.ts';
import { printable } from './print.ts';

const { version } = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as { version: string };

/** A reader that goes away, such as `| head`, ends the command without a word. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

const program = new Command('skillett')
  .description('Agents hold one scoped key, never a credential: find, read about and run what your connected services can do.')
  .version(version, '-v, --version', 'Print the version.')
  .helpOption('-h, --help', 'Show help.')
  .helpCommand('help [command]', 'Show help of a command.')
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .showHelpAfterError('`skillett help` shows what there is.')
  .addHelpText(
    'after',
    '\nExit codes: 0 done; 1 a mistake, a refusal, an account that is not connected, or a 4xx of the service; 2 the network, the server or a time limit.',
  )
  // Exit codes are ours; commander's own would end with 1 for `--help` of nothing.
  .exitOverride();

addAccessCommands(program);
addCatalogueCommands(program);
addExecutionCommands(program);
addServerCommands(program);

addGlobalOptions(program);

program.parseAsync().catch((error: unknown) => {
  process.exitCode = endWith(error);
});

/** Taken before a command and after it. */
function addGlobalOptions(command: Command): void {
  command
    .option('--profile <name>', 'Use the server and key of this profile (also SKILLETT_PROFILE).')
    .option('--url <address>', 'Use the server at this address (also SKILLETT_URL).')
    .option('--json', 'Print JSON also on a terminal.');
  for (const below of command.commands) addGlobalOptions(below);
}

function endWith(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof CommandFailure) {
    // Sentences of a server have lines, and nothing else that a terminal would obey.
    process.stderr.write(`${error.message.split('\n').map(printable).join('\n')}\n`);
    return error.exitCode;
  }
  const { message } = error as Error;
  process.stderr.write(`skillett failed, which is a fault of its own: ${printable(String(message))}. Please report it.\n`);
  return 2;
}
