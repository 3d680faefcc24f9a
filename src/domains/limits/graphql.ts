import { limits, mapLimits, type PlanLimits, type PlanName } from '../../core/config/plans.ts';
import { builder } from '../../core/schema/builder.ts';
import { PlanNameEnum, ViewerRef } from '../users/graphql.ts';
import { type PlanHolder, readUsage, type Usage } from './usage.ts';

const WindowRef = builder.objectRef<Usage['day']>('UsageWindow').implement({
  description: 'Executions in a stretch of time that has a limit.',
  fields: (t) => ({
    used: t.exposeInt('used', { description: 'Executions so far.' }),
    limit: t.exposeInt('limit', { nullable: true, description: 'How many there may be; null for no limit.' }),
    remaining: t.int({
      nullable: true,
      description: 'How many are left; null for no limit.',
      resolve: ({ used, limit }) => (limit === null ? null : Math.max(0, limit - used)),
    }),
    resetsAt: t.expose('resetsAt', { type: 'DateTime', description: 'When counting starts again.' }),
  }),
});

const UsageRef = builder.objectRef<Usage>('Usage').implement({
  description: 'What has been used of a plan’s executions.',
  fields: (t) => ({
    minute: t.expose('minute', {
      type: WindowRef,
      nullable: true,
      description: 'This UTC minute, by the key or session that asks; null for the plan of somebody else.',
    }),
    day: t.expose('day', { type: WindowRef, description: 'This UTC day, by all keys and sessions of the user.' }),
  }),
});

export const PlanRef = builder.objectRef<PlanLimits & { name: PlanName; holder: PlanHolder }>('Plan').implement({
  description: 'The plan of a user with its limits as they are for this user. A limit that is null does not exist.',
  fields: (t) => ({
    name: t.field({ type: PlanNameEnum, description: 'Name of the plan.', resolve: (plan) => plan.name }),
    ...mapLimits((name) => t.int({ nullable: true, description: limits[name].description, resolve: (plan) => plan[name] })),
    usage: t.field({
      type: UsageRef,
      description: 'What has been used of it at this moment.',
      resolve: ({ holder }, _args, { gateway }) => readUsage(gateway.db, gateway.clock, holder),
    }),
  }),
});

builder.objectField(ViewerRef, 'plan', (t) =>
  t.field({
    type: PlanRef,
    description: 'The user’s plan, with what an operator changed for this user.',
    resolve: (principal) => ({ ...principal.limits, name: principal.plan, holder: principal }),
  }),
);
