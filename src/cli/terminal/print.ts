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
  process.stdout.write(body.at(-1) === 0x0a ? body : Buffer.concat([body, Buffer.from('\n')]));
}

/** The same JSON on several lines; numbers keep their digits. */
export function printPretty(body: Buffer): void {
  process.stdout.write(`${JSON.stringify(parseExactly(body.toString('utf8')), null, 2)}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, isForPeople({}) ? 2 : undefined)}\n`);
}

/** A line for people. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Rows under a header, in columns; the last column is cut at the terminal's width. Control characters of what others named are shown escaped. */
export function printTable(header: string[], rows: string[][]): void {
  const cells = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)));
  const columns = process.stdout.columns ?? 120;
  const lines = cells.map((row) => {
    const line = row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] as number))).join('  ');
    return line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
  });
  const [first = '', ...rest] = lines;
  process.stdout.write(`${[bold(first), ...rest].join('\n')}\n`);
}

/** Without what could move the cursor of a terminal or turn the direction of a text. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (letter) =>
    letter === '\n' || letter === '\t' ? ' ' : JSON.stringify(letter).slice(1, -1),
  );
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
