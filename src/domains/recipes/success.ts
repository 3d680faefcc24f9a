/** What a recipe says about success: whether an answer with a good status is one, and what status its failure has. */
import { search } from '@jmespath-community/jmespath';
import { isTruthy } from './expression.ts';
import type { OwnSuccess } from './format/answer/success.ts';
import type { Integration } from './format/format.ts';
import type { Graphql } from './format/graphql.ts';

export interface SuccessRule {
  /** True on the answer of a call that did what it was asked. */
  when: string;
  /** Gives the service's code for a failure. */
  error: string | undefined;
  /** Code → status. */
  statuses: Readonly<Record<string, number>>;
}

/** A failure that came with a status of success. */
export interface NamedFailure {
  /** The service's code; undefined where the answer names none. */
  code: string | undefined;
  status: number;
}

export const failureStatusDefault = 422;

/** True on a GraphQL answer without errors (GraphQL, section 7.1.2). */
export const noGraphqlErrors = '!errors';
export const graphqlSuccess = { when: noGraphqlErrors, error: 'errors[0].extensions.code || errors[0].type' };

/** What an endpoint or the verification says of its success, and whether it sends a GraphQL document. */
interface Asked {
  success?: OwnSuccess | undefined;
  graphql?: Graphql | undefined;
}

/** The integration's rule with what an endpoint or the verification says otherwise; undefined where statuses say enough. */
export function successRule({ success }: Integration, { success: own, graphql }: Asked): SuccessRule | undefined {
  const known = graphql && graphqlSuccess;
  const when = own?.when ?? success?.when ?? known?.when;
  if (when === undefined) return undefined;
  return { when, error: own?.error ?? success?.error ?? known?.error, statuses: { ...success?.status, ...own?.status } };
}

/** `evaluate` gives an expression's value on the answer, and undefined where the answer is nothing the expression can take. */
export async function findFailure(
  rule: SuccessRule,
  evaluate: (expression: string) => unknown | Promise<unknown>,
): Promise<NamedFailure | undefined> {
  if (isTruthy(await evaluate(rule.when))) return undefined;
  const value = rule.error === undefined ? undefined : await evaluate(rule.error);
  const code = typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  const mapped = code !== undefined && Object.hasOwn(rule.statuses, code) ? rule.statuses[code] : undefined;
  return { code, status: mapped ?? failureStatusDefault };
}

/** For `findFailure`, on an answer that is there as a value. */
export function evaluateOn(answer: unknown): (expression: string) => unknown {
  return (expression) => {
    try {
      return search(answer as never, expression);
    } catch {
      return undefined;
    }
  };
}
