/**
 * What a command prints: answers on standard output, JSON unless a person reads it on a terminal; lines for people on standard error.
 */
import { styleText } from 'node:util';

export interface PrintOptions {
  /** JSON also on a terminal. */
  json?: boolean | undefined;
}

/** Whether a person reads standard output, and asked for no JSON. */
export function isForPeople({ json }: PrintOptions): boolean {
  return json !== true && process.stdout.isTTY === true;
}

/** The bytes of a server's answer as they came, with a line's end. */
export function printBody(body: Buffer): void {
  printBytes(body.at(-1) === 0x0a ? body : Buffer.concat([body, Buffer.from('\n')]));
}

/** The bytes alone; a terminal gets no letter that it would obey. In JSON, what stands for such a letter means the same. */
export function printBytes(bytes: Buffer): void {
  process.stdout.write(process.stdout.isTTY ? printableLines(bytes.toString('utf8')) : bytes);
}

/** The same JSON on several lines; numbers keep their digits. */
export function printPretty(body: Buffer): void {
  printBody(Buffer.from(JSON.stringify(parseExactly(body.toString('utf8')), null, 2)));
}

export function printJson(value: unknown): void {
  printBody(Buffer.from(JSON.stringify(value, null, isForPeople({}) ? 2 : undefined)));
}

/** A line for people, or several; what a server named in it moves no cursor. */
export function say(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}

/** Rows under a header, in columns; sentences in the last column are cut at the terminal's width. */
export function printTable(header: string[], rows: string[][]): void {
  const cells = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)));
  // A terminal that was told no size has 0 columns.
  const columns = process.stdout.columns || 120;
  const lines = cells.map((row) => {
    const line = row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] as number))).join('  ');
    // An id stays whole, since the next command takes it.
    return line.length > columns && row.at(-1)?.includes(' ') ? `${line.slice(0, columns - 1)}…` : line;
  });
  const [first = '', ...rest] = lines;
  process.stdout.write(`${[bold(first), ...rest].join('\n')}\n`);
}

/** One row without a header, for what comes one by one. */
export function printLine(cells: string[]): void {
  process.stdout.write(`${cells.map(printable).join('  ')}\n`);
}

/** Without what could move the cursor of a terminal or turn the direction of a text. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (letter) => (letter === '\n' || letter === '\t' ? ' ' : escapeLetter(letter)));
}

/** As JSON may write any letter (RFC 8259, section 7); JSON.stringify does so below U+0020 only. */
function escapeLetter(letter: string): string {
  return letter
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n');
}

function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}

type Reviver = (name: string, value: unknown, context: { source?: string }) => unknown;
const exactJson = JSON as unknown as { parse(text: string, reviver: Reviver): unknown; rawJSON(text: string): unknown };

/** JSON.parse, but numbers stay the text that they were. */
export function parseExactly(text: string): unknown {
  return exactJson.parse(text, (_name, value, { source }) => (typeof value === 'number' && source ? exactJson.rawJSON(source) : value));
}
