/** Requests of this page to /graphql, with the session's cookie unless the headers hold a key. */

import type { GraphiQLProps } from 'graphiql';
import { at } from '../../src/data/base.ts';

type Fetcher = GraphiQLProps['fetcher'];
export type Operation = Parameters<Fetcher>[0];

export interface Answer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** Throws what the browser throws when there is no answer, and an error that names the status when the answer is no JSON. */
export async function askGraphql({ query, variables, operationName }: Operation, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(at('/graphql'), {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query, variables, operationName }),
    credentials: 'same-origin',
  });
  const text = await answer.text();
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new Error(`The server answered with the status ${answer.status} and no JSON.`);
  }
}
