/** Runs an endpoint as an agent would, over GraphQL, and keeps the numbers of the answer as they were sent. */

import { stringifyDocument } from 'urql';
import { at } from './base.ts';
import { type Failure, serverAway, signedOutMessage } from './failure.ts';
import { graphql } from './graphql.ts';
import type { PlannedCall } from './planned-call.ts';
import { noticeSessionEnd } from './session-end.ts';

const Read = graphql(`
  query Read($integration: String!, $endpoint: String!, $params: JSON, $account: String, $select: String) {
    run: read(integration: $integration, endpoint: $endpoint, params: $params, account: $account, select: $select) {
      status ok data error callId durationMs selectError
    }
  }
`);

const Execute = graphql(`
  mutation Execute($integration: String!, $endpoint: String!, $params: JSON, $account: String, $select: String, $key: String) {
    run: execute(
      integration: $integration
      endpoint: $endpoint
      params: $params
      account: $account
      select: $select
      idempotencyKey: $key
    ) {
      status ok data error callId durationMs selectError
    }
  }
`);

export interface Ran {
  status: number;
  ok: boolean;
  data: unknown;
  error: unknown;
  callId: string;
  durationMs: number;
  selectError: string | null;
}

/** `key` makes a repeated press of the button safe: the first answer comes again. */
export async function runEndpoint(
  call: PlannedCall,
  key: string,
  signal: AbortSignal,
): Promise<{ ran: Ran } | { failure: Failure } | 'stopped'> {
  const { integration, endpoint, params, account, select } = call;
  const variables = { integration, endpoint, params, account, select, ...(call.readOnly ? {} : { key }) };
  let text: string;
  try {
    const answer = await fetch(at('/graphql'), {
      method: 'POST',
      credentials: 'same-origin',
      signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: stringifyDocument(call.readOnly ? Read : Execute), variables }),
    });
    text = await answer.text();
  } catch {
    return signal.aborted ? 'stopped' : { failure: serverAway };
  }
  return readAnswer(text);
}

interface GraphqlAnswer {
  data?: { run?: Ran | null } | null;
  errors?: { message: string; extensions: Record<string, unknown> }[];
}

function readAnswer(text: string): { ran: Ran } | { failure: Failure } {
  let answer: GraphqlAnswer;
  try {
    answer = parseExactly(text) as GraphqlAnswer;
  } catch {
    return { failure: serverAway };
  }
  const [error] = answer.errors ?? [];
  if (error) {
    const signedOut = error.extensions.code === 'unauthorized';
    if (signedOut) noticeSessionEnd();
    return { failure: { message: signedOut ? signedOutMessage : error.message, ...error.extensions } };
  }
  const ran = answer.data?.run;
  return ran ? { ran } : { failure: { message: 'The server gave no answer to this call.' } };
}

interface RawJson {
  rawJSON(text: string): unknown;
}

/** JSON.parse that keeps whole numbers beyond 2^53, where the browser can print them again as they were. */
function parseExactly(text: string): unknown {
  const raw = 'rawJSON' in JSON ? (JSON as unknown as RawJson) : undefined;
  if (!raw) return JSON.parse(text);
  const keep = (_name: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source)
      ? raw.rawJSON(context.source)
      : value;
  return JSON.parse(text, keep as (name: string, value: unknown) => unknown);
}
