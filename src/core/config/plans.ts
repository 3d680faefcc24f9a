/** The plans and their limits: the one list that everything else about a limit follows from. */
import { z } from 'zod';
import type { Reader } from './reader.ts';

export const planNames = ['free', 'pro', 'unlimited'] as const;
export type PlanName = (typeof planNames)[number];

interface Limit extends Record<PlanName, number | null> {
  /** What it counts, as people and the schema say it. */
  description: string;
  /** Whether every call counts against it: admission knows it then (`domains/executions/admission/rules.ts`). */
  ofCalls: boolean;
}

/** Null: no limit. The column of a limit of calls has the limit's name in snake_case. */
export const limits = {
  perMinute: {
    description: 'Executions per UTC minute and API key; a session counts as one key.',
    ofCalls: true,
    ...{ free: 30, pro: 300, unlimited: 3_000 },
  },
  perDay: {
    description: 'Executions per UTC day and user, over all keys.',
    ofCalls: true,
    ...{ free: 10_000, pro: 100_000, unlimited: null },
  },
  connections: { description: 'Connections at a time.', ofCalls: false, ...{ free: 3, pro: 10, unlimited: null } },
  apiKeys: {
    description: 'Active API keys at a time, not counting those of devices and MCP clients that signed in.',
    ofCalls: false,
    ...{ free: 1, pro: null, unlimited: null },
  },
} satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
export const limitNames = Object.keys(limits) as LimitName[];
export type PlanLimits = Record<LimitName, number | null>;

export function mapLimits<Value>(make: (name: LimitName) => Value): Record<LimitName, Value> {
  return Object.fromEntries(limitNames.map((name) => [name, make(name)])) as Record<LimitName, Value>;
}

/** The database counts in 32 bits. */
export const limitMax = 1_000_000_000;
const limit = z.int().min(0).max(limitMax).nullable();
const planOverrides = z.partialRecord(z.enum(planNames), z.strictObject(mapLimits(() => limit.optional())));

/** Those of `SKILLETT_LIMITS` over the ones of the list. */
export function readPlans(read: Reader): Record<PlanName, PlanLimits> {
  const plans = Object.fromEntries(planNames.map((plan) => [plan, mapLimits((name) => limits[name][plan])])) as Record<
    PlanName,
    PlanLimits
  >;
  const value = read.text('SKILLETT_LIMITS');
  if (value === undefined) return plans;
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    read.faults.push('SKILLETT_LIMITS must be JSON such as {"free":{"perMinute":60}}; it cannot be parsed.');
    return plans;
  }
  const parsed = planOverrides.safeParse(json);
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      read.faults.push(
        `SKILLETT_LIMITS at ${issue.path.join('.') || 'the top'}: ${issue.message}. Plans are ${planNames.join(', ')}; limits ${limitNames.join(', ')}; null means no limit.`,
      );
    return plans;
  }
  for (const name of planNames) {
    for (const [key, number] of Object.entries(parsed.data[name] ?? {})) {
      if (number !== undefined) plans[name][key as LimitName] = number;
    }
  }
  return plans;
}
