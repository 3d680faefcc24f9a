/** What becomes of everything that people connected to an integration which changes or goes. */
import { sql } from 'kysely';
import type { Clock } from '../../../core/clock.ts';
import type { Db } from '../../../core/database/database.ts';

/** Of everybody, or of one user, or of everybody but one. */
interface Whose {
  userId?: string | undefined;
  exceptUserId?: string | undefined;
}

/** Every one of the integration must be connected again. Returns how many. */
export async function endConnectionsTo(trx: Db, clock: Clock, integration: string, whose: Whose, reason: string): Promise<number> {
  let update = trx
    .updateTable('connections')
    .set({ status: 'reconnect_needed', statusReason: reason, updatedAt: clock.sqlNow, credentialVersion: sql`credential_version + 1` })
    .where('integration', '=', integration);
  if (whose.userId !== undefined) update = update.where('userId', '=', whose.userId);
  const { numUpdatedRows } = await update.executeTakeFirstOrThrow();
  await endConsentsTo(trx, integration, whose);
  return Number(numUpdatedRows);
}

/** Returns how many. */
export async function deleteConnectionsTo(trx: Db, integration: string, whose: Whose): Promise<number> {
  let removal = trx.deleteFrom('connections').where('integration', '=', integration);
  if (whose.userId !== undefined) removal = removal.where('userId', '=', whose.userId);
  if (whose.exceptUserId !== undefined) removal = removal.where('userId', '<>', whose.exceptUserId);
  const { numDeletedRows } = await removal.executeTakeFirstOrThrow();
  await endConsentsTo(trx, integration, whose);
  return Number(numDeletedRows);
}

/** What is being connected was begun for the integration as it was. */
async function endConsentsTo(trx: Db, integration: string, { userId, exceptUserId }: Whose): Promise<void> {
  let update = trx
    .updateTable('consents')
    .set({ status: 'error', reason: 'failed' })
    .where('integration', '=', integration)
    .where('status', '=', 'pending');
  if (userId !== undefined) update = update.where('userId', '=', userId);
  if (exceptUserId !== undefined) update = update.where('userId', '<>', exceptUserId);
  await update.execute();
}
