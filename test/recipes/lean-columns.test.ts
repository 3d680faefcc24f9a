import { expect, test } from 'vitest';
import { parsePath } from '../../src/domains/recipes/lean/lean-path.ts';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';
import { typeOfPath } from '../../src/domains/recipes/shapes/type-of-path.ts';

const catalogue = await loadCatalogue({ bundledFolder: 'recipes', extraFolder: undefined, integrations: new Map() });
const lean = ['github', 'gmail', 'slack', 'notion', 'sandbox'].flatMap((slug) =>
  [...(catalogue.find(slug)?.endpoints.values() ?? [])].filter(({ spec }) => spec.lean !== undefined),
);

test('the endpoints that people use have lean columns', () => {
  expect(lean.length).toBeGreaterThanOrEqual(80);
});

/** What no shape knows of the paths of an endpoint; undefined where its answer is not described. */
function faultsOf({ integration, name, spec }: (typeof lean)[number]): string[] | undefined {
  const answers = catalogue.find(integration)?.answers;
  const type = answers?.returns[name];
  if (answers === undefined || typeof type !== 'string') return undefined;
  const rows = spec.rows ?? spec.pagination?.items;
  const found = rows === undefined ? { type, unknown: [] } : typeOfPath(answers, type, rows);
  const row = found.type.replace(/\[\]$/, '');
  const paths = Object.entries({ ...spec.lean, ...spec.more_columns, ...spec.expand?.parameters });
  const unknown = paths.flatMap(([column, path]) =>
    typeOfPath(answers, row, parsePath(path).expression).unknown.map((one) => ({ column, one })),
  );
  const ofAll = [spec.total, spec.incomplete].flatMap((path) => (path === undefined ? [] : typeOfPath(answers, type, path).unknown));
  return [
    ...found.unknown.map((one) => `${name}.rows: ${one.name} in ${one.in}`),
    ...ofAll.map((one) => `${name}.total: ${one.name} in ${one.in}`),
    ...unknown.map(({ column, one }) => `${name}.${column}: ${one.name} in ${one.in}`),
  ];
}

test('every path of their columns exists in the shapes of their answers', () => {
  const faults = lean.map(faultsOf);
  expect(faults.filter((found) => found !== undefined).length).toBeGreaterThanOrEqual(60);
  expect(faults.flatMap((found) => found ?? [])).toEqual([]);
});
