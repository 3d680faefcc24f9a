/** The sweep of the call log. */
import type { Gateway } from '../../core/context.ts';
import { deleteOldCalls, indexNewCalls, settleStretch } from './settle-store.ts';

/**
 * After so long a call has ended or will never be heard of: the longest timeout of a recipe (120 s), the longest wait
 * for a fresh credential (60 s), and 60 s.
 */
export const staleSeconds = 240;

const deletedAtOnce = 5_000;

/**
 * Turns calls whose end was lost into `unknown`, counts what has come to rest, and deletes what is older than the
 * retention. A background job: harmless when two processes run it at once, and idle when one does.
 */
export async function sweepCalls(
  gateway: Pick<Gateway, 'database' | 'db' | 'clock' | 'config' | 'log'>,
): Promise<{ lost: number; deleted: number }> {
  const { database, db, clock, config, log } = gateway;
  if (database.kind === 'embedded') await indexNewCalls(db);
  let lost = 0;
  let deleted = 0;
  for (;;) {
    const stretch = await settleStretch(db, clock, staleSeconds);
    lost += stretch.lost;
    if (stretch.settled === 0) break;
  }
  for (;;) {
    const went = await deleteOldCalls(db, clock, config.callRetentionDays, deletedAtOnce);
    deleted += went;
    if (went < deletedAtOnce) break;
  }
  if (lost > 0) log.warn({ calls: lost }, 'calls whose end was never written are now unknown');
  return { lost, deleted };
}
