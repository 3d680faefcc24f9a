/** Whether a request may go to the host that an address led to once its variables were filled in. */
import { SkillettError } from '../../core/errors.ts';
import { quoted } from '../../core/text/quoted.ts';
import type { CatalogueIntegration } from './catalogue.ts';
import { isKnownHost } from './variables.ts';

/** `fromInstallation`: the address is the operator's, who answers for it. Throws integration_not_connected, before anything is sent. */
export function requireKnownHost({ slug, recipe }: CatalogueIntegration, address: string, fromInstallation: boolean): URL {
  const url = URL.parse(address);
  if (url && (fromInstallation || isKnownHost(recipe, url.hostname))) return url;
  throw new SkillettError(
    'integration_not_connected',
    `The ${slug} account leads to ${url ? `the host ${quoted(url.hostname)}, which is none of those its recipe names` : 'no host there can be'}, so nothing was sent. Connect the account again.`,
    { action: `/dashboard/integrations/${slug}` },
  );
}
