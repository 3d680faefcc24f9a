/** Consents that end without a connection, and what became of their grants. */
import type { Gateway } from '../../../core/context.ts';
import { recordAudit } from '../../audit/audit.ts';
import { type Consent, type ConsentFailure, deleteOldFailures, endConsent, listExpiredConsents } from './consent-store.ts';
import { dropHeld } from './keep-grant.ts';

const failuresKeptDays = 30;

/** Ends a consent without a connection; `actor` is the session of who declined it. Does nothing when it has ended already. */
export async function failConsent(
  gateway: Gateway,
  consent: Consent,
  reason: ConsentFailure,
  { requestId, actor = 'system' }: { requestId: string | null; actor?: string },
): Promise<void> {
  const ended = await gateway.db.transaction().execute(async (trx) => {
    if (!(await endConsent(trx, consent.id, { status: 'error', reason }))) return false;
    await recordAudit(trx, {
      userId: consent.userId,
      actor,
      action: 'consent.failed',
      target: consent.id,
      details: { integration: consent.integration, reason },
      requestId,
    });
    return true;
  });
  if (ended) await dropHeld(gateway, consent);
}

/** Background job: ends consents whose time is over, and forgets failures after a month. */
export async function endExpiredConsents(gateway: Gateway): Promise<number> {
  const consents = await listExpiredConsents(gateway.db, gateway.clock, 100);
  for (const consent of consents) await failConsent(gateway, consent, 'expired', { requestId: null });
  await deleteOldFailures(gateway.db, gateway.clock, failuresKeptDays);
  return consents.length;
}
