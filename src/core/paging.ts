/** Cursors and page sizes, for REST lists and Relay connections alike. */
import { badRequest } from './errors.ts';

export const pageSizeMax = 100;

/** A page of rows with what a client needs for the next one. */
export interface Page<Row> {
  rows: Row[];
  /** The cursor of each row, in order. */
  cursors: string[];
  hasNextPage: boolean;
  /** Over all pages; a function where counting costs more than the page, so that only who asks for it waits. */
  total: Total;
}

export type Total = number | (() => Promise<number>);

export interface PageRequest {
  first: number;
  after?: string | undefined;
}

/** An opaque cursor: what the next page starts after. It is not a secret and not trusted; it only ever becomes a compared value. */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position in a cursor this server gave out. Throws bad_request on anything else. */
export function decodeCursor(cursor: string, length: number): (string | number)[] {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (
      Array.isArray(position) &&
      position.length === length &&
      position.every((part) => (typeof part === 'string' && !part.includes('\0')) || Number.isSafeInteger(part))
    ) {
      return position;
    }
  } catch {
    // falls through to the refusal below
  }
  throw foreignCursor();
}

/** The last moment that is written with four digits for its year, which the database and JavaScript read alike. */
const momentMsMax = Date.UTC(9999, 11, 31);

/** Where a list in the order of a moment and an id goes on: after this row. */
export type TimePosition = readonly [moment: Date, id: string];

/** As decodeCursor, of a list in the order of a moment and an id; undefined for its first page. */
export function decodeTimeCursor(cursor: string | undefined): TimePosition | undefined {
  if (cursor === undefined) return undefined;
  const [momentMs, id] = decodeCursor(cursor, 2);
  if (typeof momentMs !== 'number' || momentMs < 0 || momentMs > momentMsMax || typeof id !== 'string') throw foreignCursor();
  return [new Date(momentMs), id];
}

function foreignCursor(): Error {
  return badRequest('The cursor is not one this server gave out. Leave it out to start at the first page.');
}

/** A page of a query that was asked for one row more than the page holds. `positionOf`: what the row's cursor says. */
export function pageOfRows<Row>(
  rows: readonly Row[],
  first: number,
  total: Total,
  positionOf: (row: Row) => readonly (Date | string)[],
): Page<Row> {
  const shown = rows.slice(0, first);
  const cursors = shown.map((row) => encodeCursor(positionOf(row).map((part) => (part instanceof Date ? part.getTime() : part))));
  return { rows: shown, cursors, hasNextPage: rows.length > first, total };
}

/** One page of a list that is already in memory and in order; positions are offsets. */
export function pageOf<Row>(all: readonly Row[], request: PageRequest): Page<Row> {
  const start = request.after === undefined ? 0 : Number(decodeCursor(request.after, 1)[0]);
  if (!Number.isSafeInteger(start) || start < 0) throw foreignCursor();
  const rows = all.slice(start, start + request.first);
  return {
    rows,
    cursors: rows.map((_, at) => encodeCursor([start + at + 1])),
    hasNextPage: start + rows.length < all.length,
    total: all.length,
  };
}

/** The page size as a client may ask for it: 1 to 100. */
export function requirePageSize(asked: number | null | undefined, fallback: number, name: string): number {
  if (asked === null || asked === undefined) return fallback;
  if (!Number.isInteger(asked) || asked < 1 || asked > pageSizeMax)
    throw badRequest(`\`${name}\` must be a whole number from 1 to ${pageSizeMax}.`);
  return asked;
}
