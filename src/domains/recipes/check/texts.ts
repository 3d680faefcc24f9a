/** Checks of single texts in a recipe: header names, addresses, patterns, expressions. */
import { neverSent } from '../../../core/outbound/never-sent.ts';
import { findExpressionFault } from '../expression.ts';
import type { OwnSuccess, Success } from '../format/answer/success.ts';
import type { Integration } from '../format/format.ts';
import { authorityOf, isKnownHost, isVariable, namesIn } from '../variables.ts';

export type FaultPath = readonly (string | number)[];

/** Takes one fault: where it is in the file, and what is wrong or missing there. */
export type Report = (path: FaultPath, message: string) => void;

/** What is never sent for a caller, and the credential's (RFC 9110, section 11.6.2). */
export const reservedHeaders: ReadonlySet<string> = new Set([...neverSent, 'authorization']);

export function checkHeaderName(name: string, path: FaultPath, report: Report): void {
  // RFC 9110, section 5.6.2 allows more signs in a token; no service asks for them.
  if (!/^[A-Za-z0-9-]+$/.test(name)) report(path, `${name} is no header name: letters, digits and hyphens`);
  if (reservedHeaders.has(name.toLowerCase())) report(path, `the gateway sets the header ${name} itself; a recipe cannot`);
}

export function checkHeaders(headers: Record<string, string> | undefined, report: Report): void {
  for (const name of Object.keys(headers ?? {})) checkHeaderName(name, ['headers', name], report);
}

/** Without `recipe` nothing is known of its variables and hosts. */
export function checkBaseUrl(baseUrl: string, recipe: Integration | undefined, report: Report): void {
  const url = new URL(baseUrl);
  if (baseUrl.endsWith('/') || url.search || url.hash || url.username)
    report(['base_url'], 'must not end with a slash, nor hold a query, a fragment or a user name');
  if (recipe) checkAddress(baseUrl, ['base_url'], recipe, report);
}

/** Every brace is a variable's, and the host is one that the recipe names. `more`: other names that something fills. */
export function checkAddress(address: string, path: FaultPath, recipe: Integration, report: Report, more: readonly string[] = []): void {
  checkGaps(address, path, recipe, report);
  checkFilled(address, path, report, [...Object.keys(recipe.variables ?? {}), ...more]);
  const authority = authorityOf(address);
  if (namesIn(authority).some((name) => !isVariable(recipe, name))) return;
  if (namesIn(authority).length === 0) {
    const { hostname } = new URL(address);
    if (!isKnownHost(recipe, hostname)) report(path, `leads to ${hostname}, which \`hosts\` does not name`);
  } else if (recipe.hosts === undefined) {
    report(path, 'has a variable in its host, so the file needs `hosts`: the hosts that requests may go to, such as *.letters.example');
  } else if (!mayLeadTo(authority, recipe.hosts)) report(path, 'can lead to no host that `hosts` names');
}

/** What an account may be without cannot stand where there would be a gap. */
export function checkGaps(address: string, path: FaultPath, recipe: Integration, report: Report): void {
  for (const name of namesIn(address))
    if (recipe.variables?.[name]?.default === '')
      report(path, `cannot hold {${name}}, which an account may be without: its \`default\` is empty`);
}

/** Whether some values of the variables make a host of the list. */
function mayLeadTo(authority: string, hosts: readonly string[]): boolean {
  const host = authority.replace(/^https?:\/\//i, '').replace(/:\d+$/, '');
  const end = host.slice(host.lastIndexOf('}') + 1).toLowerCase();
  return hosts.some((known) => known.endsWith(end) || (known.startsWith('*') && end.endsWith(known.slice(1))));
}

/** `known`: names that something fills. */
function checkFilled(address: string, path: FaultPath, report: Report, known: readonly string[]): void {
  const open = known.reduce((rest, name) => rest.replaceAll(`{${name}}`, ''), address);
  if (/[{}]|%7[bd]/i.test(open)) report(path, 'holds a brace that nothing fills');
}

/** True when the pattern compiles, as JSON Schema wants it: with Unicode. */
export function checkPattern(pattern: string | undefined, path: FaultPath, report: Report): boolean {
  if (pattern === undefined) return true;
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch (error) {
    report([...path, 'pattern'], `is no regular expression: ${(error as Error).message}`);
    return false;
  }
}

export function checkExpression(expression: string | undefined, path: FaultPath, report: Report): void {
  const fault = expression === undefined ? undefined : findExpressionFault(expression);
  if (fault !== undefined) report(path, fault);
}

/** `base`: the integration's, which fills what is not said here. Without `base` nothing is known of it. */
export function checkSuccess(
  { success, graphql }: { success?: OwnSuccess | undefined; graphql?: unknown },
  base: Success | undefined | 'unknown',
  path: FaultPath,
  report: Report,
): void {
  if (success === undefined) return;
  checkExpression(success.when, [...path, 'when'], report);
  checkExpression(success.error, [...path, 'error'], report);
  // A GraphQL answer tells by itself.
  if (base === 'unknown' || graphql !== undefined) return;
  if (success.when === undefined && base === undefined)
    report([...path, 'when'], 'is missing: recipe.json has no `success` that it could come from');
  if (success.status !== undefined && success.error === undefined && base?.error === undefined)
    report([...path, 'status'], 'needs `error`, the expression that gives the codes');
}
