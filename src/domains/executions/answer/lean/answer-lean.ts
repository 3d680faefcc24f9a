/**
 * Lean answers as text, for agents: `answerLean` calls and prints, `answerMore` goes on with the rows that the budget cut. The first line
 * says status, rows, fields, and what is not here; the last line repeats that.
 */
import type { Context } from '../../../../core/context.ts';
import { badRequest, type SkillettError } from '../../../../core/errors.ts';
import { type CatalogueEndpoint, findSeen } from '../../../recipes/catalogue.ts';
import type { Execution, ExecutionInput } from '../../execution.ts';
import { nextNumber, numberedPagesOf } from '../../request/numbered-pages.ts';
import { printJson } from './cells.ts';
import { executeLean } from './execute-lean.ts';
import { everything } from './plan.ts';
import { printFailure } from './print-failure.ts';
import { printTable } from './print-table.ts';
import { keepRest, newHandle, openRest } from './rest/kept-rest.ts';
import type { LeanTable } from './table.ts';

export interface LeanAnswer {
  text: string;
  /** The service failed; the text then holds its answer. */
  failed: boolean;
}

export interface LeanInput extends Omit<ExecutionInput, 'view' | 'raw' | 'streams'> {
  /** Columns to add; `*` is the answer as it came. */
  with?: readonly string[] | null | undefined;
  /** Tokens at most, as characters divided by 4. */
  budget?: number | null | undefined;
}

const budgetDefault = 2_000;
const budgetMin = 200;
const budgetMax = 50_000;
/** For what is said of an answer that was cut. */
const failureMarginLength = 60;

/** Throws SkillettError for what is refused, as `executeEndpoint` does. */
export async function answerLean(context: Context, input: LeanInput): Promise<LeanAnswer> {
  const { with: columns, budget: asked, ...call } = input;
  const { budget, fault } = readBudget(asked);
  const shown = columns ?? [];
  const selected = typeof input.select === 'string';
  const whole = shown.includes(everything) || selected;
  const view = { with: whole ? [] : shown, whole, selected };
  const doubled =
    selected && shown.length > 0
      ? badRequest('`select` cuts the whole answer, so `with` adds nothing to it. Leave one of them out.')
      : undefined;
  const execution = await executeLean(context, { ...call, view, fault: input.fault ?? fault ?? doubled });
  if (!execution.table) {
    const first = `${execution.status}, failed; the service answered:`;
    return { text: `${first}\n${await printFailure(execution.error, budget * 4 - first.length - failureMarginLength)}`, failed: true };
  }
  const endpoint = await findSeen(context, input.integration, input.endpoint);
  const table =
    execution.selectError === null
      ? execution.table
      : { ...execution.table, cut: [execution.selectError.replace(/\.$/, ''), ...execution.table.cut] };
  return printKeeping(context, input, execution, table, {
    write: endpoint ? !endpoint.readOnly : !input.readOnly,
    budget,
    nextPage: endpoint && sayNextPage(endpoint, { params: input.params, selected }, execution),
  });
}

interface Going {
  write: boolean;
  budget: number;
  nextPage: string | undefined;
}

async function printKeeping(context: Context, input: LeanInput, execution: Execution, table: LeanTable, going: Going): Promise<LeanAnswer> {
  const { integration, endpoint } = input;
  const { status, connectionId, selectWarning: warning } = execution;
  const { write, budget, nextPage } = going;
  const handle = newHandle();
  const print = (given: string | undefined) => printTable(table, { status, write, budget, skipped: 0, handle: given, nextPage, warning });
  const printed = print(handle);
  if (printed.shown === table.rows.length) return { text: printed.text, failed: false };
  const rest = { table, skipped: 0, shown: printed.shown, status, nextPage: nextPage ?? null, write };
  const kept = await keepRest(context, { integration, endpoint, connectionId, handle }, rest);
  return { text: kept ? printed.text : print(undefined).text, failed: false };
}

/** The rest of an answer that was cut, without a new call. Throws not_found for a handle that is lost, and what refuses the key. */
export async function answerMore(
  context: Context,
  asked: { integration: string; endpoint: string; more: string; budget?: number | null | undefined },
): Promise<LeanAnswer> {
  const { budget, fault } = readBudget(asked.budget);
  const endpoint = await findSeen(context, asked.integration, asked.endpoint);
  const rest = await openRest(context, { ...asked, write: endpoint?.readOnly === false });
  if (fault) throw fault;
  const { status, write, nextPage } = rest;
  const skipped = rest.skipped + rest.shown;
  const table = { ...rest.table, rows: rest.table.rows.slice(rest.shown), cut: [] };
  const handle = newHandle();
  const print = (given: string | undefined) =>
    printTable(table, { status, write, budget, skipped, handle: given, nextPage: nextPage ?? undefined });
  const printed = print(handle);
  if (printed.shown === table.rows.length) return { text: printed.text, failed: false };
  const { integration, endpoint: name, connectionId } = rest;
  const kept = await keepRest(
    context,
    { integration, endpoint: name, connectionId, handle },
    { ...rest, table, skipped, shown: printed.shown },
  );
  return { text: kept ? printed.text : print(undefined).text, failed: false };
}

function readBudget(asked: number | null | undefined): { budget: number; fault: SkillettError | undefined } {
  if (asked === null || asked === undefined) return { budget: budgetDefault, fault: undefined };
  if (Number.isInteger(asked) && asked >= budgetMin && asked <= budgetMax) return { budget: asked, fault: undefined };
  return { budget: budgetDefault, fault: badRequest(`\`budget\` must be a whole number of tokens from ${budgetMin} to ${budgetMax}.`) };
}

/** How the caller gets the next page: by parameters where there are any, else by what the service's link was sealed in. */
function sayNextPage(
  { spec }: CatalogueEndpoint,
  { params, selected }: { params: unknown; selected: boolean },
  { next, table }: Execution,
): string | undefined {
  const { style, parameter } = spec.pagination ?? {};
  if (parameter !== undefined && style === 'cursor')
    return table?.cursor ? `params ${printJson({ [parameter]: table.cursor })}` : undefined;
  if (next === null) return undefined;
  if (parameter === undefined || style === 'next_link') return `more "${next}"`;
  const given = (typeof params === 'object' && params !== null ? params : {}) as Record<string, never>;
  const known = numberedPagesOf({ ...spec, pagination: { ...spec.pagination, style: style ?? 'page', more: '`true`' } });
  // What `select` made has other rows than the page.
  const number = known && nextNumber(known, given, selected ? undefined : table?.rows.length);
  return number === undefined ? `more "${next}"` : `params ${printJson({ [parameter]: number })}`;
}
