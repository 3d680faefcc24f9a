import type { PlanLimits, PlanName } from './config/plans.ts';
import { SkillettError } from './errors.ts';

/** Who is asking: a user, through an API key or a dashboard session. */
export interface Principal {
  kind: 'api_key' | 'session';
  userId: string;
  /** The key's id, or the session's: what limits and idempotency belong to. */
  holderId: string;
  /** The API key's id; absent with a session. */
  keyId: string | undefined;
  scopes: readonly string[];
  plan: PlanName;
  /** The plan's limits, with what an operator changed for this user over them. */
  limits: PlanLimits;
}

/** Scopes that let one endpoint run: everything, its integration, that integration's reads, itself. */
export function scopesFor(integration: string, endpoint: string, readOnly: boolean): string[] {
  const scopes = ['*', integration, `${integration}.${endpoint}`];
  if (readOnly) scopes.push(`${integration}:read`);
  return scopes;
}

/** Scopes that let any request go to the service: an integration's own scope lists endpoints, so it is none of them. */
export function scopesOfProxy(integration: string): string[] {
  return ['*', `${integration}:proxy`];
}

export function mayCall(scopes: readonly string[], integration: string, endpoint: string, readOnly: boolean): boolean {
  return scopesFor(integration, endpoint, readOnly).some((scope) => scopes.includes(scope));
}

/** Whether any endpoint of the integration may be called, or requests be sent by the proxy. */
export function maySee(scopes: readonly string[], integration: string): boolean {
  return scopes.some((scope) => scope === '*' || scope.split(/[:.]/, 1)[0] === integration);
}

/** Whether a key may look after all of its user's keys and connections, or only its own (docs/api.md, "Keys"). */
export function hasEverything(principal: Principal): boolean {
  return principal.scopes.includes('*');
}

/**
 * True when `scope` adds nothing to what `held` already allows. `operator` is only covered by itself. `isReadOnly` says whether
 * a scope is an endpoint that only reads: its integration's `:read` covers it then.
 */
export function coversScope(held: readonly string[], scope: string, isReadOnly: (scope: string) => boolean = () => false): boolean {
  if (held.includes(scope)) return true;
  if (scope === 'operator' || scope === '*') return false;
  if (held.includes('*')) return true;
  // Sending anything is more than calling every endpoint.
  if (scope.endsWith(':proxy')) return false;
  const integration = scope.split(/[:.]/, 1)[0] as string;
  return held.includes(integration) || (held.includes(`${integration}:read`) && isReadOnly(scope));
}

export function isOperator(principal: Principal): boolean {
  return principal.scopes.includes('operator');
}

export function requireOperator(principal: Principal): void {
  if (!isOperator(principal))
    throw new SkillettError('forbidden', 'This needs the scope `operator`, which the owner has when signed in to the dashboard.', {
      action: '/dashboard/operator',
    });
}
