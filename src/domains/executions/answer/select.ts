/**
 * `select`: a JMESPath expression over an answer. A short expression can ask for endless work (`[@,@]|[@,@]|…` doubles with
 * every step), so it runs in a thread of its own that has a time limit and its own memory.
 */
import { badRequest } from '../../../core/errors.ts';
import type { Asker } from '../../../core/turns/turn.ts';
import { findExpressionFault } from '../../recipes/expression.ts';
import { Expressions } from './expressions.ts';

const expressionLengthMax = 4_096;

/** How long a call may wait until its expression begins. */
export const selectPatienceMs = 10_000;
const expressions = new Expressions({ timeoutMs: 2_000, patienceMs: selectPatienceMs, threads: 2 });

/** Throws bad_request when the expression could never run. */
export function requireSelect(expression: string): void {
  if (expression.length > expressionLengthMax) throw badRequest(`\`select\` must have at most ${expressionLengthMax} characters.`);
  const fault = findExpressionFault(expression);
  if (fault !== undefined) throw badRequest(`\`select\` ${fault}.`);
}

/** The expression's result as JSON. Throws an Error that says why there is none. */
export function applySelect(json: Buffer, expression: string, asker: Asker): Promise<Buffer> {
  return expressions.evaluate(json, expression, asker);
}
