/** What belongs to a connection beside its credential: where the values come from, and what is wrong with them. */
import type { Gateway } from '../../../core/context.ts';
import { badRequest, type Fault, SkillettError } from '../../../core/errors.ts';
import { quoted } from '../../../core/text/quoted.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import { matchesWhole } from '../../recipes/check/variables.ts';
import type { Auth } from '../../recipes/format/auth.ts';
import type { Variable } from '../../recipes/format/variables.ts';
import {
  addressesOf,
  authorityOf,
  fillAddress,
  hasTokenAnswer,
  isKnownHost,
  listsFor,
  lookupsOf,
  namesIn,
  noVariables,
  type Variables,
  variablesOf,
} from '../../recipes/variables.ts';
import { listSiblings } from '../store.ts';

/** Longer ones are no site's and no tenant's. */
const lengthMax = 500;
/** What a header can hold (RFC 9110, section 5.5), which an address then encodes. */
const visible = /^[\x21-\x7e]+( [\x21-\x7e]+)*$/;

/** What a person gives when connecting in this way, by name: what nothing else can give there, and what is needed there. */
export function askedVariables(integration: CatalogueIntegration, type: Auth['type']): [name: string, variable: Variable][] {
  return Object.entries(integration.recipe.variables ?? {}).filter(([name, { from }]) => {
    if (from === 'input') return !isForOthers(integration, type, name);
    if ('lookup' in from) return !listsFor(from.lookup, type) && !('credential' in from);
    return 'token_answer' in from ? !hasTokenAnswer(type) : type === 'oauth2';
  });
}

/** Stands in other ways to connect alone, as the organisation does in the token requests of an app that acts for all of it. */
function isForOthers(integration: CatalogueIntegration, type: string, name: string): boolean {
  let ways = waysAlone.get(integration);
  if (!ways) {
    ways = findWaysAlone(integration);
    waysAlone.set(integration, ways);
  }
  return ways.get(name)?.includes(type) === false;
}

/** Looked for once for each integration, since calls ask. */
const waysAlone = new WeakMap<CatalogueIntegration, ReadonlyMap<string, readonly string[]>>();

/** Of each variable that stands in ways to connect and nowhere else, their types. */
function findWaysAlone({ recipe, endpoints }: CatalogueIntegration): ReadonlyMap<string, readonly string[]> {
  const { auth, variables = {}, ...others } = recipe;
  const specs = [...endpoints.values()].map(({ spec }) => spec);
  const elsewhere = new Set([
    ...namesIn(JSON.stringify([others, variables, specs])),
    ...specs.flatMap(({ parameters }) => Object.values(parameters).flatMap((parameter) => parameter.default_from ?? [])),
  ]);
  const alone = Object.keys(variables).filter((name) => !elsewhere.has(name));
  const typesWith = (name: string) => auth.filter((way) => namesIn(JSON.stringify(way)).includes(name)).map(({ type }) => type);
  return new Map(alone.map((name) => [name, typesWith(name)] as const).filter(([, types]) => types.length > 0));
}

/** Of those that the person gives before a consent, the ones without a value. */
export function listMissing(integration: CatalogueIntegration, kept: Variables): string[] {
  const known = variablesOf(integration.recipe, kept);
  return askedVariables(integration, 'oauth2')
    .filter(([name, variable]) => variable.default === undefined && !Object.hasOwn(known, name))
    .map(([name]) => name);
}

/**
 * What the person gave, over what the account they connect again has. `partly`: what is missing is asked for later.
 * Throws bad_request with every fault.
 */
export function readGiven(
  integration: CatalogueIntegration,
  type: Auth['type'],
  given: Readonly<Record<string, string>>,
  kept: Variables,
  { partly = false } = {},
): Variables {
  const values: Record<string, string> = {};
  const faults: Fault[] = [];
  for (const [name, variable] of askedVariables(integration, type)) {
    const value = given[name]?.trim() || kept[name];
    if (value !== undefined) values[name] = value;
    const fault = value === undefined ? missingFault(variable, partly) : valueFault(variable, value);
    if (fault !== undefined) faults.push({ path: `credentials.${name}`, message: fault });
  }
  // Which of several: asked of the service, and compared with what it lists.
  for (const [name] of lookupsOf(integration.recipe, type)) {
    const value = given[name]?.trim() || kept[name];
    if (value !== undefined && value.length <= lengthMax) values[name] = value;
  }
  if (faults.length === 0)
    faults.push(...hostFaults(integration, values).map(({ name, message }) => ({ path: `credentials.${name}`, message })));
  if (faults.length === 0) return values;
  const said = faults.map(({ path, message }) => `\`${path}\` ${message}`).join('; ');
  throw badRequest(`${integration.recipe.name} cannot be connected like this: ${said}`, faults);
}

