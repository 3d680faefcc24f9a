/** People who use this installation. */

import type { Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import type { Db } from '../../core/database.ts';
import { newId } from '../../core/ids.ts';
import { recordAudit } from '../audit/audit.ts';
import { insertOwner, type User } from './store.ts';

/** The address the owner has until they set their own; `.invalid` can never receive mail (RFC 2606). */
export const ownerEmail = 'owner@skillett.invalid';

/** Makes the first user: the owner, on the plan `unlimited`. Undefined when there is one already, also when another process was faster. */
export async function createOwner(db: Db, clock: Clock): Promise<User | undefined> {
  return db.transaction().execute(async (trx) => {
    const owner = await insertOwner(trx, clock, { id: newId('user'), email: ownerEmail, displayName: 'Owner' });
    if (owner)
      await recordAudit(trx, {
        userId: owner.id,
        actor: 'system',
        action: 'user.created',
        target: owner.id,
        details: { owner: true },
        requestId: null,
      });
    return owner;
  });
}

/** Why nobody may make an account with this address, or undefined. */
export function refuseRegistration(config: Pick<Config, 'signUp'>): string | undefined {
  if (config.signUp === 'anyone') return undefined;
  return 'This installation does not take new accounts by itself. Ask the person who runs it.';
}
