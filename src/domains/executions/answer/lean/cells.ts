/** Cells as a line of a table may hold them: nothing that a service sends can end a line or a cell, or look like a line of ours. */
import { escapeHidden } from '../../../../core/text/hidden-characters.ts';
import type { Json } from './project/transform.ts';
import { firstOf } from './project/transform.ts';
import { type Cell, cellLengthMax } from './table.ts';

/** Lists are one text, objects their JSON, and long texts are cut with their length. */
export function toCell(value: Json): Cell {
  if (Array.isArray(value)) {
    const parts = value.filter((part) => part !== null);
    return parts.length === 0
      ? null
      : cutText(parts.map((part) => (typeof part === 'object' ? JSON.stringify(part) : String(part))).join(', '));
  }
  if (typeof value === 'object' && value !== null) return cutText(JSON.stringify(value));
  return typeof value === 'string' ? cutText(value) : value;
}

export function cutText(text: string, lengthMax = cellLengthMax): string {
  return text.length <= lengthMax ? text : `${firstOf(text, lengthMax)}…(${lengthMax} of ${text.length} characters)`;
}

/** Whether a cell holds a part of its text, as `cutText` marks it. */
export function isCut(cell: Cell | undefined): boolean {
  return typeof cell === 'string' && cell.length > cellLengthMax;
}

export function isEmpty(cell: Cell | undefined): boolean {
  return cell === null || cell === undefined || cell === '';
}

/** With the escapes of PostgreSQL's COPY in texts, and those of JSON in JSON. */
export function printRow(cells: readonly Cell[]): string {
  const line = cells.map(printCell).join('\t');
  // Ours is the line that begins so.
  return line.startsWith(cutWord) ? `\\${line}` : line;
}

/** How the last line begins, which repeats what is not here. */
export const cutWord = 'cut: ';

function printCell(cell: Cell): string {
  if (isEmpty(cell)) return '';
  return typeof cell === 'object' ? printJson(cell) : printText(String(cell));
}

const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
/** Controls, and what else ends a line for some readers. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be found
const unsafe = /[\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function printText(text: string): string {
  const onOneLine = text.replace(unsafe, (sign) => escapes[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  // `more` stands in front of a quotation mark in our first line alone.
  return escapeHidden(onOneLine.replace(/(more\s*)(?=")/gi, '$1\\'));
}

export function printJson(value: unknown): string {
  return escapeJson(JSON.stringify(value));
}

/** `text`: JSON in one line, or the beginning of one. */
export function escapeJson(text: string): string {
  const json = text.replace(/[\u007f-\u009f\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  // Of a text that ends so, the last sign before the quotation mark is written as its number.
  return escapeHidden(
    json.replace(
      /more(?:\s*)(?=")/gi,
      (found) =>
        `${found.slice(0, -1)}\\u${found
          .charCodeAt(found.length - 1)
          .toString(16)
          .padStart(4, '0')}`,
    ),
  );
}
