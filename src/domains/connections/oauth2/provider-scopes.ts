/** Scopes at the provider: what endpoints need, what to ask for, what a grant covers. */
import { badRequest, SkillettError } from '../../../core/errors.ts';
import { mayCall, type Principal, scopesOfProxy } from '../../../core/principal.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { OAuth2 } from '../../recipes/format/auth.ts';

/** `granted` with everything those scopes include (`implies` of the recipe, followed to its end). */
function impliedScopes(oauth2: OAuth2, granted: readonly string[]): Set<string> {
  const all = new Set(granted);
  // A Set visits what is added while it is walked.
  for (const scope of all) for (const implied of oauth2.scopes[scope]?.implies ?? []) all.add(implied);
  return all;
}

/** The needs that `granted` leaves open, each by its first alternative. */
export function missingScopes(oauth2: OAuth2, needs: readonly (readonly string[])[], granted: readonly string[]): string[] {
  const covered = impliedScopes(oauth2, granted);
  return [...new Set(needs.filter((choice) => !choice.some((scope) => covered.has(scope))).map((choice) => choice[0] as string))];
}

/**
 * What to ask the provider for: the scopes named, or those of every endpoint the principal may call, or reach by the proxy; always with those
 * that the recipe and the operator ask for with every consent, and with `granted`, so that a new consent never narrows
 * the account it renews. Throws bad_request for a scope the recipe does not know, forbidden for one beyond the key.
 */
export function scopesToRequest(
  integration: CatalogueIntegration,
  oauth2: OAuth2,
  principal: Principal,
  asked: { named: readonly string[] | undefined; extra: readonly string[]; granted: readonly string[] },
): string[] {
  const mayProxy = scopesOfProxy(integration.slug).some((scope) => principal.scopes.includes(scope));
  const callable = [...integration.endpoints.values()].filter(
    (endpoint) => mayProxy || mayCall(principal.scopes, integration.slug, endpoint.name, endpoint.readOnly),
  );
  const needs = callable.flatMap((endpoint) => endpoint.providerScopes);
  const union = withoutImplied(oauth2, missingScopes(oauth2, needs, []));
  const always = [...(oauth2.always_scopes ?? []), ...asked.extra];
  if (asked.named) requireNamedScopes(integration, oauth2, principal, asked.named, [...union, ...always, ...asked.granted]);
  return [...new Set([...always, ...(asked.named ?? union), ...asked.granted])];
}

/** Fewer words on the provider's page: what another of them includes need not be asked for. */
function withoutImplied(oauth2: OAuth2, scopes: readonly string[]): string[] {
  return scopes.filter((scope) => !scopes.some((other) => other !== scope && impliedScopes(oauth2, [other]).has(scope)));
}

function requireNamedScopes(
  integration: CatalogueIntegration,
  oauth2: OAuth2,
  principal: Principal,
  named: readonly string[],
  within: readonly string[],
): void {
  const known = impliedScopes(oauth2, [...Object.keys(oauth2.scopes), ...within]);
  const unknown = named.filter((scope) => !known.has(scope));
  if (unknown.length > 0) {
    throw badRequest(
      `${integration.recipe.name} has no scope ${unknown.map((scope) => `\`${scope}\``).join(', ')}. Its scopes are ${[...known].map((scope) => `\`${scope}\``).join(', ')}. Leave \`scopes\` out to ask for what the endpoints need.`,
    );
  }
  if ([integration.slug, ...scopesOfProxy(integration.slug)].some((scope) => principal.scopes.includes(scope))) return;
  const covered = impliedScopes(oauth2, within);
  const beyond = named.filter((scope) => !covered.has(scope));
  if (beyond.length > 0) {
    throw new SkillettError(
      'forbidden',
      `This key may not ask ${integration.recipe.name} for ${beyond.map((scope) => `\`${scope}\``).join(', ')}: no endpoint it may call needs that.`,
    );
  }
}
