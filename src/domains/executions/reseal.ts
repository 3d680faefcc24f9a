/** Brings the kept answers of idempotency keys under the current data key. */
import type { Gateway } from '../../core/context.ts';
import { isDatabaseAway } from '../../core/database/database.ts';
import { countStaleAnswers, listStaleAnswers, replaceAnswerSeal } from './store.ts';

/** How many kept answers an older data key sealed. */
export function countStaleKeptAnswers({ db, vault }: Gateway): Promise<number> {
  return countStaleAnswers(db, vault.currentVersion);
}

/** Seals up to `limit` kept answers anew; returns how many. */
export async function resealKeptAnswers({ db, vault, log }: Gateway, limit: number): Promise<number> {
  let resealed = 0;
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
