/** Variables that the service lists once there is a credential: sites, tenants. Where there are several, somebody chooses. */
import type { Gateway } from '../../../core/context.ts';
import { badRequest, SkillettError } from '../../../core/errors.ts';
import { quoted } from '../../../core/text/quoted.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import { requireKnownHost } from '../../recipes/known-host.ts';
import { evaluateOn } from '../../recipes/success.ts';
import { authorityOf, fillAddress, lookupsOf, type Variables, variablesOf } from '../../recipes/variables.ts';
import type { Choice } from '../consent/consent-store.ts';
import { askWithCredential, type NewCredential, requireAccepted } from '../credential/verify.ts';
import { hostFaults, valueFault } from './account-variables.ts';

/** More than a person would look through. */
const choicesMax = 200;
const labelLengthMax = 100;

/**
 * What there is to choose from, as the service lists it; undefined where the recipe asks for nothing. What requests could not go to is
 * left out. Throws credential_rejected, upstream_unreachable, and upstream_unexpected where nothing is left.
 */
export async function findChoices(gateway: Gateway, userId: string, found: NewCredential): Promise<Choice[] | undefined> {
  const { integration, auth } = found;
  const [first] = lookupsOf(integration.recipe, auth.type);
  if (!first) return undefined;
  const [name, { url, list }] = first;
  const known = { ...found, variables: variablesOf(integration.recipe, withoutFound(found)) };
  const { status, body } = await askWithCredential(gateway, userId, known, {
    method: 'GET',
    url: placeOf(integration, url, known.variables),
  });
  requireAccepted(integration, auth, status, body);
  const entries = evaluateOn(body)(list);
  const choices = new Map<string, Choice>();
  for (const entry of Array.isArray(entries) ? entries : []) {
    const choice = readChoice(known, entry);
    if (choice && choices.size < choicesMax) choices.set(JSON.stringify(choice.values), choice);
  }
  if (choices.size > 0) return [...choices.values()];
  throw new SkillettError(
    'upstream_unexpected',
    `${integration.slug} accepted the credential, but lists no \`${name}\` that it could be used with. ${integration.recipe.variables?.[name]?.description}`,
  );
}

/** An installation that moved the API elsewhere moves what stands beside it, since the credential is none of the first place's. */
function placeOf(integration: CatalogueIntegration, url: string, variables: Variables): URL {
  const { recipe, baseUrl, baseUrlOverridden } = integration;
  const isMoved = baseUrlOverridden && authorityOf(url) === authorityOf(recipe.base_url);
  const address = isMoved ? authorityOf(baseUrl) + url.slice(authorityOf(url).length) : url;
  return requireKnownHost(integration, fillAddress(address, variables), isMoved);
}

/** What an earlier look-up found must not pass for known while it is asked again. */
function withoutFound({ integration, auth, variables }: NewCredential): Variables {
  const names = lookupsOf(integration.recipe, auth.type).map(([name]) => name);
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !names.includes(name)));
}

function readChoice({ integration, auth, variables }: NewCredential, entry: unknown): Choice | undefined {
  const values: Record<string, string> = {};
  const at = evaluateOn(entry);
  let label = '';
  for (const [name, lookup] of lookupsOf(integration.recipe, auth.type)) {
    const value = textOf(at(lookup.value));
    const variable = integration.recipe.variables?.[name];
    if (variable === undefined || value === '' || valueFault(variable, value) !== undefined) return undefined;
    values[name] = value;
    label = textOf(at(lookup.label))
      .replace(/[\p{C}\s]+/gu, ' ')
      .trim();
  }
  if (hostFaults(integration, { ...variables, ...values }).length > 0) return undefined;
  return { label: [...(label || Object.values(values).join(', '))].slice(0, labelLengthMax).join(''), values };
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The one that was asked for, or the only one; undefined where somebody has to choose. */
export function chooseOne(choices: readonly Choice[], wanted: Variables): Choice | undefined {
  const names = Object.keys(choices[0]?.values ?? {}).filter((name) => Object.hasOwn(wanted, name));
  const fitting = choices.filter(({ values }) => names.every((name) => values[name] === wanted[name]));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** For who gives a credential: the values to choose from, with what the service calls each. */
export function choiceRequired({ integration }: NewCredential, choices: readonly Choice[]): SkillettError {
  const [name = ''] = Object.keys(choices[0]?.values ?? {});
  const listed = choices.slice(0, 20).map(({ values, label }) => `\`${values[name]}\` (${quoted(label)})`);
  const message = `must be one of ${listed.join(', ')}${choices.length > listed.length ? ' and more' : ''}`;
  return badRequest(`${integration.recipe.name} asks which: \`credentials.${name}\` ${message}.`, [
    { path: `credentials.${name}`, message },
  ]);
}

/** How the account is called: where there were several, with the name of the one. */
export function nameOfChoice(account: { id: string; label: string }, chosen: Choice | undefined, isOneOfSeveral: boolean) {
  return chosen && isOneOfSeveral && chosen.label !== account.label ? { ...account, label: `${account.label} (${chosen.label})` } : account;
}
