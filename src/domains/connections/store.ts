/** Queries of connections and consents. */
import type { Db } from '../../core/database.ts';

export async function listAccountsOf(db: Db, userId: string, slugs: readonly string[]) {
  return db
    .selectFrom('connections')
    .select(['id', 'integration', 'account', 'status', 'isDefault'])
    .where('userId', '=', userId)
    .where('integration', 'in', slugs)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
}
