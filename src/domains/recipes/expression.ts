/** JMESPath as recipes and callers write it: what can never run, and what counts as true. */
import { compile, isRegistered } from '@jmespath-community/jmespath';

/** Why the expression could never run; undefined when it can. */
export function findExpressionFault(expression: string): string | undefined {
  try {
    const unknown = findUnknownFunction(compile(expression));
    return unknown === undefined ? undefined : `calls ${unknown}(), which is no function of JMESPath`;
  } catch (error) {
    return `is not a JMESPath expression: ${(error as Error).message} (https://jmespath.org/specification.html)`;
  }
}

function findUnknownFunction(node: unknown): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const { type, name } = node as { type?: unknown; name?: unknown };
  if (type === 'Function' && typeof name === 'string' && !isRegistered(name)) return name;
  // A literal is data, whatever its members are called.
  if (type === 'Literal') return undefined;
  for (const inner of Object.values(node)) {
    const unknown = findUnknownFunction(inner);
    if (unknown !== undefined) return unknown;
  }
  return undefined;
}

/** As JMESPath counts: null, false, and empty text, lists and objects are false. */
export function isTruthy(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
