/** What the catalogue has, a row for each recipe. */
import type { Answers } from '../../src/domains/recipes/format/answer/shapes.ts';
import type { EndpointReport } from './check.ts';
import type { ExecutedEndpoint } from './execute-recipe.ts';
import type { Facts } from './facts.ts';
import type { Recipe } from './folders.ts';

export interface CatalogueRow {
  slug: string;
  endpoints: number;
  /** Endpoints that agree with their description. */
  proved: number;
  /** Endpoints whose request was what the description documents, when it arrived. */
  executed: number;
  /** Requests made wrong on purpose and found out. */
  controls: number;
  /** Endpoints whose answer is described. */
  answers: number;
  ways: string[];
  guides: number;
  /** Why something is not proved, or only its names are: of the whole recipe, or of an endpoint. */
  reasons: string[];
  faults: string[];
}

export function rowOf(
  { integration, endpoints, answers = '{}' }: Recipe,
  facts: Facts,
  checked: readonly EndpointReport[],
  executed: readonly ExecutedEndpoint[],
): CatalogueRow {
  const { slug } = integration;
  const { returns: described = {} } = JSON.parse(answers) as Partial<Answers>;
  const absent = Object.entries(facts.absent ?? {}).filter(([name]) => endpoints.some(([one]) => one === name));
  const faultsOf = (reports: readonly { name: string; faults: string[] }[]) =>
    reports.flatMap(({ name, faults }) => faults.map((fault) => `${slug}.${name}: ${fault}`));
  const unexplained = executed
    .filter(({ name, proof }) => proof === 'unproved' && facts.unproved === undefined && !Object.hasOwn(facts.absent ?? {}, name))
    .map(({ name }) => `${slug}.${name}: is not proved, and no reason is written down`);
  return {
    slug,
    endpoints: endpoints.length,
    proved: checked.filter(({ proof, faults }) => proof === 'proved' && faults.length === 0).length,
    executed: executed.filter(({ proof, faults }) => proof === 'executed' && faults.length === 0).length,
    controls: executed.reduce((sum, one) => sum + one.controls, 0),
    answers: endpoints.filter(([name, { returns }]) => returns !== undefined || Object.hasOwn(described, name)).length,
    ways: integration.auth.map(({ type }) => type),
    guides: integration.guides?.length ?? 0,
    reasons: [
      ...(facts.unproved === undefined ? [] : [facts.unproved]),
      ...(facts.trust === 'names'
        ? ['Names and places alone are proved: types and bounds of its description are not to be relied on.']
        : []),
      ...absent.map(([name, reason]) => `${name}: ${reason}`),
    ],
    faults: [...new Set([...faultsOf(checked), ...faultsOf(executed), ...unexplained])],
  };
}

const heads = ['Recipe', 'Endpoints', 'Proved', 'Executed', 'Controls', 'Answers', 'Ways to connect', 'Guides'];

export function printTable(rows: readonly CatalogueRow[]): string {
  const sum = (count: (row: CatalogueRow) => number) => rows.reduce((total, row) => total + count(row), 0);
  const total: Omit<CatalogueRow, 'reasons' | 'faults'> = {
    slug: `total: ${rows.length} recipes`,
    endpoints: sum((row) => row.endpoints),
    proved: sum((row) => row.proved),
    executed: sum((row) => row.executed),
    controls: sum((row) => row.controls),
    answers: sum((row) => row.answers),
    ways: [],
    guides: sum((row) => row.guides),
  };
  const cells = [heads, ...[...rows, total].map(cellsOf)];
  const widths = heads.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
  const lines = cells.map((row) =>
    row
      .map((cell, at) => (/^[\d-]/.test(cell) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd(),
  );
  const reasons = rows.flatMap(({ slug, reasons }) => reasons.map((reason) => `${slug}: ${reason}`));
  const faults = rows.flatMap((row) => row.faults);
  return [
    ...lines,
    ...(reasons.length > 0 ? ['', 'Not proved, or not wholly:', ...reasons.map((reason) => `  ${reason}`)] : []),
    ...(faults.length > 0 ? ['', `${faults.length} faults:`, ...faults.map((fault) => `  ${fault}`)] : []),
    '',
  ].join('\n');
}

function cellsOf({
  slug,
  endpoints,
  proved,
  executed,
  controls,
  answers,
  ways,
  guides,
}: Omit<CatalogueRow, 'reasons' | 'faults'>): string[] {
  return [
    slug,
    String(endpoints),
    shareOf(proved, endpoints),
    shareOf(executed, endpoints),
    String(controls),
    answers === 0 ? '-' : shareOf(answers, endpoints),
    ways.join(', '),
    String(guides),
  ];
}

/** Rounded down: 100 % is all of them. */
function shareOf(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.floor((100 * part) / whole)} %`;
}
