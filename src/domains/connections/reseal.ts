/** Brings credentials under the current data key, a few at a time, beside everything else that changes them. */
import type { Gateway } from '../../core/context.ts';
import { sealContext } from './consents.ts';
import { countStaleSealed, listStaleSealed, replaceSeal } from './store.ts';

/** How many connections and consents an older data key sealed. */
export function countStaleCredentials({ db, vault }: Gateway): Promise<number> {
  return countStaleSealed(db, vault.currentVersion);
}

/**
 * Seals up to `limit` connections and as many consents anew; returns how many were stale. What a refresh stores
 * meanwhile stays, since the seal that was read is compared; `credential_version` does not move, since the credential is
 * the same.
 */
export async function resealCredentials({ db, vault }: Gateway, limit: number): Promise<number> {
  const rows = await listStaleSealed(db, vault.currentVersion, limit);
  for (const row of rows) {
    const context = row.kind === 'connection' ? row.id : sealContext(row.id);
    await replaceSeal(db, row, await vault.reseal(row.sealed, context));
  }
  return rows.length;
}
