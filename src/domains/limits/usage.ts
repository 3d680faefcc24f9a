/** How much of a plan has been used. */
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database.ts';
import type { Principal } from '../../core/principal.ts';
import { readCounters } from './store.ts';

interface UsedWindow {
  used: number;
  /** Null: no limit. */
  limit: number | null;
  resetsAt: Date;
}

export interface Usage {
  /** By the key or session. */
  minute: UsedWindow;
  /** By the user. */
  day: UsedWindow;
}

export async function readUsage(db: Db, clock: Clock, { holderId, userId, limits }: Principal): Promise<Usage> {
  const counters = await readCounters(db, clock, holderId, userId);
  return {
    minute: { used: counters.minute, limit: limits.perMinute, resetsAt: counters.minuteEndsAt },
    day: { used: counters.day, limit: limits.perDay, resetsAt: counters.dayEndsAt },
  };
}
