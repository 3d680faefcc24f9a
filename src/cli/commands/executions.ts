/** Calling endpoints, and the log of calls. */
import type { Command } from 'commander';
import { collect, globalOptions, targetOf } from './options.ts';

const runHelp = `
Parameters are flags by their names: --title "Login fails" --labels bug,help --draft, --no-draft, --per-page=5. A list takes commas or is
repeated; an object is JSON. A value @file is the file's content, and - is standard input (@@ stands for a leading @). \`skillett skills
<integration> <endpoint>\` explains them.

Options, also among the parameters:
  --params <json>           All parameters at once, as JSON, @file or -.
  --account <name>          The account to use, where several are connected.
  --select <expression>     A JMESPath expression that cuts the answer.
  --lean                    What is to be read, as rows and columns, in place of all JSON.
  --with <columns>          --lean with these further columns; * is the answer as it came.
  --next <next>             \`next\` of the page before.
  --idempotency-key <key>   Makes repeating safe for 24 hours.
  --raw                     The service's body as it came, without envelope.
  --dry-run                 Show the request, without the key, and send nothing.`;

export function addExecutionCommands(program: Command): void {
  program
    .command('run')
    .argument('<integration>', 'Slug of the integration, such as github.')
    .argument('<endpoint>', 'Name of the endpoint, such as create_issue.')
    .argument('[flags...]', 'Parameters, as flags.')
    .usage('<integration> <endpoint> [--parameter value …]')
    .description('Call an endpoint and print its answer.')
    .addHelpText('after', runHelp)
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (integration, endpoint, flags, _options, command) =>
      (await import('../executions/run.ts')).run(targetOf(command), integration, endpoint, flags, globalOptions(command)),
    );

  program
    .command('proxy')
    .argument('<integration>', 'Slug of the integration, such as github.')
    .argument('<method>', 'GET, HEAD, POST, PUT, PATCH or DELETE.')
    .argument('<path>', "What follows the base address of the service's API, such as /user.")
    .description('Send a request that no endpoint covers; the key needs the scope `github:proxy` or `*`.')
    .option('--query <name=value>', 'A name of the query and its value; may be repeated.', collect, [])
    .option('--header <name:value>', 'A header; may be repeated.', collect, [])
    .option('--body <text>', 'JSON, or any other text; @file is the content of a file, and - is standard input.')
    .option('--account <name>', 'The account to use, where several are connected.')
    .option('--select <expression>', 'A JMESPath expression that cuts the answer.')
    .option('--idempotency-key <key>', 'Makes repeating safe for 24 hours.')
    .option('--raw', "The service's body as it came, without envelope.")
    .action(async (integration, method, path, options, command) =>
      (await import('../executions/proxy.ts')).sendProxied(
        targetOf(command),
        { integration, method, path },
        { ...options, ...globalOptions(command) },
      ),
    );

  program
    .command('calls')
    .description('Show the call log, the latest first.')
    .option('--integration <slug>', 'Only of this integration.')
    .option('--endpoint <name>', 'Only of endpoints with this name.')
    .option('--outcome <outcome>', 'Only those that ended so, such as failed; may be repeated.', collect, [])
    .option('--since <time>', 'Only those that started then or later, such as 2026-01-31T12:00:00Z.')
    .option('--limit <number>', 'How many, 1 to 100.', '25')
    .option('--cursor <cursor>', '`next_cursor` of the page before.')
    .option('--follow', 'Go on and show each call as it ends, a line each, until Ctrl+C.')
    .action(async (options, command) =>
      (await import('../executions/calls.ts')).showCalls(targetOf(command), { ...options, ...globalOptions(command) }),
    );
}
