/**
 * Paths of lean columns: a JMESPath expression, and behind it transformations with a bar before each (`repository_url | tail 2`). A bar
 * that is JMESPath's own stands in parentheses. Only what is listed here can be said, so a recipe holds no code.
 */
import { findExpressionFault } from '../expression.ts';

/** Each transformation with what it takes. */
export const transformations = {
  minute: undefined,
  date: undefined,
  tail: 'number',
  first: 'number',
  line: undefined,
  header: 'text',
  mail_text: undefined,
  plain_text: undefined,
  failed: undefined,
  count: undefined,
} as const satisfies Record<string, 'number' | 'text' | undefined>;

export type Transformation = keyof typeof transformations;

export interface TransformationStep {
  name: Transformation;
  /** Empty where it takes nothing. */
  argument: string;
}

export interface LeanPath {
  expression: string;
  steps: readonly TransformationStep[];
}

/** Throws an Error whose message says what is wrong with the path, to stand behind its name. */
export function parsePath(path: string): LeanPath {
  const [expression = '', ...written] = splitAtBars(path);
  const fault = findExpressionFault(expression);
  if (fault !== undefined) throw new Error(fault);
  return { expression, steps: written.map(parseStep) };
}

export function findPathFault(path: string): string | undefined {
  try {
    parsePath(path);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function parseStep(written: string): TransformationStep {
  const [, name = '', argument = ''] = /^(\S*)\s*(.*)$/s.exec(written) ?? [];
  if (!Object.hasOwn(transformations, name))
    throw new Error(
      `uses ${name === '' ? 'a bar with nothing behind it' : `| ${name}`}: there are ${Object.keys(transformations).join(', ')}`,
    );
  const takes = transformations[name as Transformation];
  if (takes === undefined && argument !== '') throw new Error(`gives ${name} an argument, and it takes none`);
  if (takes === 'number' && !/^[1-9]\d{0,2}$/.test(argument)) throw new Error(`needs a number behind ${name}, from 1 to 999`);
  if (takes === 'text' && !/^[A-Za-z0-9-]+$/.test(argument)) throw new Error(`needs a name behind ${name}, of letters, digits and hyphens`);
  return { name: name as Transformation, argument };
}

/** At single bars that stand in no quotation, parenthesis, bracket or brace. */
function splitAtBars(path: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let from = 0;
  for (let at = 0; at < path.length; at += 1) {
    const sign = path[at] as string;
    if (sign === '\\') at += 1;
    else if (quote !== '') quote = sign === quote ? '' : quote;
    else if (sign === '"' || sign === "'" || sign === '`') quote = sign;
    else if ('([{'.includes(sign)) depth += 1;
    else if (')]}'.includes(sign)) depth -= 1;
    else if (sign === '|' && path[at + 1] === '|') at += 1;
    else if (sign === '|' && depth === 0) {
      parts.push(path.slice(from, at).trim());
      from = at + 1;
    }
  }
  return [...parts, path.slice(from).trim()];
}
