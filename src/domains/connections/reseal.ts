/** Brings credentials under the current data key, a few at a time, beside everything else that changes them. */
import { sql } from 'kysely';
import type { Gateway } from '../../core/context.ts';
import { sealContext } from './consents.ts';

/** How many connections and consents an older data key sealed. */
export async function countStaleCredentials({ db, vault }: Gateway): Promise<number> {
  const current = `${vault.currentVersion}.%`;
  const count = sql<number>`count(*)`.as('all');
  const [connections, consents] = await Promise.all([
    db.selectFrom('connections').select(count).where('credential', 'not like', current).executeTakeFirstOrThrow(),
    db.selectFrom('consents').select(count).where('sealed', 'not like', current).executeTakeFirstOrThrow(),
  ]);
  return connections.all + consents.all;
}

/**
 * Seals up to `limit` of each anew; returns how many were stale. A row that a refresh changes meanwhile keeps what the
 * refresh stored: the value that was read is compared, and `credential_version` does not move, since the credential is
 * the same.
 */
export async function resealCredentials({ db, vault }: Gateway, limit: number): Promise<number> {
  const current = `${vault.currentVersion}.%`;
  const connections = await db
    .selectFrom('connections')
    .select(['id', 'credential'])
    .where('credential', 'not like', current)
    .limit(limit)
    .execute();
  for (const { id, credential } of connections) {
    const resealed = await vault.reseal(credential, id);
    await db.updateTable('connections').set({ credential: resealed }).where('id', '=', id).where('credential', '=', credential).execute();
  }
  const consents = await db.selectFrom('consents').select(['id', 'sealed']).where('sealed', 'not like', current).limit(limit).execute();
  for (const { id, sealed } of consents) {
    const resealed = await vault.reseal(sealed as string, sealContext(id));
    await db.updateTable('consents').set({ sealed: resealed }).where('id', '=', id).where('sealed', '=', sealed).execute();
  }
  return connections.length + consents.length;
}
