/** docs/data-model.md names what a migrated database holds: nothing less, nothing more. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrationsFolder } from '../../src/core/database/database.ts';
import { createTestDatabase } from '../support/database.ts';

let test: Awaited<ReturnType<typeof createTestDatabase>>;
/** Cells of each table's line, by the table's name. */
let described: Map<string, { key: string; secrets: string }>;

beforeAll(async () => {
  test = await createTestDatabase();
  const page = await readFile(path.resolve(migrationsFolder, '../docs/data-model.md'), 'utf8');
  const lines = [...page.matchAll(/^\| `(\w+)` \|[^|]*\| `([^`|]*)` \|[^|]*\|[^|]*\|([^|]*)\|$/gm)];
  described = new Map(lines.map(([, name, key, secrets]) => [name as string, { key: key as string, secrets: secrets as string }]));
});
afterAll(() => test.drop());

it('the page of the data model names every table with its key, and no table that is not there', async () => {
  const { rows } = await sql<{ name: string; key: string }>`
    select t.relname as name, string_agg(a.attname, ', ' order by k.at) as key from pg_class t
    join pg_constraint c on c.conrelid = t.oid and c.contype = 'p'
    cross join unnest(c.conkey) with ordinality k(attnum, at)
    join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
    where t.relnamespace = 'public'::regnamespace and not t.relispartition and t.relname not like 'kysely%'
    group by t.relname order by t.relname`.execute(test.database.db);
  expect(rows.length).toBeGreaterThan(10);
  expect([...described].map(([name, { key }]) => ({ name, key })).sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(rows);
});

it('the page names no column that is not there, and leaves out none that is sealed or hashed', async () => {
  const { rows } = await sql<{ table: string; column: string; type: string }>`
    select table_name as table, column_name as column, data_type as type from information_schema.columns
    where table_schema = 'public'`.execute(test.database.db);
  for (const [table, { secrets }] of described) {
    const columns = rows.filter((row) => row.table === table);
    const named = secrets
      .split('. ')
      .filter((sentence) => sentence.includes(':'))
      .flatMap((sentence) => [...(sentence.split(':')[0] as string).matchAll(/`(\w+)`/g)].map(([, column]) => column as string));
    expect(
      columns.map(({ column }) => column),
      table,
    ).toEqual(expect.arrayContaining(named));
    // Bytes are hashes here, whatever they are of.
    const hidden = columns.filter(({ type, column }) => type === 'bytea' || column === 'credential' || column === 'sealed');
    for (const { column } of hidden) expect(named, table).toContain(column);
  }
});
