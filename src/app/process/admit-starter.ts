/** Who may still have something stored: the user and the key may have changed while another server was asked for it. */
import type { Gateway } from '../../core/context.ts';
import type { Db } from '../../core/database/database.ts';
import { requireHolderInForce } from '../../domains/api-keys/api-keys.ts';
import type { Starter } from '../../domains/connections/accounts.ts';
import { planLimits } from '../../domains/limits/plans.ts';
import { findUserForShare } from '../../domains/users/store.ts';
import { unauthorized } from '../http/authenticate.ts';

/**
 * Asked in the transaction that stores it. The rows of the user and the key stay as they are until it ends, so that whoever
 * closes the account or revokes the key finds what was stored or none comes after.
 */
export async function admitStarter({ config, clock }: Pick<Gateway, 'config' | 'clock'>, trx: Db, starter: Starter) {
  const user = await findUserForShare(trx, starter.userId);
  if (!user || user.closedAt) throw unauthorized();
  await requireHolderInForce(trx, clock, user.id, starter.startedBy);
  return planLimits(config, user.plan, user.limits);
}
