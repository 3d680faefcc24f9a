/** Texts of recipes that hold variables of a connection as `{name}`, and the hosts that a recipe lets requests go to. */
import type { Auth } from './format/auth.ts';
import type { Integration } from './format/format.ts';
import type { Lookup } from './format/variables.ts';

/** Values by name. */
export type Variables = Readonly<Record<string, string>>;

export const noVariables: Variables = {};

const names = /\{([a-z][a-z0-9_]*)\}/g;

export function namesIn(text: string): string[] {
  return [...text.matchAll(names)].map((match) => match[1] as string);
}

function findValue(variables: Variables, name: string): string | undefined {
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}

/** Scheme, user and host of an address with its port; paths alone have none. */
export function authorityOf(address: string): string {
  return /^https?:\/\/[^/?#]*/i.exec(address)?.[0] ?? '';
}

/** For what stands for itself: headers, and constants before they are encoded. What no variable has stays as it is. */
export function fillText(text: string, variables: Variables): string {
  return text.replaceAll(names, (written, name: string) => findValue(variables, name) ?? written);
}

/** For addresses and paths: a value ends neither a segment nor a host (RFC 3986, section 2.1). */
export function fillAddress(address: string, variables: Variables): string {
  return address.replaceAll(names, (written, name: string) => {
    const value = findValue(variables, name);
    return value === undefined ? written : encodeURIComponent(value);
  });
}

/** Texts inside a JSON value, at any depth. */
export function fillJson(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return fillText(value, variables);
  if (Array.isArray(value)) return value.map((entry) => fillJson(entry, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fillJson(inner, variables)]));
}

/** Lower-case names. A header whose variable has no value yet is left out. */
export function fillHeaders(
  recipe: Integration,
  headers: Record<string, string> | undefined,
  variables: Variables,
): Record<string, string> {
  const filled: Record<string, string> = {};
  for (const [name, text] of Object.entries(headers ?? {}))
    if (isFilled(recipe, text, variables)) filled[name.toLowerCase()] = fillText(text, variables);
  return filled;
}

/** Whether every variable in a constant has a value; of those that an account may be without, one has none. */
export function isFilled(recipe: Integration, constant: unknown, variables: Variables): boolean {
  const text = typeof constant === 'string' ? constant : JSON.stringify(constant);
  return namesIn(text).every((name) => findValue(variables, name) !== undefined || !isVariable(recipe, name));
}

export function isVariable({ variables }: Integration, name: string): boolean {
  return variables !== undefined && Object.hasOwn(variables, name);
}

/** What a connection keeps, with the recipe's defaults for the rest; what the recipe does not name any more is left out. */
export function variablesOf({ variables }: Integration, kept: Variables): Variables {
  if (variables === undefined) return noVariables;
  const all: Record<string, string> = {};
  for (const [name, { default: byDefault }] of Object.entries(variables)) {
    const value = findValue(kept, name) ?? byDefault;
    if (value !== undefined && value !== '') all[name] = value;
  }
  return all;
}

/** Whether requests of the integration may go to this host. Asked of recipes that name none, the answer is yes, unless nothing has filled a brace in it. */
export function isKnownHost({ hosts }: Integration, hostname: string): boolean {
  if (/[{}]/.test(hostname)) return false;
  return hosts === undefined || isListedHost(hosts, hostname);
}

/** Exact, or below one with `*.` in front. */
export function isListedHost(hosts: readonly string[], hostname: string): boolean {
  return hosts.some((host) =>
    host.startsWith('*.') ? hostname.endsWith(host.slice(1)) && hostname.length >= host.length : hostname === host,
  );
}

/** Whether a way to connect asks a token endpoint, whose answer may give variables. */
export function hasTokenAnswer(type: Auth['type']): boolean {
  return type === 'oauth2' || type === 'client_credentials' || type === 'jwt_bearer';
}

/** `type`: those alone whose list takes the credential of this way to connect. */
export function lookupsOf({ variables }: Integration, type?: Auth['type']): [name: string, lookup: Lookup][] {
  return Object.entries(variables ?? {}).flatMap(([name, { from }]): [string, Lookup][] =>
    from !== 'input' && 'lookup' in from && (type === undefined || listsFor(from.lookup, type)) ? [[name, from.lookup]] : [],
  );
}

export function listsFor(lookup: Lookup, type: Auth['type']): boolean {
  return lookup.for === undefined || lookup.for.some((one) => one === type);
}

/** Every address of `recipe.json` that a credential, or a person, is sent to; that of its API first. */
export function addressesOf(recipe: Integration): string[] {
  const oauth2 = recipe.auth.find((auth) => auth.type === 'oauth2');
  const grants = recipe.auth.flatMap((auth) => ('exchange' in auth ? [auth.token_url ?? '', auth.exchange?.url ?? ''] : []));
  const [lookup] = lookupsOf(recipe);
  return [
    recipe.base_url,
    lookup?.[1].url ?? '',
    recipe.verify?.base_url ?? '',
    ...(oauth2 ? [oauth2.authorize_url, oauth2.token_url, oauth2.refresh?.url ?? '', oauth2.revocation?.url ?? ''] : []),
    ...grants,
  ];
}
