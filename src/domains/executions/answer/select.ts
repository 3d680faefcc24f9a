/**
 * `select`: a JMESPath expression over an answer. A short expression can ask for endless work (`[@,@]|[@,@]|…` doubles with
 * every step), so it runs in a thread of its own that has a time limit and its own memory.
 */
import { badRequest, SkillettError, unavailable } from '../../../core/errors.ts';
import { type Asker, Crowded } from '../../../core/turns/turn.ts';
import { findExpressionFault } from '../../recipes/expression.ts';
import { Expressions } from './expressions.ts';
import type { Wanted } from './fields/wanted.ts';

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

/** Up to here parsing takes less than a millisecond, and less than handing it to a thread. */
const parsedHereBytesMax = 64 * 1024;

/** The answer without what nobody wants. Throws unavailable where no turn was had, and `upstream_unexpected` where it takes too much. */
export async function pruneAnswer(json: Buffer, wanted: Wanted, asker: Asker, integration: string): Promise<Buffer> {
  if (wanted === true || json.length <= parsedHereBytesMax) return json;
  try {
    return await expressions.evaluate(json, wanted, asker);
  } catch (error) {
    if (error instanceof Crowded) throw unavailable(`The fields of the answer of ${integration} could not be read: ${error.message}.`, 5);
    throw new SkillettError(
      'upstream_unexpected',
      `The answer of ${integration} took too much time or memory to be read into fields. Ask for fewer rows at once, or take it as it is by \`read\` or \`execute\`.`,
      { cause: error },
    );
  }
}
