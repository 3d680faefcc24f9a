/** What a caller wants to see of an answer, and what follows from it for the answer of one endpoint. */
import { badRequest, type SkillettError } from '../../../../core/errors.ts';
import { listNearMisses } from '../../../../core/text/near-miss.ts';
import { quoted } from '../../../../core/text/quoted.ts';
import type { CatalogueEndpoint } from '../../../recipes/catalogue.ts';
import { leanColumns } from '../../../recipes/lean/lean-columns.ts';
import type { LeanPlan } from './table.ts';

export interface LeanView {
  /** Columns to add. */
  with: readonly string[];
  /** All of each row as it is, in place of columns. */
  whole: boolean;
  /** What `select` has made of the answer, in which nothing stands where the recipe says. */
  selected?: boolean | undefined;
  /** In place of what the recipe says of the endpoint: for calls that are made for a row. */
  plan?: LeanPlan | undefined;
}

/** `with` names it for the answer as it came. */
export const everything = '*';
const withMax = 50;

/** What is wrong with the columns that were asked for, with the nearest names. */
export function findViewFault({ spec, name }: CatalogueEndpoint, view: LeanView): SkillettError | undefined {
  if (view.plan || view.whole) return undefined;
  if (view.with.length > withMax) return badRequest(`\`with\` takes at most ${withMax} columns.`);
  const { columns, adds } = leanColumns(spec);
  const known = [...columns, ...adds];
  const unknown = view.with.find((column) => !known.includes(column));
  if (unknown === undefined) return undefined;
  if (known.length === 0) return badRequest(`\`${name}\` has no columns to add: its answer is JSON. Leave \`with\` out.`);
  const near = listNearMisses(unknown, known);
  const names = (near.length > 0 ? near : adds.length > 0 ? adds : columns).slice(0, 20).map((column) => `\`${column}\``);
  return badRequest(
    `\`${name}\` has no column ${quoted(unknown, 64)}. ${near.length > 0 ? `Did you mean ${names.join(' or ')}?` : `There are ${names.join(', ')}.`}`,
  );
}

const selectedPlan: LeanPlan = {
  ...{ rows: undefined, total: undefined, incomplete: undefined, columns: [], keys: [], cursor: undefined },
  ...{ adds: [], write: false, whole: true },
};

/** Where a list goes on that `select` has cut, which only the whole answer says; undefined where no parameter takes it. */
export function cursorPlanOf({ spec: { pagination } }: CatalogueEndpoint, view: LeanView): LeanPlan | undefined {
  if (!view.selected || pagination?.style !== 'cursor') return undefined;
  return { ...selectedPlan, rows: '`[]`', cursor: pagination.next };
}

export function planOf({ spec, readOnly }: CatalogueEndpoint, view: LeanView): LeanPlan {
  if (view.plan) return view.plan;
  if (view.selected) return selectedPlan;
  const { lean = {}, more_columns: more = {}, expand, pagination } = spec;
  const added = view.whole ? [] : view.with.filter((name, at) => Object.hasOwn(more, name) && view.with.indexOf(name) === at);
  const expanded = expandedColumns(spec, view);
  const shown = { ...lean, ...Object.fromEntries(added.map((name) => [name, more[name] as string])) };
  return {
    rows: spec.rows ?? pagination?.items,
    total: spec.total,
    incomplete: spec.incomplete,
    columns: listPaths(shown),
    keys: expanded.length > 0 ? listPaths(expand?.parameters ?? {}) : [],
    cursor: pagination?.style === 'cursor' ? pagination.next : undefined,
    adds: leanColumns(spec).adds.filter((name) => !added.includes(name) && !expanded.includes(name)),
    write: !readOnly,
    whole: view.whole,
  };
}

/** Columns that need a call for each row. */
export function expandedColumns({ expand }: CatalogueEndpoint['spec'], view: LeanView): string[] {
  if (view.whole || !expand) return [];
  return view.with.filter((name, at) => Object.hasOwn(expand.columns, name) && view.with.indexOf(name) === at);
}

export function listPaths(columns: Readonly<Record<string, string>>): { name: string; path: string }[] {
  return Object.entries(columns).map(([name, path]) => ({ name, path }));
}
