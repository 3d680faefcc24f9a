/** The arguments of the server's command, read before anything is loaded or opened. */
import { parseArgs } from 'node:util';
import { version } from '../http/version.ts';

export type Command =
  | { name: 'start' | 'migrate' | 'check' }
  | { name: 'sign-in-link'; email: string | undefined }
  | { name: 'backup' | 'restore'; folder: string }
  /** Text for standard output, and nothing else to do. */
  | { name: 'print'; text: string };

/** Whoever typed it is told what is wrong; scripts see exit code 2. */
export class CommandFault extends Error {
  constructor(what: string) {
    super(`${what} \`npm start -- --help\` shows what there is.`);
    this.name = 'CommandFault';
  }
}

const help = `Skillett: one server between AI agents and the services people use.

  npm start                             start the server
  npm run check-start                   say what a start would miss, change nothing, and end
  npm run migrate                       bring the database up to date and end
  npm run sign-in-link [-- <e-mail>]    print a link that signs in the owner, or that user, and end

  npm run backup -- <folder>            save the embedded database in a new folder, also while the server runs
  npm run restore -- <folder>           bring such a backup into a data folder without a database

  npm start -- --help                   show this
  npm start -- --version                show which release this is

Without npm: node src/skillett.cjs [check | migrate | sign-in-link [<e-mail>] | backup <folder> | restore <folder>] [--help] [--version]

Settings come from the environment; the npm commands read a file .env besides. .env.example lists all of them.`;

/** `args`: what stands after the script. Throws CommandFault. */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { name: 'print', text: help };
  if (values.version) return { name: 'print', text: version };
  const [name = 'start', ...rest] = positionals;
  const taken = { start: 0, check: 0, migrate: 0, 'sign-in-link': 1, backup: 1, restore: 1 }[name];
  if (taken === undefined) throw new CommandFault(`There is no command ${JSON.stringify(name)}.`);
  if (rest.length > taken)
    throw new CommandFault(
      `${name} takes ${taken === 0 ? 'nothing' : name === 'sign-in-link' ? 'one e-mail address' : 'one folder'} after it.`,
    );
  if (name === 'backup' || name === 'restore') {
    if (!rest[0]) throw new CommandFault(`${name} needs a folder: npm run ${name} -- <folder>.`);
    return { name, folder: rest[0] };
  }
  return name === 'sign-in-link' ? { name, email: rest[0] } : { name: name as 'start' | 'migrate' | 'check' };
}

function parse(args: readonly string[]): { values: { help?: boolean; version?: boolean }; positionals: string[] } {
  try {
    const options = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const;
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    const [what] = (error as Error).message.split(/\. |\.$/);
    throw new CommandFault(`${what}.`);
  }
}
