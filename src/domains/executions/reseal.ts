/** Brings the kept answers of idempotency keys under the current data key, and drops what is kept of cut ones. */
import type { Gateway } from '../../core/context.ts';
import { isDatabaseAway } from '../../core/database/database.ts';
import { countStaleRests, deleteStaleRests } from './answer/lean/rest/rest-store.ts';
import { countStaleAnswers, listStaleAnswers, replaceAnswerSeal } from './store.ts';

/** How many kept answers an older data key sealed. */
export async function countStaleKeptAnswers({ db, vault }: Gateway): Promise<number> {
  const counts = await Promise.all([countStaleAnswers(db, vault.currentVersion), countStaleRests(db, vault.currentVersion)]);
  return counts[0] + counts[1];
}

/** Seals up to `limit` kept answers anew, and drops rests, which last ten minutes anyway; returns how many. */
export async function resealKeptAnswers({ db, vault, log }: Gateway, limit: number): Promise<number> {
  let resealed = await deleteStaleRests(db, vault.currentVersion);
  for (const row of await listStaleAnswers(db, vault.currentVersion, limit)) {
    let fresh: string;
    try {
      fresh = await vault.reseal(row.answer, row.callId);
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      log.error({ err: error, callId: row.callId }, 'a kept answer does not open and stays under the older data key');
      continue;
    }
    await replaceAnswerSeal(db, row, fresh);
    resealed += 1;
  }
  return resealed;
}
