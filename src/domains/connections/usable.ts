/** Whether a connection may be used now, and what to say when not. */
import { SkillettError } from '../../core/errors.ts';
import { quoted } from '../../core/text/quoted.ts';
import type { CatalogueIntegration } from '../recipes/catalogue.ts';

/** Throws connection_frozen or token_expired. */
export function requireUsable(
  integration: CatalogueIntegration,
  connection: { account: string; status: 'connected' | 'reconnect_needed'; frozenAt: Date | null },
): void {
  if (connection.frozenAt) {
    throw new SkillettError(
      'connection_frozen',
      `An operator froze the ${integration.slug} account ${quoted(connection.account)} at ${connection.frozenAt.toISOString()}. Nothing is sent with it until an operator thaws it.`,
    );
  }
  if (connection.status !== 'connected') throw reconnectNeeded(integration);
}

export function reconnectNeeded(integration: CatalogueIntegration, cause?: unknown): SkillettError {
  return new SkillettError('token_expired', 'Token expired and refresh failed. Please reconnect.', {
    action: `/dashboard/integrations/${integration.slug}`,
    cause,
  });
}

/** Disconnected between admission and use. */
export function connectionGone(integration: CatalogueIntegration): SkillettError {
  return new SkillettError('integration_not_connected', `The user needs to connect their ${integration.slug} account first.`, {
    action: '/dashboard/integrations',
  });
}
