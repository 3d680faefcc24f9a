/** `calls`: the call log. */
import { setTimeout as pause } from 'node:timers/promises';
import { askGraphql, askServer } from '../ask-server.ts';
import { CommandFailure, suggest } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { isForPeople, type PrintOptions, printJson, printLine, printTable, say } from '../terminal/print.ts';

interface CallsOptions extends PrintOptions {
  integration?: string;
  endpoint?: string;
  outcome: string[];
  since?: string;
  limit: string;
  cursor?: string;
  follow?: boolean;
}

interface CallRow {
  id: string;
  startedAt: string;
  integration: string;
  endpoint: string;
  account: string | null;
  outcome: string;
  errorCode: string | null;
  upstreamStatus: number | null;
  totalMs: number | null;
}

interface CallPage {
  calls: { nodes: CallRow[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
}

const fields = 'id startedAt integration endpoint account outcome errorCode upstreamStatus totalMs';
const document = `query ($first: Int, $after: String, $integration: String, $endpoint: String, $outcomes: [CallOutcome!], $since: DateTime) {
  calls(first: $first, after: $after, integration: $integration, endpoint: $endpoint, outcomes: $outcomes, since: $since) {
    nodes { ${fields} } pageInfo { hasNextPage endCursor } } }`;

const words = '{ __type(name: "CallOutcome") { enumValues { name } } }';

export async function showCalls(target: Target, options: CallsOptions): Promise<void> {
  const first = Number(options.limit);
  if (!Number.isInteger(first) || first < 1 || first > 100) throw new CommandFailure('--limit takes a number from 1 to 100.');
  if (options.follow && options.cursor !== undefined)
    throw new CommandFailure('--follow begins with the latest calls: leave out --cursor.');
  const outcomes = await readOutcomes(target, options.outcome);
  const { integration, endpoint, since } = options;
  const variables = { first, after: options.cursor, integration, endpoint, outcomes, since };
  if (options.follow) return followCalls(target, variables, options);
  const { calls } = await askGraphql<CallPage>(target, document, variables);
  const cursor = calls.pageInfo.hasNextPage ? calls.pageInfo.endCursor : null;
  if (!isForPeople(options)) return printJson({ calls: calls.nodes, next_cursor: cursor });
  if (calls.nodes.length === 0) return say('No calls.');
  printTable(['TIME', 'CALL', 'ACCOUNT', 'OUTCOME', 'STATUS', 'MS', 'ID'], calls.nodes.map(cellsOf));
  if (cursor !== null) say(`There are more: --cursor ${cursor}`);
}

/** The server's words for them are in upper case, ours in lower. */
async function readOutcomes(target: Target, given: string[]): Promise<string[] | undefined> {
  if (given.length === 0) return undefined;
  const { __type: type } = await askGraphql<{ __type: { enumValues: { name: string }[] } }>(target, words);
  const known = type.enumValues.map(({ name }) => name.toLowerCase());
  for (const outcome of given)
    if (!known.includes(outcome.toLowerCase()))
      throw new CommandFailure(
        `--outcome takes ${known.join(', ')}, not ${JSON.stringify(outcome)}.${suggest(outcome.toLowerCase(), known)}`,
      );
  return given.map((outcome) => outcome.toUpperCase());
}

function cellsOf(call: CallRow): string[] {
  return [
    call.startedAt,
    `${call.integration} ${call.endpoint}`,
    call.account ?? '',
    call.errorCode === null ? call.outcome.toLowerCase() : `${call.outcome.toLowerCase()}: ${call.errorCode.toLowerCase()}`,
    String(call.upstreamStatus ?? ''),
    String(call.totalMs ?? ''),
    call.id,
  ];
}

const pollMs = 2_000;
/** Clocks of several processes differ, and calls overtake each other: so far back every poll reads again. */
const overlapMs = 60_000;

interface Asked {
  first: number;
  outcomes: string[] | undefined;
  since: string | undefined;
}

/** Shows the calls that there are, the oldest first, and then each that ends, until the program is stopped. */
async function followCalls(target: Target, { outcomes, ...asked }: Asked, options: CallsOptions): Promise<void> {
  // What still runs is looked for whatever it may end as.
  const variables = { ...asked, outcomes: outcomes && [...outcomes, 'STARTED'] };
  /** By id: when it started. */
  const shown = new Map<string, number>();
  const running = new Set<string>();
  const show = (calls: CallRow[]) => {
    for (const call of calls.toReversed()) {
      if (call.outcome === 'STARTED') running.add(call.id);
      else if (!shown.has(call.id)) {
        running.delete(call.id);
        shown.set(call.id, Date.parse(call.startedAt));
        if (outcomes && !outcomes.includes(call.outcome)) continue;
        if (isForPeople(options)) printLine(cellsOf(call));
        else process.stdout.write(`${JSON.stringify(call)}\n`);
      }
    }
  };
  const { calls: latest } = await askGraphql<CallPage>(target, document, variables);
  show(latest.nodes);
  // Of the server's clock, not this machine's.
  let beganMs = Date.parse(latest.nodes[0]?.startedAt ?? (await readServerTime(target)));
  for (;;) {
    await pause(pollMs);
    const sinceMs = Math.max(beganMs - overlapMs, Date.parse(asked.since ?? '') || 0);
    const calls = await readAll(target, { ...variables, first: 100, since: new Date(sinceMs).toISOString() });
    const read = new Set(calls.map(({ id }) => id));
    show([
      ...calls,
      ...(await readEach(
        target,
        [...running].filter((id) => !read.has(id)),
      )),
    ]);
    beganMs = Math.max(beganMs, ...calls.map(({ startedAt }) => Date.parse(startedAt)));
    for (const [id, startedMs] of shown) if (startedMs < sinceMs) shown.delete(id);
  }
}

/** Calls that began longer ago than is read again: one of an hour's length must not have all of that hour read every time. */
async function readEach(target: Target, ids: string[]): Promise<CallRow[]> {
  const found: CallRow[] = [];
  for (let at = 0; at < ids.length; at += 20) {
    const asked = ids.slice(at, at + 20).map((id, place) => `c${place}: call(id: ${JSON.stringify(id)}) { ${fields} }`);
    found.push(...Object.values(await askGraphql<Record<string, CallRow>>(target, `{ ${asked.join(' ')} }`)));
  }
  return found;
}

async function readAll(target: Target, variables: Record<string, unknown>): Promise<CallRow[]> {
  const all: CallRow[] = [];
  let after: string | null | undefined;
  do {
    const { calls } = await askGraphql<CallPage>(target, document, { ...variables, after });
    all.push(...calls.nodes);
    after = calls.pageInfo.hasNextPage ? calls.pageInfo.endCursor : null;
  } while (after !== null);
  return all;
}

async function readServerTime(target: Target): Promise<string> {
  const { headers } = await askServer(target, { method: 'GET', path: '/healthz' });
  return headers.date ?? new Date().toUTCString();
}
