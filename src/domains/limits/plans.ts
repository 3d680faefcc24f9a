/** Which limits apply to a user. */
import type { Config } from '../../core/config/config.ts';
import { limitNames, mapLimits, type PlanLimits, type PlanName } from '../../core/config/plans.ts';

const nothing: PlanLimits = mapLimits(() => 0);

/** The plan's limits, with what an operator changed for one user (`users.limits`) over them. */
export function planLimits(config: Pick<Config, 'plans'>, plan: PlanName, overrides: Record<string, number | null> | null): PlanLimits {
  // A plan of a newer release, which admission refuses as well.
  const limits = Object.hasOwn(config.plans, plan) ? config.plans[plan] : nothing;
  if (overrides === null) return limits;
  const changed = { ...limits };
  for (const name of limitNames) if (overrides[name] !== undefined) changed[name] = overrides[name];
  return changed;
}
