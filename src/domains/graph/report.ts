/** What stands in `extensions.skillett` of an answer with typed fields. */
import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type { Context } from '../../core/context.ts';
import type { QuotaLeft } from '../executions/execution.ts';

interface Warning {
  message: string;
  /** Where it was met first. */
  path: (string | number)[];
  /** How often it was met. */
  times: number;
}

export interface GraphReport {
  /** Executions that were begun. */
  calls: number;
  /** Fields whose call another field had made. */
  shared: number;
  /** By integration, what the service said last. */
  quota: Record<string, QuotaLeft>;
  warnings: Warning[];
}

const reports = new WeakMap<Context, GraphReport>();

export function reportOf(context: Context): GraphReport {
  let report = reports.get(context);
  if (!report) {
    report = { calls: 0, shared: 0, quota: {}, warnings: [] };
    reports.set(context, report);
  }
  return report;
}

/** Undefined where no typed field was asked for. */
export function findReport(context: Context): GraphReport | undefined {
  return reports.get(context);
}

/** A hundred rows may be wrong in the same way: each field is told once. */
const warningsMax = 50;

/** `at` is the place in a list. */
export function warnAt(context: Context, info: GraphQLResolveInfo, found: string, expected: string, at?: number): void {
  const { warnings } = reportOf(context);
  const message = `\`${info.parentType.name}.${info.fieldName}\` should be ${expected}, but the service sent ${found}; it is null here. \`read\` and \`execute\` give the answer as it came.`;
  const known = warnings.find((one) => one.message === message);
  if (known) known.times += 1;
  else if (warnings.length < warningsMax)
    warnings.push({ message, path: [...responsePathAsArray(info.path), ...(at === undefined ? [] : [at])], times: 1 });
}
