/** What a person may choose to grant, and the scopes that it comes to. */
import type { Gateway } from '../../../core/context.ts';
import { coversScope } from '../../../core/principal.ts';

/** By days; the first that is marked is the one that stands there. */
export const lifetimes = [1, 7, 30, 90, 365] as const;
export const usualDays = 30;

export interface Choices {
  /** Everything, also what comes later. */
  everything: boolean;
  /** Of what may be chosen singly: integrations, or the scopes that the client asked for. */
  picked: readonly string[];
  readsOnly: boolean;
  days: number;
}

export function readChoices(form: URLSearchParams): Choices {
  const days = Number(form.get('days'));
  return {
    everything: form.get('reach') === 'everything',
    picked: form.getAll('scope'),
    readsOnly: form.get('reads') === 'only',
    days: lifetimes.find((one) => one === days) ?? usualDays,
  };
}

/**
 * The scopes of a key that may do so. `offered`: what may be picked; what else comes was not on the page and is left out. Empty where
 * nothing is left.
 */
export function scopesOf(
  gateway: Pick<Gateway, 'isReadOnlyScope' | 'catalogue'>,
  choices: Choices,
  offered: readonly string[],
  mayHaveEverything: boolean,
): string[] {
  const everything = choices.everything && mayHaveEverything;
  if (everything && !choices.readsOnly) return ['*'];
  const picked = everything
    ? gateway.catalogue.integrations.map(({ slug }) => slug)
    : offered.filter((scope) => choices.picked.includes(scope));
  const scopes = choices.readsOnly ? picked.flatMap((scope) => readsOf(gateway, scope)) : picked;
  // What another one covers adds nothing but length.
  return [...new Set(scopes)].filter(
    (scope, _at, all) => !all.some((other) => other !== scope && coversScope([other], scope, gateway.isReadOnlyScope)),
  );
}

function readsOf({ isReadOnlyScope }: Pick<Gateway, 'isReadOnlyScope'>, scope: string): string[] {
  if (scope.endsWith(':read') || isReadOnlyScope(scope)) return [scope];
  // Of any request to a service nobody knows that it only reads.
  return /[.:]/.test(scope) ? [] : [`${scope}:read`];
}
