import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { addAccessCommands } from './commands/access.ts';
import { addCatalogueCommands } from './commands/catalogue.ts';
import { addExecutionCommands } from './commands/executions.ts';
import { addServerCommands } from './commands/server.ts';
import { packageFolder } from './package-folder.ts';

const { version } = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as { version: string };

/** All commands with their words; what each does is loaded when it is called. */
export function createProgram(): Command {
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

  return program;
}

/** Taken before a command and after it. */
function addGlobalOptions(command: Command): void {
  command
    .option('--profile <name>', 'Use the server and key of this profile (also SKILLETT_PROFILE).')
    .option('--url <address>', 'Use the server at this address (also SKILLETT_URL).')
    .option('--json', 'Print JSON also on a terminal.');
  for (const below of command.commands) addGlobalOptions(below);
}
