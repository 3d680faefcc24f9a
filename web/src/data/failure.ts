/** What went wrong, in the words that a page shows. */
import type { CombinedError } from 'urql';
import { within } from './base.ts';

export interface Failure {
  message: string;
  /** Where the remedy is, when a link helps. */
  actionUrl?: string | undefined;
  /** Which of the given values is at fault. */
  details?: { path: string; message: string }[] | undefined;
  code?: string | undefined;
  requestId?: string | undefined;
}

export const serverAway: Failure = {
  code: 'network',
  message: 'The server cannot be reached. Your connection may be down, or the server is being restarted.',
};

/** For 401: what a page sent was not done, and is still in its form. */
export const signedOutMessage = 'You were signed out, so nothing was done. Sign in, then try again.';

export function describeError(error: CombinedError): Failure {
  const [first] = error.graphQLErrors;
  if (!first) return serverAway;
  return {
    message: first.extensions.code === 'unauthorized' ? signedOutMessage : first.message,
    code: first.extensions.code as string | undefined,
    actionUrl: first.extensions.actionUrl as string | undefined,
    details: first.extensions.details as Failure['details'],
    requestId: first.extensions.requestId as string | undefined,
  };
}

/** A link to this dashboard as a path, so that it opens without a reload; any other as it is. */
export function ownPath(url: string): string | undefined {
  const parsed = URL.parse(url, location.origin);
  const path = parsed && parsed.origin === location.origin ? within(parsed.pathname) : undefined;
  return path === undefined ? undefined : `${path}${parsed?.search}${parsed?.hash}`;
}
