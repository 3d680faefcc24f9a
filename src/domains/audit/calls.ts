/** The call log as people see it. */
import DataLoader from 'dataloader';
import type { Context } from '../../core/context.ts';
import type { Db } from '../../core/database/database.ts';
import { badRequest, notFound } from '../../core/errors.ts';
import { decodeTimeCursor, type Page, type PageRequest, pageOfRows } from '../../core/paging.ts';
import { hasEverything, type Principal } from '../../core/principal.ts';
import {
  type Call,
  type CallCount,
  type CallDimension,
  type CallFilter,
  type CallPosition,
  countCalls,
  findCall,
  findCalls,
  groupCalls,
  listCalls,
} from './store.ts';

export type CallQuestion = Omit<CallFilter, 'userId'>;

const groupsMax = 1_000;

/** A key without `*` sees the calls it made itself; ids of others find nothing. */
function rangeOf(principal: Principal, question: CallQuestion): CallFilter | undefined {
  const { since, until, keyId } = question;
  if (since && until && since >= until) throw badRequest('`since` must be before `until`.');
  if (principal.keyId === undefined || hasEverything(principal)) return { ...question, userId: principal.userId };
  if (keyId !== undefined && keyId !== principal.keyId) return undefined;
  return { ...question, userId: principal.userId, keyId: principal.keyId };
}

/** Throws not_found for a call of somebody else, or of another key for a key without `*`. */
export async function requireCall(db: Db, principal: Principal, id: string): Promise<Call> {
  // The database takes no NUL in a text, and no id has one.
  const filter = id.includes('\0') ? undefined : rangeOf(principal, {});
  const call = filter && (await findCall(db, filter, id));
  if (!call) throw notFound('Call');
  return call;
}

/** Rows of calls by their ids, one query for all that are asked for at once; null where `requireCall` would throw. */
export function loadCalls(context: Context): DataLoader<string, Call | null> {
  return context.once(
    'calls',
    () =>
      new DataLoader(async (ids) => {
        const filter = rangeOf(await context.principal(), {});
        const found = filter ? await findCalls(context.gateway.db, filter, ids) : [];
        const byId = new Map(found.map((call) => [call.id, call]));
        return ids.map((id) => byId.get(id) ?? null);
      }),
  );
}

/** The latest first. */
export async function listCallLog(db: Db, principal: Principal, question: CallQuestion, request: PageRequest): Promise<Page<Call>> {
  const filter = rangeOf(principal, question);
  const after = readPosition(request.after);
  if (!filter) return { rows: [], cursors: [], hasNextPage: false, total: 0 };
  const rows = await listCalls(db, filter, after, request.first + 1);
  let total: Promise<number> | undefined;
  // Once, however many aliases ask.
  const count = () => {
    total ??= countCalls(db, filter);
    return total;
  };
  return pageOfRows(rows, request.first, count, ({ startedAt, id }) => [startedAt, id]);
}

function readPosition(cursor: string | undefined): CallPosition | undefined {
  const position = decodeTimeCursor(cursor);
  return position && { startedAt: position[0], id: position[1] };
}

/** Counts of the calls by the dimensions, in their order. Throws bad_request when there are more than a thousand groups. */
export async function countCallsBy(
  db: Db,
  principal: Principal,
  question: CallQuestion,
  by: readonly CallDimension[],
): Promise<CallCount[]> {
  const filter = rangeOf(principal, question);
  if (!filter) return [];
  const counts = await groupCalls(db, filter, by, groupsMax + 1);
  if (counts.length > groupsMax)
    throw badRequest(`There are more than ${groupsMax} groups. Count by fewer dimensions, over a shorter time, or with a filter.`);
  return counts;
}
