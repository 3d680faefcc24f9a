/** The tables of docs/api.md that follow from the code, and its settings, which follow from .env.example. */
import { readConfig } from '../src/core/config/config.ts';
import { limitNames, limits, planNames } from '../src/core/config/plans.ts';
import { type ErrorCode, errorStatus } from '../src/core/errors.ts';
import { errorCodes } from '../src/core/schema/error-code.ts';

export function printErrorTable(): string {
  const rows = Object.entries(errorStatus).map(([code, status]) => `| ${status} | \`${code}\` | ${errorCodes[code as ErrorCode]} |`);
  return ['| HTTP | `error` | Meaning |', '|---|---|---|', ...rows].join('\n');
}

export function printPlanTable(): string {
  const { plans } = readConfig({});
  const print = (limit: number | null) => limit?.toLocaleString('en') ?? 'no limit';
  const rows = limitNames.map(
    (name) => `| \`${name}\` | ${limits[name].description} | ${planNames.map((plan) => print(plans[plan][name])).join(' | ')} |`,
  );
  return [`| Limit | Counts | ${planNames.join(' | ')} |`, '|---|---|---|---|---|', ...rows].join('\n');
}

/** Settings of .env.example: the comment above one or more lines `# NAME=value` is their meaning. */
export function readSettings(example: string): { names: string[]; value: string; meaning: string }[] {
  return example
    .split('\n\n')
    .slice(1)
    .map((block) => {
      const lines = block.trim().split('\n');
      const assigned = lines.map((line) => /^# ([A-Z][A-Z0-9_]*)=(.*)$/.exec(line)).filter((match) => match !== null);
      return {
        names: assigned.map(([, name]) => name as string),
        value: assigned.length === 1 ? (assigned[0]?.[2] as string) : '',
        meaning: lines
          .slice(0, lines.length - assigned.length)
          .map((line) => line.replace(/^# /, ''))
          .join(' '),
      };
    });
}

export function printSettingsTable(example: string): string {
  const rows = readSettings(example).map(({ names, value, meaning }) => {
    const shown = names.map((name) => `\`${name.replace(/^SKILLETT_GITHUB_/, 'SKILLETT_<SLUG>_')}\``).join(', ');
    return `| ${shown} | ${value === '' ? '' : `\`${value}\``} | ${meaning} |`;
  });
  return ['| Setting | Default or sample | Meaning |', '|---|---|---|', ...rows].join('\n');
}
