/** The limit on authenticated requests that are not executions (docs/api.md, "Plans"). */
import type { Gateway } from '../../core/context.ts';
import { countRequestOf } from './store.ts';

/** Per minute and key, beside executions; replays of idempotent answers are requests too. */
export const requestsPerMinute = 600;

/** Counts one request of a key or session in the current UTC minute. Exactly `requestsPerMinute` are granted, over all processes. */
export async function countRequest(
  gateway: Pick<Gateway, 'database' | 'clock'>,
  holderId: string,
): Promise<{ granted: boolean; resetSeconds: number }> {
  const { requests, resetSeconds } = await countRequestOf(gateway.database, gateway.clock, holderId);
  return { granted: requests <= requestsPerMinute, resetSeconds };
}
