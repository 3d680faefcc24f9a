/** Brings idempotency keys to rest whose calls have ended without saying so, and forgets old ones. */
import type { Gateway } from '../../core/context.ts';
import { staleSeconds } from '../audit/settle.ts';
import { findCalledEndpoints } from '../audit/settle-store.ts';
import { isProxiedRead } from './proxy/proxied-endpoint.ts';
import { deleteExpiredClaims, listStaleClaims, loseRunningClaims, releaseRunningClaims } from './store.ts';

const atOnce = 1_000;

/**
 * Background job. A claim that still says running when its call must have ended belonged to a process that died, perhaps
 * between sending and writing it down. That of a write becomes unknown, so that whoever repeats the call is told to look,
 * and nothing is sent twice; that of a read is free again, since reading twice does no harm.
 */
export async function settleClaims(
  gateway: Pick<Gateway, 'db' | 'clock' | 'log' | 'catalogue'>,
): Promise<{ lost: number; freed: number; deleted: number }> {
  const { db, clock, log } = gateway;
  const { lost, freed } = await settleStale(gateway);
  if (lost > 0) log.warn({ claims: lost }, 'idempotency keys whose first call never ended are now of unknown outcome');
  if (freed > 0) log.warn({ claims: freed }, 'idempotency keys of reads that never ended are free again');
  let deleted = 0;
  for (;;) {
    const went = await deleteExpiredClaims(db, clock, atOnce);
    deleted += went;
    if (went < atOnce) return { lost, freed, deleted };
  }
}

async function settleStale({
  db,
  clock,
  catalogue,
}: Pick<Gateway, 'db' | 'clock' | 'catalogue'>): Promise<{ lost: number; freed: number }> {
  let lost = 0;
  let freed = 0;
  for (;;) {
    const callIds = (await listStaleClaims(db, clock, staleSeconds, atOnce)).map(({ callId }) => callId);
    const called = await findCalledEndpoints(db, callIds);
    // What cannot be looked up any more counts as a write.
    const isRead = (callId: string) => {
      const call = called.get(callId);
      if (call === undefined) return false;
      return isProxiedRead(call.endpoint) || catalogue.findEndpoint(call.integration, call.endpoint)?.readOnly === true;
    };
    freed += await releaseRunningClaims(db, callIds.filter(isRead));
    lost += await loseRunningClaims(
      db,
      callIds.filter((callId) => !isRead(callId)),
    );
    if (callIds.length < atOnce) return { lost, freed };
  }
}
