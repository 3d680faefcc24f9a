/** Being a server, and being one for MCP clients. */
import type { Command } from 'commander';
import { targetOf } from './options.ts';

export function addServerCommands(program: Command): void {
  const mcp = program
    .command('mcp')
    .description('Speak MCP on standard input and output, for clients that start a process.')
    .action(async (_options, command) => (await import('../mcp/bridge.ts')).bridgeMcp(targetOf(command)));
  mcp
    .command('install')
    .argument('<client>', 'claude-code, claude-desktop, cursor, vscode, windsurf, codex or gemini.')
    .description('Add Skillett to the configuration of an MCP client; shows the change first.')
    .option('--yes', 'Make the change without asking.')
    .action(async (client, options, command) => (await import('../mcp/install.ts')).installMcp(targetOf(command), client, options));
  mcp
    .command('uninstall')
    .argument('<client>', 'claude-code, claude-desktop, cursor, vscode, windsurf, codex or gemini.')
    .description('Take Skillett out of the configuration of an MCP client.')
    .option('--yes', 'Make the change without asking.')
    .action(async (client, options, command) => (await import('../mcp/install.ts')).uninstallMcp(targetOf(command), client, options));

  program
    .command('serve')
    .description('Run the server of this package; settings come from the environment, or from .env in this folder.')
    .option('--check', 'Say what a start would miss, change nothing, and end.')
    .action(async ({ check }) => (await import('../serve.ts')).serve(check ? ['check'] : []));
  program
    .command('backup')
    .argument('<folder>', 'Where the copy goes.')
    .description('Copy the database of the data folder here while its server runs.')
    .action(async (folder) => (await import('../serve.ts')).serve(['backup', folder]));
  program
    .command('restore')
    .argument('<folder>', 'Where the copy is.')
    .description('Make a data folder of a copy.')
    .action(async (folder) => (await import('../serve.ts')).serve(['restore', folder]));

  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish.')
    .description('Print what makes a shell complete the commands.')
    .action(async (shell) => (await import('../terminal/completion.ts')).printCompletion(program, shell));
}
