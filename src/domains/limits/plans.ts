/** Which limits apply to a user. */
import type { Config, PlanLimits, PlanName } from '../../core/config/config.ts';

export const limitNames = ['perMinute', 'perDay', 'connections', 'apiKeys'] as const;

/** The plan's limits, with what an operator changed for one user (`users.limits`) over them. */
export function planLimits(config: Pick<Config, 'plans'>, plan: PlanName, overrides: Record<string, number | null> | null): PlanLimits {
  const limits = config.plans[plan];
  if (overrides === null) return limits;
  const changed = { ...limits };
  for (const name of limitNames) if (overrides[name] !== undefined) changed[name] = overrides[name];
  return changed;
}
