/** `find`: what fits a wish, everything about one endpoint, the names of one service, or the services. Its text is our own voice. */
import type { Context } from '../../../core/context.ts';
import { quoted } from '../../../core/text/quoted.ts';
import { seenBy } from '../../../domains/recipes/catalogue.ts';
import {
  type DescribedService,
  explainEndpoint,
  type FoundAccount,
  type FoundEndpoint,
  findEndpoints,
  findInService,
  findServices,
} from '../../operations/discovery/find.ts';
import { resolveEndpoint } from './endpoint-name.ts';

export interface FindArguments {
  want?: string[] | undefined;
  endpoint?: string | undefined;
}

/** Of each wish so many with their signature, and so many more by name. */
const shownMax = 2;
const namedMax = 6;

export async function find(context: Context, { want = [], endpoint }: FindArguments): Promise<string> {
  if (want.length === 0 && endpoint === undefined) return printServices(await findServices.run(context, {}));
  const parts = [...(endpoint === undefined ? [] : [await findNamed(context, endpoint)]), ...(await findWanted(context, want))];
  return parts.join('\n\n');
}

async function findNamed(context: Context, name: string): Promise<string> {
  const { catalogue } = await seenBy(context);
  return catalogue.find(name) ? findAll(context, name) : findOne(context, name);
}

async function findOne(context: Context, name: string): Promise<string> {
  const { document, ...endpoint } = await explainEndpoint.run(context, await resolveEndpoint(context, name));
  return [document.trimEnd(), ...printScopes(endpoint), ...printAccounts([endpoint])].join('\n');
}

async function findAll(context: Context, service: string): Promise<string> {
  const pages: Awaited<ReturnType<typeof findInService.run>>[] = [];
  for (let cursor: string | undefined; pages.length === 0 || cursor !== undefined; ) {
    const page = await findInService.run(context, { service, cursor });
    pages.push(page);
    cursor = page.next_cursor ?? undefined;
  }
  const byCategory = Map.groupBy(
    pages.flatMap(({ endpoints }) => endpoints),
    ({ category }) => category,
  );
  const lists = [...byCategory].map(([category, endpoints]) => `${category}: ${endpoints.map(({ name }) => name).join(', ')}`);
  return [printService((pages[0] as (typeof pages)[0]).service), ...lists].join('\n');
}

async function findWanted(context: Context, want: readonly string[]): Promise<string[]> {
  if (want.length === 0) return [];
  const found = await Promise.all(want.map((wish) => findEndpoints.run(context, { want: wish, limit: shownMax + namedMax })));
  const shown = new Map<string, FoundEndpoint>();
  const parts = found.map(({ endpoints, total }, at) => {
    const best = endpoints.slice(0, shownMax);
    const others = endpoints.slice(shownMax);
    const lines = [
      `${quoted(want[at] as string)}:${endpoints.length === 0 ? ' nothing that this key may call. Say it in other words, or leave `want` out for the services.' : ''}`,
      ...best.flatMap((endpoint) => (shown.has(endpoint.id) ? [`${endpoint.id}, as above`] : [endpoint.summary, ...printScopes(endpoint)])),
      ...(others.length > 0 ? [`also: ${others.map(({ id }) => id).join(', ')}${total > endpoints.length ? ', …' : ''}`] : []),
    ];
    for (const endpoint of best) shown.set(endpoint.id, endpoint);
    return lines.join('\n');
  });
  const accounts = printAccounts([...shown.values()]);
  return [...parts, ...(accounts.length > 0 ? [accounts.join('\n')] : [])];
}

/** What the service asks for with these endpoints, and which account has not granted it. */
function printScopes({ provider_scopes: scopes, accounts, service }: FoundEndpoint): string[] {
  if (scopes.length === 0 || accounts.length === 0) return [];
  const lacking = accounts.filter((account) => account.missing_scopes.length > 0);
  if (lacking.length === 0) {
    const known = accounts.every((account) => account.scopes_known);
    return [known ? `  scopes granted: ${scopes.join(', ')}` : `  scopes needed: ${scopes.join(', ')} (not known whether granted)`];
  }
  return lacking.map(
    ({ account, missing_scopes: missing }) =>
      `  ${quoted(account)} has not granted ${missing.join(', ')} of ${scopes.join(', ')}: connect ${JSON.stringify({ service: service.slug, account })} asks the person`,
  );
}

/** A line for each service, once. */
function printAccounts(endpoints: readonly FoundEndpoint[]): string[] {
  const byService = new Map(endpoints.map((endpoint) => [endpoint.service.slug, endpoint]));
  return [...byService.values()].map(({ service, accounts }) => `${service.slug}: ${accountsText(service, accounts)}`);
}

function accountsText({ slug, needs_account: needed }: FoundEndpoint['service'], accounts: readonly FoundAccount[]): string {
  if (accounts.length === 0) return needed ? `no account connected: connect ${JSON.stringify({ service: slug })}` : 'needs no account';
  const names = accounts.map(({ account, default: isDefault, connected, frozen }) => {
    const state = frozen
      ? ' (frozen by an operator)'
      : connected
        ? ''
        : ` (to be connected again: connect ${JSON.stringify({ service: slug, account })})`;
    return `${quoted(account)}${isDefault && accounts.length > 1 ? ' (default)' : ''}${state}`;
  });
  const choose = accounts.length > 1 && !accounts.some((account) => account.default) ? '; name one in `account`' : '';
  return `account${accounts.length > 1 ? 's' : ''} ${names.join(', ')}${choose}`;
}

function printService(service: DescribedService): string {
  const { slug, name, description, endpoint_count: count, accounts } = service;
  // What is imported ends with a quotation mark.
  const ending = /[.!?]$/.test(description) ? '' : '.';
  return `${slug}: ${name}. ${description}${ending} ${count} endpoint${count === 1 ? '' : 's'}; ${accountsText(service, accounts)}`;
}

function printServices({ services, total }: { services: DescribedService[]; total: number }): string {
  if (services.length === 0) return 'This key may call no service. Ask the person for a key whose scopes name one.';
  const rest = total - services.length;
  return [...services.map(printService), ...(rest > 0 ? [`and ${rest} more: say in \`want\` what you want to do`] : [])].join('\n');
}
