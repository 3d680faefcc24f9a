/** The transformations that paths of lean columns may name. Each gives null for what it cannot take. */
import type { LeanPath, Transformation } from '../../../../recipes/lean/lean-path.ts';
import { htmlText, mailText } from './mail-text.ts';

/** Of JSON, and never `undefined`. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export function transform(value: Json, steps: LeanPath['steps']): Json {
  return steps.reduce((before: Json, { name, argument }) => (before === null ? null : (apply[name](before, argument) ?? null)), value);
}

const apply: Record<Transformation, (value: Json, argument: string) => Json | undefined> = {
  minute: (value) => readTime(value)?.toISOString().slice(0, 16).replace('T', ' '),
  date: (value) => readTime(value)?.toISOString().slice(0, 10),
  tail: (value, argument) => (typeof value === 'string' ? value.split('/').slice(-Number(argument)).join('/') : undefined),
  first: (value, argument) => (typeof value === 'string' ? firstOf(value, Number(argument)) : undefined),
  line: (value) => (typeof value === 'string' ? (/[^\r\n]+/.exec(value)?.[0] ?? '') : undefined),
  header: (value, argument) => findHeader(value, argument.toLowerCase()),
  mail_text: mailText,
  plain_text: readPlainText,
  failed: listFailed,
  count: (value) => (Array.isArray(value) ? value.length : typeof value === 'object' ? Object.keys(value as object).length : undefined),
};

/** By characters, so that none is cut in two. */
export function firstOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** ISO 8601, or seconds or milliseconds since 1970 as a number or as digits; a day alone stays that day. */
function readTime(value: Json): Date | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const number = typeof value === 'number' ? value : /^\d{9,13}(\.\d+)?$/.test(value) ? Number(value) : undefined;
  // Seconds reach eleven digits in the year 5138.
  const time = new Date(number === undefined ? value : Math.abs(number) < 1e11 ? number * 1000 : number);
  const year = time.getUTCFullYear();
  return year >= 0 && year <= 9999 ? time : undefined;
}

export function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In a list of `{name, value}`; names of headers are compared without case (RFC 9110, section 5.1). */
function findHeader(value: Json, name: string): Json | undefined {
  const entries = (Array.isArray(value) ? value : []).filter(isObject);
  return entries.find((entry) => typeof entry.name === 'string' && entry.name.toLowerCase() === name)?.value;
}

/** Rich text is a list of pieces, each with its own text; markup is a text. */
function readPlainText(value: Json): string | undefined {
  if (typeof value === 'string') return htmlText(value);
  if (!Array.isArray(value)) return isObject(value) && typeof value.plain_text === 'string' ? value.plain_text : undefined;
  return value
    .map((piece) => (typeof piece === 'string' ? piece : isObject(piece) && typeof piece.plain_text === 'string' ? piece.plain_text : ''))
    .join('');
}

const failures = new Set(['failure', 'failed', 'error', 'timed_out', 'cancelled', 'action_required', 'startup_failure']);

/** Names of those in a list that failed, with their number where they have one. */
function listFailed(value: Json): Json | undefined {
  if (!Array.isArray(value)) return undefined;
  const failed = value.filter(isObject).filter(({ conclusion, state, status }) => failures.has(String(conclusion ?? state ?? status)));
  return failed.map(({ number, name, id }) => [number, name ?? id].filter((part) => part !== null && part !== undefined).join(' '));
}
