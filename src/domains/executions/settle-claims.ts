/** Brings idempotency keys to rest whose calls have ended without saying so, and forgets old ones. */
import type { Gateway } from '../../core/context.ts';
import { staleSeconds } from '../audit/settle.ts';
import { deleteExpiredClaims, loseStaleClaims } from './store.ts';

const deletedAtOnce = 1_000;

/**
 * Background job. A claim that still says running when its call must have ended belonged to a process that died, perhaps
 * between sending and writing it down: it becomes unknown, so that whoever repeats the call is told to look, and nothing
 * is sent twice.
 */
export async function settleClaims({ db, clock, log }: Pick<Gateway, 'db' | 'clock' | 'log'>): Promise<{ lost: number; deleted: number }> {
  const lost = await loseStaleClaims(db, clock, staleSeconds);
  if (lost > 0) log.warn({ claims: lost }, 'idempotency keys whose first call never ended are now of unknown outcome');
  let deleted = 0;
  for (;;) {
    const went = await deleteExpiredClaims(db, clock, deletedAtOnce);
    deleted += went;
    if (went < deletedAtOnce) return { lost, deleted };
  }
}
