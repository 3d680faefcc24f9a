/** `calls`: the call log. */
import { askGraphql } from '../ask-server.ts';
import { CommandFailure } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { isForPeople, type PrintOptions, printJson, printTable, say } from '../terminal/print.ts';

interface CallsOptions extends PrintOptions {
  integration?: string;
  endpoint?: string;
  outcome: string[];
  since?: string;
  limit: string;
  cursor?: string;
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

const document = `query ($first: Int, $after: String, $integration: String, $endpoint: String, $outcomes: [CallOutcome!], $since: DateTime) {
  calls(first: $first, after: $after, integration: $integration, endpoint: $endpoint, outcomes: $outcomes, since: $since) {
    nodes { id startedAt integration endpoint account outcome errorCode upstreamStatus totalMs } pageInfo { hasNextPage endCursor } } }`;

export async function showCalls(target: Target, options: CallsOptions): Promise<void> {
  const first = Number(options.limit);
  if (!Number.isInteger(first) || first < 1 || first > 100) throw new CommandFailure('--limit takes a number from 1 to 100.');
  const { calls } = await askGraphql<CallPage>(target, document, {
    first,
    after: options.cursor,
    integration: options.integration,
    endpoint: options.endpoint,
    outcomes: options.outcome.length === 0 ? undefined : options.outcome.map((outcome) => outcome.toUpperCase()),
    since: options.since,
  });
  const cursor = calls.pageInfo.hasNextPage ? calls.pageInfo.endCursor : null;
  if (!isForPeople(options)) return printJson({ calls: calls.nodes, next_cursor: cursor });
  if (calls.nodes.length === 0) return say('No calls.');
  printTable(
    ['TIME', 'CALL', 'ACCOUNT', 'OUTCOME', 'STATUS', 'MS', 'ID'],
    calls.nodes.map((call) => [
      call.startedAt,
      `${call.integration} ${call.endpoint}`,
      call.account ?? '',
      call.errorCode === null ? call.outcome.toLowerCase() : `${call.outcome.toLowerCase()}: ${call.errorCode.toLowerCase()}`,
      String(call.upstreamStatus ?? ''),
      String(call.totalMs ?? ''),
      call.id,
    ]),
  );
  if (cursor !== null) say(`There are more: --cursor ${cursor}`);
}
