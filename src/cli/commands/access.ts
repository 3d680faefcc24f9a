/** Signing in, and the keys and accounts that follow from it. Each command loads what it does when it is called. */
import type { Command } from 'commander';
import { collect, globalOptions, targetOf } from './options.ts';

export function addAccessCommands(program: Command): void {
  program
    .command('login')
    .description('Sign in: approve this device in the browser, or give a key that you have.')
    .option('--no-browser', 'Print the address and open nothing.')
    .option('--with-key', 'Take an API key from standard input, or ask for it.')
    .option('--scope <scopes>', 'What the new key may do, such as github:read,slack. Left out: everything but running the server.')
    .option('--agent <agent>', 'Install the core skill for claude, cursor, windsurf or other. Left out: as the folders here say.')
    .action(async (options, command) => (await import('../access/login.ts')).logIn(targetOf(command, true), options));

  program
    .command('logout')
    .description('Revoke the key of this profile and forget it.')
    .action(async (_options, command) => (await import('../access/login.ts')).logOut(targetOf(command)));

  program
    .command('whoami')
    .description('Show which server, user and key a command uses.')
    .action(async (_options, command) => (await import('../access/login.ts')).showViewer(targetOf(command), globalOptions(command)));

  program
    .command('connect')
    .argument('<integration>', 'Slug of the integration, such as github.')
    .description('Connect an account: opens the page of its consent and waits up to five minutes until it is given.')
    .option('--account <name>', 'Name for the account, or the one to connect again.')
    .option('--scopes <scopes>', 'OAuth scopes to ask for, comma separated. Left out: what the key may call needs.')
    .option('--token', 'Give a token or another credential instead: from standard input, or typed unseen.')
    .option('--set <name=value>', 'A value that belongs to the account, such as its site; may be repeated.', collect, [])
    .option('--no-browser', 'Print the address and open nothing.')
    .action(async (integration, options, command) =>
      (await import('../access/connect.ts')).connect(targetOf(command), integration, { ...options, ...globalOptions(command) }),
    );

  program
    .command('connections')
    .description('List the connected accounts.')
    .option('--limit <number>', 'How many, 1 to 100.')
    .option('--cursor <cursor>', '`next_cursor` of the page before.')
    .action(async (options, command) =>
      (await import('../access/connect.ts')).listConnections(targetOf(command), { ...options, ...globalOptions(command) }),
    );

  program
    .command('disconnect')
    .argument('<connection>', 'Id of the connection, conn_…; `skillett connections` shows it.')
    .description('Disconnect an account, and revoke what it granted where its service can.')
    .action(async (id, _options, command) =>
      (await import('../access/connect.ts')).disconnect(targetOf(command), id, globalOptions(command)),
    );

  const keys = program.command('keys').description('API keys: list, create, revoke.');
  keys
    .command('list')
    .description('List the API keys.')
    .action(async (_options, command) => (await import('../access/keys.ts')).listKeys(targetOf(command), globalOptions(command)));
  keys
    .command('create')
    .argument('<name>', 'What it is for.')
    .description('Make an API key; it is printed once.')
    .option('--scope <scopes>', 'What it may do, such as github:read,slack.send_message. Left out: everything.')
    .option('--expires <time>', 'When it ends: a time such as 2027-01-31T00:00:00Z, or days such as 90d.')
    .action(async (name, options, command) =>
      (await import('../access/keys.ts')).createKey(targetOf(command), name, { ...options, ...globalOptions(command) }),
    );
  keys
    .command('revoke')
    .argument('<id>', 'Id of the key, key_…')
    .description('Revoke an API key and those made with it.')
    .action(async (id, _options, command) => (await import('../access/keys.ts')).revokeKey(targetOf(command), id));
}
