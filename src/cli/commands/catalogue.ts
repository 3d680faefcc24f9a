/** What there is to call: skills, search, skill files. */
import type { Command } from 'commander';
import { collect, globalOptions, targetOf } from './options.ts';

export function addCatalogueCommands(program: Command): void {
  program
    .command('skills')
    .argument('[integration]', 'Slug of the integration, such as github.')
    .argument('[endpoint]', 'Name of an endpoint, such as create_issue.')
    .description('List integrations, the endpoints of one, or explain one endpoint.')
    .option('--search <words>', 'Only what fits these words.')
    .option('--limit <number>', 'How many, 1 to 100.')
    .option('--cursor <cursor>', '`next_cursor` of the page before.')
    .action(async (integration, endpoint, options, command) =>
      (await import('../catalogue/skills.ts')).showSkills(targetOf(command), integration, endpoint, {
        ...options,
        ...globalOptions(command),
      }),
    );

  program
    .command('find')
    .argument('<words...>', 'What is to be done, such as: create issue.')
    .description('Find endpoints by what they do.')
    .action(async (words: string[], _options, command) =>
      (await import('../catalogue/skills.ts')).findEndpoints(targetOf(command), words.join(' '), globalOptions(command)),
    );

  program
    .command('pull')
    .argument('<integration>', 'Slug of the integration, such as github.')
    .description('Write the skill files of an integration where agents in this folder look for them.')
    .option('--agent <agent>', 'For claude, cursor, windsurf or other. Left out: as the folders here say.')
    .option('--force', 'Write over files that were changed here.')
    .action(async (integration, options, command) =>
      (await import('../catalogue/skill-folders.ts')).pullSkill(targetOf(command), integration, { ...options, ...globalOptions(command) }),
    );

  program
    .command('import')
    .argument('<file|url>', 'The description: a file, - for standard input, or an https address that the server fetches.')
    .requiredOption('--slug <slug>', 'What the integration is called, such as acme.')
    .option('--tag <tag>', 'Only operations with this tag; may be repeated.', collect, [])
    .option('--operation <operation>', 'Only this operation, by its id or as "GET /notes/{id}"; may be repeated.', collect, [])
    .option('--base-url <address>', 'Where its requests go. Left out: the first server of the description.')
    .option('--graphql', 'The address is a GraphQL endpoint, which the server asks for its schema.')
    .description('Make an integration of your own from the description of an API (OpenAPI, Swagger, Google discovery, GraphQL).')
    .action(async (source, options, command) =>
      (await import('../catalogue/import.ts')).importDescription(targetOf(command), source, { ...options, ...globalOptions(command) }),
    );
}
