/** A call whose answer is shown as rows and columns, whichever door asked for it. */

import type { Context } from '../../../../core/context.ts';
import { badRequest } from '../../../../core/errors.ts';
import { RawJson } from '../../../../core/json/raw-json.ts';
import { executeEndpoint, seenAt } from '../../execute.ts';
import { type Execution, type ExecutionInput, requestOf } from '../../execution.ts';
import { expandRows } from './inner/expand.ts';
import { everything, type LeanView } from './plan.ts';
import type { LeanData, LeanTable } from './table.ts';

/** How a door is asked for it. */
export interface AskedView {
  view?: 'raw' | 'lean' | null | undefined;
  with?: readonly string[] | null | undefined;
}

/** As `executeEndpoint`, for `view` and `with` of REST and GraphQL: `data` is then a LeanData, or with `*` the answer itself. */
export async function executeViewed(context: Context, input: ExecutionInput, { view, with: columns }: AskedView): Promise<Execution> {
  if (view !== 'lean') {
    const fault =
      columns && columns.length > 0
        ? badRequest('`with` adds columns to a lean answer. Ask for one with `view`, or leave `with` out.')
        : undefined;
    return executeEndpoint(context.gateway, requestOf(context, { ...input, fault: input.fault ?? fault }));
  }
  const shown = columns ?? [];
  if (shown.includes(everything)) {
    const fault =
      input.select == null ? undefined : badRequest('`select` cuts the whole answer, so leave out `view` and `with` beside it.');
    return executeEndpoint(context.gateway, requestOf(context, { ...input, fault: input.fault ?? fault }));
  }
  const execution = await executeLean(context, { ...input, view: { with: shown, whole: false } });
  return execution.table ? { ...execution, data: RawJson.fromValue(dataOf(execution.table)) } : execution;
}

function dataOf({ columns, rows, total, cut }: LeanTable): LeanData {
  return { columns, rows, total, cut };
}

/** On success the execution has a `table`. */
export async function executeLean(context: Context, input: ExecutionInput & { view: LeanView }): Promise<Execution> {
  const request = requestOf(context, input);
  const found = context.gateway.catalogue.findEndpoint(input.integration, input.endpoint);
  const gateway = await seenAt(context.gateway, request, found);
  const execution = await executeEndpoint(gateway, request);
  const endpoint = gateway.catalogue.findEndpoint(input.integration, input.endpoint);
  if (!execution.table || !endpoint) return execution;
  const outer = { gateway, request, execution };
  return { ...execution, table: await expandRows(outer, endpoint, input.view, execution.table) };
}
