/** Scopes at the provider: what endpoints need, what to ask for, what a grant covers. */
import type { OAuth2 } from '../recipes/format.ts';

/** `granted` with everything those scopes include (`implies` of the recipe, followed to its end). */
export function impliedScopes(oauth2: OAuth2, granted: readonly string[]): Set<string> {
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
