/** Forgets counts that no longer decide anything. */
import type { Gateway } from '../../core/context.ts';
import { deleteExpiredHits, deleteSessionCounters } from './store.ts';

/** Background job. Counters of keys stay, since they say when a key was last used. */
export async function dropOldCounters({ db, clock }: Pick<Gateway, 'db' | 'clock'>): Promise<{ hits: number; counters: number }> {
  return { hits: await deleteExpiredHits(db, clock), counters: await deleteSessionCounters(db, clock) };
}
