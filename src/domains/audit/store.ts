/** Queries of the call log and of the audit trail. */
import type { Db } from '../../core/database.ts';
import type { AuditEntry } from './audit.ts';

export async function insertAuditRow(trx: Db, id: string, entry: AuditEntry): Promise<void> {
  await trx
    .insertInto('auditRows')
    .values({ ...entry, id, details: JSON.stringify(entry.details) })
    .execute();
}
