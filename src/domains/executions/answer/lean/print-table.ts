/** A lean answer as text: a first line of ours, the names of its columns, its rows, and a last line on what is not here. */
import { cutWord, isCut, isEmpty, printRow } from './cells.ts';
import type { LeanTable } from './table.ts';

/** Characters of a token, as budgets count them. */
const tokenLength = 4;

export interface Printing {
  status: number;
  /** A write is done: nothing may ask for it to be called again. */
  write: boolean;
  /** In tokens. */
  budget: number;
  /** Rows that came before, of an answer that is continued. */
  skipped: number;
  /** How callers go on with the rows that are cut; undefined where they are not kept. */
  handle: string | undefined;
  /** How they get the next page of the service. */
  nextPage: string | undefined;
  /** What callers may have meant otherwise. No cut, so the last line does not repeat it. */
  warning?: string | undefined;
}

export interface PrintedTable {
  /** At most the budget. */
  text: string;
  /** How many rows are in it. */
  shown: number;
}

export function printTable(whole: LeanTable, printing: Printing): PrintedTable {
  const { table, empty } = withoutEmpty(whole);
  const lengthMax = printing.budget * tokenLength;
  const lines = printFitting(table.rows, lengthMax);
  const print = (shown: number) => printLines(table, lines, shown, empty, printing);
  let shown = lines.length;
  let text = print(shown);
  while (text.length > lengthMax && shown > 0) {
    shown -= Math.max(1, Math.floor((shown * (text.length - lengthMax)) / text.length / 2));
    text = print(shown);
  }
  return { text, shown };
}

/** At most as many as can be shown, since what stands around them comes on top; the first row in any case. */
function printFitting(rows: LeanTable['rows'], lengthMax: number): string[] {
  const lines: string[] = [];
  let length = 0;
  for (const row of rows) {
    const line = printRow(row);
    length += line.length + 1;
    if (length > lengthMax && lines.length > 0) break;
    lines.push(line);
  }
  return lines;
}

/** Columns that no row has anything in are named, not shown. */
function withoutEmpty(whole: LeanTable): { table: LeanTable; empty: string[] } {
  const { columns, rows } = whole;
  const filled = columns.map((_, at) => rows.length === 0 || rows.some((row) => !isEmpty(row[at])));
  if (!filled.includes(true) || !filled.includes(false)) return { table: whole, empty: [] };
  const keep = <T>(list: readonly T[]): T[] => list.filter((_, at) => filled[at]);
  return {
    table: { ...whole, columns: keep(columns), rows: rows.map(keep) },
    empty: columns.filter((_, at) => !filled[at]),
  };
}

function printLines(table: LeanTable, lines: readonly string[], shown: number, empty: string[], printing: Printing): string {
  const { columns, rows } = table;
  const cuts = listCuts(table, shown, printing.budget);
  const first = [
    `${printing.status}, ${sayRows(table, shown, printing)}${sayFields(table, printing)}`,
    ...sayRest(table, lines, shown, printing),
    ...(empty.length > 0 ? [`empty in every row: ${listNames(empty)}`] : []),
    ...table.cut,
    ...(printing.warning === undefined ? [] : [printing.warning]),
  ].join('; ');
  // The only column of an answer that has none of its own says nothing.
  const header = shown === 0 || (columns.length === 1 && rows.length > 0 && isPlain(columns[0])) ? [] : [columns.join('\t')];
  return [first, ...header, ...lines.slice(0, shown), ...(cuts.length > 0 ? [`${cutWord}${cuts.join('; ')}`] : [])].join('\n');
}

function isPlain(column: string | undefined): boolean {
  return column === 'json' || column === 'line';
}

function sayRows({ rows, total }: LeanTable, shown: number, { skipped, write }: Printing): string {
  const word = (count: number) => `${count} ${count === 1 ? 'row' : 'rows'}`;
  if (write && skipped === 0 && rows.length <= 1) return rows.length === 0 ? 'done, no content' : 'done';
  if (skipped === 0) return `${word(shown)}${total === null ? '' : ` of ${total}`}`;
  const all = total ?? skipped + rows.length;
  return shown === 0 ? `no row after the first ${skipped} of ${all}` : `rows ${skipped + 1} to ${skipped + shown} of ${all}`;
}

function sayFields({ columns, fields, adds }: LeanTable, { write, skipped }: Printing): string {
  if (fields === null || skipped > 0) return '';
  const said = `, ${Math.min(columns.length, fields)} of ${fields} fields`;
  if (write) return said;
  return `${said} (${adds.length > 0 ? `with: [${listNames(adds.map((name) => `"${name}"`))}] adds, ` : ''}"*" is all)`;
}

function sayRest({ rows }: LeanTable, lines: readonly string[], shown: number, { budget, handle, nextPage }: Printing): string[] {
  const cut = rows.length - shown;
  if (cut === 0) return nextPage === undefined ? [] : [`next page: ${nextPage}`];
  const alone = shown > 0 ? '' : `, the first of which takes about ${Math.ceil((lines[0] as string).length / tokenLength)} tokens`;
  const where = nextPage === undefined ? '' : ' of this page';
  const said = `budget ${budget} cut ${cut} ${cut === 1 ? 'row' : 'rows'}${where}${alone}`;
  if (handle === undefined) return [`${said}: too long to keep, so ask for fewer rows, or with a larger \`budget\``];
  return [`${said}: more "${handle}" gives the next${shown > 0 ? '' : ', with a larger `budget`'}`];
}

/** What the last line repeats. */
function listCuts({ columns, rows, cut }: LeanTable, shown: number, budget: number): string[] {
  const left = rows.length - shown;
  const cells = columns.map((name, at) => ({ name, count: rows.slice(0, shown).filter((row) => isCut(row[at])).length }));
  const cutCells = cells.filter(({ count }) => count > 0).map(({ name, count }) => `${count} of ${name}`);
  return [
    ...(left > 0 ? [`${left} ${left === 1 ? 'row' : 'rows'} by budget ${budget}, see the first line`] : []),
    ...(cutCells.length > 0
      ? [`cells at 1000 characters, their length behind them (${listNames(cutCells)}): \`select\` gives them whole`]
      : []),
    ...cut,
  ];
}

/** Short, whatever the recipe holds. */
function listNames(names: readonly string[]): string {
  return names.length <= 8 ? names.join(', ') : `${names.slice(0, 7).join(', ')} and ${names.length - 7} others`;
}
