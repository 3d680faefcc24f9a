/** How much of a plan has been used. */
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database/database.ts';
import type { Principal } from '../../core/principal.ts';
import { readCounters } from './store.ts';

interface UsedWindow {
  used: number;
  /** Null: no limit. */
  limit: number | null;
  resetsAt: Date;
}

export interface Usage {
  /** By the key or session; undefined where none is asked for. */
  minute: UsedWindow | undefined;
  /** By the user. */
  day: UsedWindow;
}

/** Whose plan it is; `holderId` names the key or session that asks, when it is the user's own. */
export type PlanHolder = Pick<Principal, 'userId' | 'limits'> & { holderId: string | undefined };

export async function readUsage(db: Db, clock: Clock, { holderId, userId, limits }: PlanHolder): Promise<Usage> {
  const counters = await readCounters(db, clock, holderId ?? '', userId);
  return {
    minute: holderId === undefined ? undefined : { used: counters.minute, limit: limits.perMinute, resetsAt: counters.minuteEndsAt },
    day: { used: counters.day, limit: limits.perDay, resetsAt: counters.dayEndsAt },
  };
}
