/** The limit on authenticated requests that are not executions (docs/api.md, "Plans"). */
import type { Gateway } from '../../core/context.ts';
import { countRequestOf } from './store.ts';

/** Counts one request of a key or session in the current UTC minute. Exactly `limit` are granted, over all processes. */
export async function countRequest(
  gateway: Pick<Gateway, 'database' | 'clock'>,
  holderId: string,
  limit: number,
): Promise<{ granted: boolean; resetSeconds: number }> {
  const { requests, resetSeconds } = await countRequestOf(gateway.database, gateway.clock, holderId);
  return { granted: requests <= limit, resetSeconds };
}
