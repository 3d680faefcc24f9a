/** Keeps connections alive whose refresh tokens would lapse unused. A background job, run by one process at a time. */
import type { Gateway } from '../../../core/context.ts';
import { isDatabaseAway } from '../../../core/database/database.ts';
import { SkillettError } from '../../../core/errors.ts';
import { refreshConnection } from './refresh.ts';
import { listIdleConnections } from './refresh-store.ts';

const batchMax = 100;
/** Failures in a row that are not of one connection alone: then nobody answers for the others of its integration either. */
const failuresMax = 3;
const ofOneConnection = ['token_expired', 'connection_frozen', 'integration_not_connected'];

/**
 * Refreshes what has been idle for half of the time after which its provider forgets it (`refresh.idle_days` of the
 * recipe); the other half is for providers and installations that are away. Returns how many were refreshed.
 */
export async function refreshIdleConnections(gateway: Gateway): Promise<number> {
  let refreshed = 0;
  for (const integration of gateway.catalogue.integrations) {
    const idleDays = integration.recipe.auth.find((auth) => auth.type === 'oauth2')?.refresh?.idle_days;
    if (idleDays === undefined) continue;
    const idle = await listIdleConnections(gateway.db, gateway.clock, integration.slug, idleDays / 2, batchMax);
    let failures = 0;
    for (const connection of idle) {
      const { id } = connection;
      try {
        await refreshConnection(gateway, integration, connection);
        refreshed += 1;
        failures = 0;
      } catch (error) {
        if (isDatabaseAway(error)) throw error;
        if (!(error instanceof SkillettError)) {
          // One connection that cannot be used, such as a credential that does not open, keeps none of the others waiting.
          gateway.log.error({ connection: id, integration: integration.slug, err: error }, 'an idle connection could not be refreshed');
          continue;
        }
        gateway.log.info({ connection: id, integration: integration.slug, code: error.code }, 'an idle connection could not be refreshed');
        failures = ofOneConnection.includes(error.code) ? 0 : failures + 1;
        if (failures === failuresMax) break;
      }
    }
  }
  return refreshed;
}
