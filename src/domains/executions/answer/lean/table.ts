/** A lean answer before it is printed. */
import type { Json } from './project/transform.ts';

/** What goes to the thread that makes a table of an answer: nothing in it but texts. */
export interface LeanPlan {
  /** Where the rows stand; undefined: the list itself, or all of it as one row. */
  rows: string | undefined;
  total: string | undefined;
  incomplete: string | undefined;
  /** In order. None: the endpoint says nothing of its columns. */
  columns: readonly { name: string; path: string }[];
  /** Values that belong to a row and are not shown: what the call for each row needs. */
  keys: readonly { name: string; path: string }[];
  /** Where the token of the next page stands. */
  cursor: string | undefined;
  /** Columns that could be added. */
  adds: readonly string[];
  /** Of a write without columns its ids and links are shown. */
  write: boolean;
  /** All of each row as it is, as `*` and `select` ask for. */
  whole: boolean;
}

export type Cell = Json;

export interface LeanTable {
  columns: string[];
  rows: Cell[][];
  /** By row; empty where none were asked for. */
  keys: Record<string, Json>[];
  /** Over all pages, where the service says so. */
  total: number | null;
  /** Of a row; null where that says nothing. */
  fields: number | null;
  /** Columns that could be added. */
  adds: string[];
  /** Sentences, without a full stop, on what is not here. */
  cut: string[];
  /** The token of the next page. */
  cursor: string | null;
}

/** What callers of REST and GraphQL get in `data`. */
export interface LeanData {
  columns: string[];
  rows: Cell[][];
  total: number | null;
  cut: string[];
}

/** A cell holds no more of a text. */
export const cellLengthMax = 1_000;

/** A table holds no more in its JSON, and is kept no longer than that. */
export const tableLengthMax = 4 * 1024 * 1024;

/** As many characters more counts every value there: of short ones, reading and printing takes longer than their length says. */
export const valueLength = 64;
