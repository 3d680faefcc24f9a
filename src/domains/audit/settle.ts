/** The sweep of the call log. */
import { setTimeout } from 'node:timers/promises';
import type { Gateway } from '../../core/context.ts';
import { isLockTimeout } from '../../core/database/database.ts';
import { deleteOldCalls, dropOldDays, indexNewCalls, makeDays } from './day-store.ts';
import { settleStretch } from './settle-store.ts';

/**
 * After so long a call has ended or will never be heard of: the longest timeout of a recipe (120 s), the longest wait
 * for a fresh credential (60 s), and 60 s.
 */
export const staleSeconds = 240;

const deletedAtOnce = 5_000;

/** So long may no process be there to make the next day. */
const daysAhead = 3;

/**
 * Makes the next days, turns calls whose end was lost into `unknown`, counts what has come to rest, and drops the days that
 * are older than the retention. A background job: harmless when two processes run it at once, and idle when one does.
 */
export async function sweepCalls(
  gateway: Pick<Gateway, 'database' | 'db' | 'clock' | 'config' | 'log'>,
): Promise<{ lost: number; deleted: number }> {
  const { database, db, clock, config, log } = gateway;
  if (database.kind === 'embedded') await indexNewCalls(db);
  await patiently(log, 'make', () => makeDays(db, clock.nowMs(), daysAhead));
  let lost = 0;
  let deleted = 0;
  for (;;) {
    const stretch = await settleStretch(db, clock, staleSeconds);
    lost += stretch.lost;
    if (stretch.settled === 0) break;
  }
  const dropped = await patiently(log, 'drop', () => dropOldDays(db, clock, config.callRetentionDays));
  if (dropped > 0) log.info({ days: dropped }, 'days of the call log that are over their time were dropped');
  for (;;) {
    const went = await deleteOldCalls(db, clock, config.callRetentionDays, deletedAtOnce);
    deleted += went;
    if (went < deletedAtOnce) break;
  }
  if (lost > 0) log.warn({ calls: lost }, 'calls whose end was never written are now unknown');
  return { lost, deleted };
}

const triesMax = 10;
const pauseMs = 300;

/** A lock that was not to be had in time lets all others pass and is tried again, now some times and then with the next sweep. */
async function patiently(log: Gateway['log'], verb: 'make' | 'drop', change: () => Promise<number>): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await change();
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (tries === triesMax) {
        log.warn({ tries }, `the call log was in use all the time, so the next sweep will ${verb} its days`);
        return 0;
      }
      await setTimeout(pauseMs);
    }
  }
}
