/** The audit trail of changes: who did what to which key, connection, plan or setting. */
import type { Db } from '../../core/database/database.ts';
import { newTimeOrderedId } from '../../core/ids.ts';
import { insertAuditRow } from './store.ts';

export interface AuditEntry {
  /** Whose things changed; null for the installation's own. */
  userId: string | null;
  /** Who did it: a key's or session's id, or `system`. */
  actor: string;
  /** `<noun>.<past participle>`: `api_key.revoked`. */
  action: string;
  /** The id of what was changed. */
  target: string | null;
  /** What changed, without secrets. */
  details: Record<string, unknown>;
  requestId: string | null;
}

/** Writes the row of a change. `trx` is the transaction of the change itself, so that neither stands without the other. */
export async function recordAudit(trx: Db, entry: AuditEntry): Promise<void> {
  await insertAuditRow(trx, newTimeOrderedId('aud', Date.now()), entry);
}