function missingFault(variable: Variable, partly: boolean): string | undefined {
  return variable.default !== undefined || partly ? undefined : `is missing: ${variable.description}`;
}

/** What is wrong with a value, whoever it came from. */
export function valueFault(variable: Variable, value: string): string | undefined {
  const sound = value.length <= lengthMax && visible.test(value) && value !== '.' && value !== '..';
  return sound && matchesWhole(variable.pattern, value) ? undefined : `is not as it should be: ${variable.description}`;
}

/** Values that would lead to a host which the recipe does not name; the address of the API may be the operator's. */
export function hostFaults(integration: CatalogueIntegration, values: Variables): { name: string; message: string }[] {
  const { recipe, baseUrl, baseUrlOverridden } = integration;
  const known = variablesOf(recipe, values);
  const [, ...others] = addressesOf(recipe);
  const wrong = new Set<string>();
  for (const address of [baseUrl, ...others]) {
    const authority = authorityOf(address);
    const names = namesIn(authority);
    if (names.length === 0 || !names.every((name) => Object.hasOwn(known, name))) continue;
    const url = URL.parse(fillAddress(authority, known));
    const isOperators = baseUrlOverridden && address === baseUrl;
    if (!url || !(isOperators || isKnownHost(recipe, url.hostname))) wrong.add(names[0] as string);
  }
  return [...wrong].map((name) => ({ name, message: `leads to no host of ${recipe.name}: ${recipe.variables?.[name]?.description}` }));
}

/** Those of the account of this name, which is to be connected again. */
export async function findKeptVariables(
  gateway: Gateway,
  userId: string,
  { slug }: CatalogueIntegration,
  account: string | undefined,
): Promise<Variables> {
  const siblings = account === undefined ? [] : await listSiblings(gateway.db, userId, slug);
  return siblings.find((row) => row.account === account)?.variables ?? noVariables;
}

/** Throws integration_not_connected where the account lacks what its calls need. */
export function requireVariables(
  integration: CatalogueIntegration,
  connection: { account: string; authType: string; variables: Variables },
): void {
  const { recipe, slug } = integration;
  if (recipe.variables === undefined) return;
  const known = variablesOf(recipe, connection.variables);
  const missing = Object.entries(recipe.variables).filter(
    ([name, variable]) =>
      variable.default === undefined && !Object.hasOwn(known, name) && !isForOthers(integration, connection.authType, name),
  );
  if (missing.length === 0) return;
  const named = missing.map(([name, { description }]) => `\`${name}\` (${description})`).join(', ');
  throw new SkillettError(
    'integration_not_connected',
    `The ${slug} account ${quoted(connection.account)} has no value for ${named}. Connect it again.`,
    { action: `/dashboard/integrations/${slug}` },
  );
}

/** Which account of which site: the same person may have one at each. */
export function accountKey(integration: CatalogueIntegration, providerId: string, kept: Variables): string {
  const sites = sitesOf(integration, kept);
  return sites.length === 0 ? providerId : JSON.stringify([providerId, ...sites]);
}

/** The values that tell accounts of one person apart. */
export function sitesOf({ recipe }: CatalogueIntegration, kept: Variables): string[] {
  const known = variablesOf(recipe, kept);
  const names = new Set([...namesIn(recipe.base_url), ...lookupsOf(recipe).map(([name]) => name)]);
  return [...names].flatMap((name) => (Object.hasOwn(known, name) ? [known[name] as string] : []));
}

/** Whether a key, of whatever site, is that of an account by its id at the provider. */
export function isAccountOf(key: string, providerId: string): boolean {
  return key === providerId || key.startsWith(`${JSON.stringify([providerId]).slice(0, -1)},`);
}

export interface ConnectionVariable {
  name: string;
  value: string;
  description: string;
}

/** For whoever may see the connection. */
export function listVariables(integration: CatalogueIntegration | undefined, kept: Variables | undefined): ConnectionVariable[] {
  if (!integration || !kept) return [];
  const { recipe } = integration;
  return Object.entries(variablesOf(recipe, kept)).map(([name, value]) => ({
    name,
    value,
    description: recipe.variables?.[name]?.description ?? '',
  }));
}
