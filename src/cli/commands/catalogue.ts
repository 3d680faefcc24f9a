/** What there is to call: skills, search, skill files. */
import type { Command } from 'commander';
import { globalOptions, targetOf } from './options.ts';

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
}
