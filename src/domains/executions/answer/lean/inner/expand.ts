/** Rows in full: for each row of a list, of at most 50, the endpoint that its recipe names, and of its answer the columns that were asked for. */
import type { CatalogueEndpoint } from '../../../../recipes/catalogue.ts';
import { cutText } from '../cells.ts';
import { expandedColumns, type LeanView, listPaths } from '../plan.ts';
import type { Cell, LeanPlan, LeanTable } from '../table.ts';
import { callInner, type InnerAnswer, innerCallsMax, type OuterCall } from './inner-calls.ts';

export async function expandRows(outer: OuterCall, { spec }: CatalogueEndpoint, view: LeanView, table: LeanTable): Promise<LeanTable> {
  const names = expandedColumns(spec, view);
  const { expand } = spec;
  if (!expand || names.length === 0 || table.rows.length === 0) return { ...table, keys: [], columns: [...table.columns, ...names] };
  const calls = table.keys.slice(0, innerCallsMax).map((keys) => ({ endpoint: expand.endpoint, params: { ...expand.params, ...keys } }));
  const answers = await callInner(outer, calls, planOfRow(names, expand.columns));
  return {
    ...table,
    keys: [],
    columns: [...table.columns, ...names],
    rows: table.rows.map((row, at) => [...row, ...cellsOf(answers[at], names)]),
    cut: [...table.cut, ...sayMissing(answers, names, table.rows.length)],
  };
}

function planOfRow(names: readonly string[], columns: Readonly<Record<string, string>>): LeanPlan {
  const shown = listPaths(Object.fromEntries(names.map((name) => [name, columns[name] as string])));
  return {
    ...{ rows: '[@]', total: undefined, incomplete: undefined, keys: [], cursor: undefined },
    ...{ adds: [], write: false, whole: false, columns: shown },
  };
}

function cellsOf(answer: InnerAnswer | undefined, names: readonly string[]): Cell[] {
  if (answer && 'table' in answer) return names.map((_, at) => answer.table.rows[0]?.[at] ?? null);
  const failure = answer && 'failure' in answer ? cutText(`failed: ${answer.failure}`, 200) : null;
  return names.map((_, at) => (at === 0 ? failure : null));
}

function sayMissing(answers: readonly InnerAnswer[], names: readonly string[], rows: number): string[] {
  const what = names.join(', ');
  const refused = answers.findIndex((answer) => 'refused' in answer);
  const failed = answers.filter((answer) => 'failure' in answer).length;
  const said =
    rows > innerCallsMax ? [`${what} only of the first ${innerCallsMax} rows: at most as many are fetched, so ask for fewer`] : [];
  if (failed > 0) said.push(`${what} of ${failed} ${failed === 1 ? 'row' : 'rows'} failed, which stands in them`);
  if (refused === -1) return said;
  const count = answers.filter((answer) => 'refused' in answer).length;
  const rowNumbers = answers.flatMap((answer, at) => ('refused' in answer ? at + 1 : []));
  const { refused: error } = answers[refused] as Extract<InnerAnswer, { refused: unknown }>;
  said.push(
    `${what} of ${count} rows was refused (${error.code}: ${error.message.replace(/\.$/, '')}); ${answers.length - count} were done, rows ${sayRanges(rowNumbers)} were not`,
  );
  return said;
}

/** `3, 7 to 50`. */
export function sayRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const said = ranges.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  return said.length <= 6 ? said.join(', ') : `${said.slice(0, 5).join(', ')} and ${said.length - 5} further ranges`;
}
