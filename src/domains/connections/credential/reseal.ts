/** Brings credentials under the current data key, a few at a time, beside everything else that changes them. */
import type { Gateway } from '../../../core/context.ts';
import { isDatabaseAway } from '../../../core/database/database.ts';
import { sealContext } from '../consent/consents.ts';
import { countStaleSealed, listStaleSealed, replaceSeal } from '../store.ts';

/** How many connections and consents an older data key sealed. */
export function countStaleCredentials({ db, vault }: Gateway): Promise<number> {
  return countStaleSealed(db, vault.currentVersion);
}

/**
 * Seals up to `limit` connections and as many consents anew; returns how many. What a refresh stores meanwhile stays, since
 * the seal that was read is compared; `credential_version` does not move, since the credential is the same. One that does
 * not open is logged, and keeps none of the others under the older key.
 */
export async function resealCredentials({ db, vault, log }: Gateway, limit: number): Promise<number> {
  let resealed = 0;
  for (const row of await listStaleSealed(db, vault.currentVersion, limit)) {
    const context = row.kind === 'connection' ? row.id : sealContext(row.id);
    let fresh: string;
    try {
      fresh = await vault.reseal(row.sealed, context);
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      log.error({ err: error, [row.kind]: row.id }, 'a sealed value does not open and stays under the older data key');
      continue;
    }
    await replaceSeal(db, row, fresh);
    resealed += 1;
  }
  return resealed;
}
