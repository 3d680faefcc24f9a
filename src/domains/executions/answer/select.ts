/**
 * `select`: a JMESPath expression over an answer. A short expression can ask for endless work (`[@,@]|[@,@]|…` doubles with
 * every step), so it runs in a thread of its own that has a time limit and its own memory.
 */
import { badRequest } from '../../../core/errors.ts';
import { findExpressionFault } from '../../recipes/expression.ts';
import { type Asker, Expressions } from './expressions.ts';

const expressionLengthMax = 4_096;

const expressions = new Expressions({ timeoutMs: 2_000, patienceMs: 10_000, threads: 2 });

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
