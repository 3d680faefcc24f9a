/** `completion`: what makes a shell complete commands and their options. Generated from the commands themselves. */
import type { Command } from 'commander';
import { CommandFailure } from '../failure.ts';

interface Words {
  /** The words before, such as `keys create`. */
  after: string;
  /** What can follow: commands and options, with what they are. */
  words: { word: string; description: string }[];
}

export function printCompletion(program: Command, shell: string): void {
  const printers: Record<string, (all: Words[]) => string> = { bash: printBash, zsh: printZsh, fish: printFish };
  const print = Object.hasOwn(printers, shell) ? printers[shell] : undefined;
  if (print === undefined) throw new CommandFailure(`There is no completion for ${JSON.stringify(shell)}: it is bash, zsh or fish.`);
  process.stdout.write(print(listWords(program, '')));
}

function listWords(command: Command, after: string): Words[] {
  const visible = command.createHelp();
  const commands = visible.visibleCommands(command);
  const words = [
    ...commands.map((sub) => ({ word: sub.name(), description: sub.description() })),
    ...visible.visibleOptions(command).map(({ long, description }) => ({ word: long ?? '', description })),
  ].filter(({ word }) => word !== '');
  const below = commands.filter((sub) => sub.name() !== 'help').flatMap((sub) => listWords(sub, `${after} ${sub.name()}`.trim()));
  return [{ after, words }, ...below];
}

/** Once per shell: the words typed so far that name commands, then what follows them. */
function printBash(all: Words[]): string {
  const cases = all.map(({ after, words }) => `    ${quote(after)}) words=${quote(words.map(({ word }) => word).join(' '))} ;;`);
  return `# Put this in ~/.bashrc: eval "$(skillett completion bash)"
_skillett() {
  local before="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case "$before $word" in ${commandPatterns(all)}) before="\${before:+$before }$word" ;; esac ;; esac
  done
  case "$before" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _skillett skillett
`;
}

function printZsh(all: Words[]): string {
  const cases = all.map(
    ({ after, words }) =>
      `    ${quote(after)}) candidates=(${words.map(({ word, description }) => quote(`${word.replaceAll(':', '\\:')}:${description}`)).join(' ')}) ;;`,
  );
  return `#compdef skillett
# Put this in ~/.zshrc, after compinit: eval "$(skillett completion zsh)"
_skillett() {
  local before="" word
  local -a candidates
  for word in "\${words[@]:1:CURRENT-2}"; do
    case "$word" in -*) ;; *) case "$before $word" in ${commandPatterns(all)}) before="\${before:+$before }$word" ;; esac ;; esac
  done
  case "$before" in
${cases.join('\n')}
  esac
  _describe 'skillett' candidates || _files
}
compdef _skillett skillett
`;
}

/** \`" keys"|"keys create"\`: as the words before and the next one are joined; the first word has a space before it. */
function commandPatterns(all: Words[]): string {
  const names = all.map(({ after }) => after).filter((after) => after !== '');
  return names.map((name) => quote(name.includes(' ') ? name : ` ${name}`)).join('|');
}

function printFish(all: Words[]): string {
  const lines = all.flatMap(({ after, words }) =>
    words.map(({ word, description }) => {
      const names = after.split(' ').filter((name) => name !== '');
      const condition =
        names.length === 0 ? '__fish_use_subcommand' : names.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ');
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c skillett -n ${quote(condition)} ${what} -d ${quote(description)}`;
    }),
  );
  return `# Put this in ~/.config/fish/completions/skillett.fish\n${lines.join('\n')}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
