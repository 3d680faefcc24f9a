/** Where an address of a provider is for this installation, which may have moved the API or the token endpoint. */
import { authorityOf } from '../../recipes/variables.ts';
import type { TokenEndpoint } from './token-endpoint.ts';

/**
 * An installation that moved the API or the token endpoint elsewhere moves what stands at the same place with it; what would then belong
 * to neither is undefined, since the credential is none of that origin's. `recipeTokenUrl`: where tokens are asked for by the recipe.
 */
export function placeBeside(
  { integration, settings }: Pick<TokenEndpoint, 'integration' | 'settings'>,
  recipeTokenUrl: string,
  url: string,
): { address: string; fromInstallation: boolean } | undefined {
  const { base_url: base } = integration.recipe;
  if (url.startsWith(`${base}/`))
    return { address: integration.baseUrl + url.slice(base.length), fromInstallation: integration.baseUrlOverridden };
  const { tokenUrl } = settings;
  if (tokenUrl === undefined) return { address: url, fromInstallation: false };
  if (authorityOf(url) !== authorityOf(recipeTokenUrl)) return undefined;
  return { address: authorityOf(tokenUrl) + url.slice(authorityOf(url).length).split(/[?#]/, 1)[0], fromInstallation: true };
}
