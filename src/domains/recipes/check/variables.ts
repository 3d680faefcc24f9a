/** Variables of a connection: whether each can get a value, and whether calls leave them alone. */
import type { Endpoint, Integration } from '../format/format.ts';
import type { Parameter } from '../format/parameter.ts';
import type { Variable } from '../format/variables.ts';
import { namesOfSplit } from '../parameter-schema.ts';
import { isVariable, lookupsOf, namesIn } from '../variables.ts';
import { checkAddress, checkExpression, checkPattern, type FaultPath, type Report } from './texts.ts';

/** What credentials call their own parts. */
const credentialNames = [
  'token',
  'api_key',
  'username',
  'password',
  'client_id',
  'client_secret',
  'private_key',
  'key_file',
  'access_key_id',
  'secret_access_key',
];

export function validateVariables(recipe: Integration, report: Report): void {
  checkLookups(recipe, report);
  const fieldNames = recipe.auth.flatMap((auth) => ('fields' in auth ? Object.keys(auth.fields ?? {}) : []));
  for (const [name, variable] of Object.entries(recipe.variables ?? {})) {
    const path = ['variables', name];
    if ([...credentialNames, ...fieldNames].includes(name)) report(path, 'is the name of a part of the credential: choose another');
    checkSource(variable, path, report);
    const sound = checkPattern(variable.pattern, path, report);
    if (sound && variable.default && !matchesWhole(variable.pattern, variable.default))
      report([...path, 'default'], 'does not match the `pattern`');
    if (variable.default === undefined && recipe.auth.some((auth) => auth.type === 'none'))
      report([...path, 'default'], 'is missing: endpoints can be called without connecting, and then nothing else gives a value');
  }
}

function checkSource({ from, pattern }: Variable, path: FaultPath, report: Report): void {
  if (from === 'input') return;
  for (const [source, expression] of Object.entries(from))
    if (source !== 'lookup') checkExpression(expression as string, [...path, 'from', source], report);
  if ('credential' in from && pattern === undefined)
    report([...path, 'pattern'], 'is missing: a credential of another form than expected must not be shown as a variable');
}

/** One list, so that a person chooses once. */
function checkLookups(recipe: Integration, report: Report): void {
  const lookups = lookupsOf(recipe);
  for (const [name, lookup] of lookups) {
    const path = ['variables', name, 'from', 'lookup'];
    checkAddress(lookup.url, [...path, 'url'], recipe, report);
    for (const inner of namesIn(lookup.url))
      if (lookups.some(([other]) => other === inner)) report([...path, 'url'], `needs {${inner}}, which the same list is to give`);
    for (const part of ['list', 'value', 'label'] as const) checkExpression(lookup[part], [...path, part], report);
    for (const type of lookup.for ?? [])
      if (!recipe.auth.some((auth) => auth.type === type)) report([...path, 'for'], `names ${type}, which is no way to connect here`);
    for (const part of ['url', 'list', 'label', 'for'] as const)
      if (String(lookup[part]) !== String(lookups[0]?.[1][part]))
        report([...path, part], `differs from that of ${lookups[0]?.[0]}: one list gives all of them`);
  }
}

/** The whole value, since part of one could lead elsewhere. */
export function matchesWhole(pattern: string | undefined, value: string): boolean {
  return pattern === undefined || new RegExp(`^(?:${pattern})$`, 'u').test(value);
}

/** Before there is a credential, only what the person gives is known. */
export function checkGiven(address: string, path: FaultPath, recipe: Integration, report: Report): void {
  for (const name of namesIn(address))
    if (isVariable(recipe, name) && recipe.variables?.[name]?.from !== 'input')
      report(path, `needs {${name}} before anything but the person can give it: its \`from\` must be "input"`);
}

/** Names that a value of the caller fills: of the path, and of headers that are sent anyway. */
export function checkUntouched(endpoint: Endpoint, recipe: Integration, report: Report): void {
  const headers = { ...recipe.headers, ...endpoint.headers };
  const held = Object.entries(headers).filter(([, value]) => namesIn(value).some((name) => isVariable(recipe, name)));
  for (const [name, parameter] of Object.entries(endpoint.parameters)) {
    const path = ['parameters', name];
    for (const part of partsOf(name, parameter))
      if (isVariable(recipe, part)) report(path, `{${part}} is a variable of the connection, which no call may set`);
    const as = (parameter.as ?? name).toLowerCase();
    if (parameter.in === 'header' && held.some(([header]) => header.toLowerCase() === as))
      report(path, 'goes into a header that holds a variable of the connection, which no call may set');
    checkDefaultFrom(parameter, recipe, (inner, message) => report([...path, ...inner], message));
  }
}

function partsOf(name: string, parameter: Parameter): string[] {
  if (parameter.in !== 'path') return [];
  return parameter.split === undefined ? [parameter.as ?? name] : namesOfSplit(parameter.split);
}

function checkDefaultFrom(parameter: Parameter, recipe: Integration, report: Report): void {
  const { default_from: name } = parameter;
  if (name === undefined) return;
  if (!isVariable(recipe, name)) report(['default_from'], `the file recipe.json has no variable ${name}`);
  if (parameter.in === 'path' && recipe.variables?.[name]?.default === '')
    report(['default_from'], `an account may be without ${name}, since its \`default\` is empty, and the path cannot have a gap`);
  if (![parameter.type].flat().includes('string')) report(['type'], 'must be string, since that is what a variable is');
  if (parameter.required) report(['required'], 'must not be true: the variable is sent when the parameter is left out');
  if (parameter.default !== undefined) report(['default'], 'has no meaning beside `default_from`');
}
