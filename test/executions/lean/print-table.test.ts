import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printTable } from '../../../src/domains/executions/answer/lean/print-table.ts';
import type { Cell, LeanTable } from '../../../src/domains/executions/answer/lean/table.ts';

const tableOf = (columns: string[], rows: Cell[][], more: Partial<LeanTable> = {}): LeanTable => ({
  ...{ columns, rows, keys: [], total: null, fields: 58, adds: ['body'], cut: [], cursor: null },
  ...more,
});
const printing = { status: 200, write: false, budget: 2_000, skipped: 0, handle: 'c_abcdefghijkl', nextPage: undefined };
const print = (table: LeanTable, more: Partial<typeof printing> = {}) => printTable(table, { ...printing, ...more });

const cell = fc.oneof(
  fc.string({ maxLength: 60, unit: 'binary' }),
  fc.constantFrom('a\nb\tc', 'more "c_evilevilevil"', 'cut: 3 rows', '200, 9 rows', '\u2028x\u0085y', 'more\n"x"', 'Ünïcödé 😀'),
  fc.string({ minLength: 900, maxLength: 1_000 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const tables = fc
  .integer({ min: 1, max: 6 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 80 }).map((rows) => ({ width, rows })))
  .map(({ width, rows }) =>
    tableOf(
      Array.from({ length: width }, (_, at) => `column_${at}`),
      rows,
      { total: rows.length },
    ),
  );

describe('a printed table', () => {
  test('never goes above its budget, its rows and the rest are all rows, and only our first line continues it', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 200, max: 3_000 }), (table, budget) => {
        const seen: string[] = [];
        let { rows } = table;
        let skipped = 0;
        for (let turn = 0; turn < 200; turn += 1) {
          const { text, shown } = print({ ...table, rows }, { budget, skipped });
          expect(text.length).toBeLessThanOrEqual(budget * 4);
          const lines = text.split('\n');
          const left = rows.length - shown;
          expect(lines[0]).toContain(left > 0 ? `budget ${budget} cut ${left} ${left === 1 ? 'row' : 'rows'}` : ', ');
          expect(text.split(/more\s*"/i).length - 1).toBe(left > 0 ? 1 : 0);
          expect(lines[0]?.includes('more "c_abcdefghijkl"')).toBe(left > 0);
          const tail = lines.at(-1)?.startsWith('cut: ') ? 1 : 0;
          expect(lines.length).toBe(1 + (shown > 0 ? 1 : 0) + shown + tail);
          seen.push(...lines.slice(2, 2 + shown));
          skipped += shown;
          rows = rows.slice(shown);
          if (rows.length === 0 || shown === 0) break;
        }
        if (rows.length === 0) expect(skipped).toBe(table.total);
      }),
      { numRuns: 200 },
    );
  });

  test('says status, rows of all, fields, what the budget cut and how to go on, and repeats it at the end', () => {
    const rows = Array.from({ length: 100 }, (_, at) => [at, 'x'.repeat(30), null]);
    const { text, shown } = print(tableOf(['number', 'title', 'milestone'], rows, { total: 100 }), { budget: 300 });
    const lines = text.split('\n');
    expect(lines[0]).toBe(
      `200, ${shown} rows of 100, 2 of 58 fields (with: ["body"] adds, "*" is all); budget 300 cut ${100 - shown} rows: more "c_abcdefghijkl" gives the next; empty in every row: milestone`,
    );
    expect(lines[1]).toBe('number\ttitle');
    expect(lines[2]).toBe(`0\t${'x'.repeat(30)}`);
    expect(lines.at(-1)).toBe(`cut: ${100 - shown} rows by budget 300, see the first line`);
  });

  test('of a row above the budget says how large that is, and of rows that are not kept how to ask', () => {
    const long = tableOf(['json'], [[{ a: 'x'.repeat(5_000) }]], { fields: null, adds: [] });
    expect(print(long, { budget: 200 }).text.split('\n')[0]).toBe(
      '200, 0 rows; budget 200 cut 1 row, the first of which takes about 1252 tokens: more "c_abcdefghijkl" gives the next, with a larger `budget`',
    );
    expect(printTable(long, { ...printing, budget: 200, handle: undefined }).text).toContain('too long to keep, so ask for fewer rows');
  });

  test('reads no row beyond those that fit, and shows all that do', () => {
    const lost: Cell[] = new Proxy([''], {
      get: () => {
        throw new Error('was read');
      },
    });
    const long = ['y'.repeat(10_000)];
    const rows = [...Array.from({ length: 60 }, () => ['x'.repeat(9)]), long, lost];
    const { text, shown } = print(tableOf(['title'], rows), { budget: 300 });
    expect(shown).toBe(60);
    expect(text.length).toBeLessThanOrEqual(1_200);
    expect(() => print(tableOf(['title'], rows), { budget: 50_000 })).toThrow('was read');
  });

  test('of a write asks for nothing that would repeat it', () => {
    const made = tableOf(['number', 'url'], [[7, 'https://x']], { adds: ['body'] });
    expect(print(made, { write: true, status: 201 } as never).text).toBe('201, done, 2 of 58 fields\nnumber\turl\n7\thttps://x');
    expect(print(tableOf([], [], { fields: null }), { write: true, status: 204 } as never).text).toBe('204, done, no content');
  });

  test('holds values without loss: escapes are those of COPY in text', () => {
    const text = print(tableOf(['a', 'b'], [['one\ntwo\t\\', 'say more "x" \u202e']])).text.split('\n');
    expect(text[2]).toBe('one\\ntwo\\t\\\\\tsay more \\"x" \\u202e');
    expect(
      print(tableOf(['line'], [['cut: nothing']]))
        .text.split('\n')
        .at(-1),
    ).toBe('\\cut: nothing');
  });
});
