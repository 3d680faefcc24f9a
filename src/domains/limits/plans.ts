/** Which limits apply to a user. */
import type { Config, PlanLimits, PlanName } from '../../core/config/config.ts';

export const limitNames = ['perMinute', 'perDay', 'connections', 'apiKeys'] as const;

const nothing: PlanLimits = { perMinute: 0, perDay: 0, connections: 0, apiKeys: 0 };

/** The plan's limits, with what an operator changed for one user (`users.limits`) over them. */
export function planLimits(config: Pick<Config, 'plans'>, plan: PlanName, overrides: Record<string, number | null> | null): PlanLimits {
  // A plan of a newer release, which admission refuses as well.
  const limits = Object.hasOwn(config.plans, plan) ? config.plans[plan] : nothing;
  if (overrides === null) return limits;
  const changed = { ...limits };
  for (const name of limitNames) if (overrides[name] !== undefined) changed[name] = overrides[name];
  return changed;
}
