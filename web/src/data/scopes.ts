/** Scopes as sets to tick: `*`, `github`, `github:read`, `github.create_issue`, `github:proxy`, `operator`. */

/** Whether holding `held` allows what `scope` says. */
export function covers(held: string, scope: string): boolean {
  if (held === scope) return true;
  if (scope === 'operator') return false;
  if (held === '*') return true;
  // Sending anything is more than calling every endpoint.
  if (scope.endsWith(':proxy')) return false;
  return !held.includes(':') && !held.includes('.') && held === integrationOf(scope);
}

export function integrationOf(scope: string): string {
  return scope.split(/[:.]/)[0] as string;
}

/** With the wider of two scopes that cover each other, the narrower says nothing. */
export function addScope(scopes: readonly string[], scope: string): string[] {
  return [...scopes.filter((held) => !covers(scope, held)), scope];
}

export function removeScope(scopes: readonly string[], scope: string): string[] {
  return scopes.filter((held) => held !== scope);
}

export function describeScope(scope: string, nameOf: (slug: string) => string = (slug) => slug): string {
  if (scope === '*') return 'Everything: every integration, keys and connections';
  if (scope === 'operator') return 'Running this installation';
  const name = nameOf(integrationOf(scope));
  if (scope.endsWith(':read')) return `${name}: reading only`;
  if (scope.endsWith(':proxy')) return `${name}: any request, also past what is marked as only reading`;
  if (scope.includes('.')) return `${name}: ${scope.slice(scope.indexOf('.') + 1)}`;
  return `${name}: everything`;
}
