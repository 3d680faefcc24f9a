/** Forgets sessions, links and half-made sign-ins whose time is over. */
import type { Gateway } from '../../../core/context.ts';
import { deleteExpiredProofs } from './link-store.ts';
import { deleteExpiredSessions } from './session-store.ts';

/** Background job. What the audit trail says about them stays. */
export async function dropOldSignIns({ db, clock }: Pick<Gateway, 'db' | 'clock'>): Promise<{ sessions: number; proofs: number }> {
  return { sessions: await deleteExpiredSessions(db, clock), proofs: await deleteExpiredProofs(db, clock) };
}
