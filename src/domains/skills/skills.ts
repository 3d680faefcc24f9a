/** The three levels of discovery: integrations, an integration's endpoints, one endpoint. */
import type { Gateway } from '../../core/context.ts';
import { type Page, type PageRequest, pageOf } from '../../core/paging.ts';
import { mayCall, maySee, type Principal } from '../../core/principal.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../recipes/catalogue.ts';
import type { AtHand } from './search.ts';

type Known = Pick<Gateway, 'catalogue' | 'skillSearch'>;

interface IntegrationFilters {
  /** Ranks instead of the alphabet; also finds integrations by their endpoints. */
  search?: string | undefined;
  category?: string | undefined;
  connected?: boolean | undefined;
}

/** What the principal may call. `isConnected` and `listAtHand` are asked only when it matters. */
export async function listIntegrations(
  { catalogue, skillSearch }: Known,
  { scopes }: Principal,
  filters: IntegrationFilters,
  isConnected: (integration: CatalogueIntegration) => Promise<boolean>,
  listAtHand: () => Promise<AtHand>,
  page: PageRequest,
): Promise<Page<CatalogueIntegration>> {
  const isListed = ({ slug, recipe }: CatalogueIntegration) =>
    maySee(scopes, slug) && (filters.category === undefined || recipe.category === filters.category);
  const callable = isCallable(scopes);
  const listed = filters.search
    ? skillSearch.findIntegrations(
        filters.search,
        (integration, endpoint) => isListed(integration) && (endpoint === undefined || callable(endpoint)),
        await listAtHand(),
      )
    : catalogue.integrations.filter(isListed);
  if (filters.connected === undefined) return pageOf(listed, page);
  const connected = await Promise.all(listed.map(isConnected));
  return pageOf(
    listed.filter((_, at) => connected[at] === filters.connected),
    page,
  );
}

interface EndpointFilters {
  search?: string | undefined;
  /** Name of the resource. */
  category?: string | undefined;
  method?: string | undefined;
  readOnly?: boolean | undefined;
  /** Whether the principal may call it. */
  callable?: boolean | undefined;
}

/** All endpoints of an integration, whatever the principal may call unless that is asked for. */
export function listEndpoints(
  { skillSearch }: Pick<Gateway, 'skillSearch'>,
  { scopes }: Principal,
  integration: CatalogueIntegration,
  filters: EndpointFilters,
  page: PageRequest,
): Page<CatalogueEndpoint> {
  const callable = isCallable(scopes);
  const isListed = (endpoint: CatalogueEndpoint) =>
    (filters.category === undefined || endpoint.resource === filters.category) &&
    (filters.method === undefined || endpoint.method === filters.method) &&
    (filters.readOnly === undefined || endpoint.readOnly === filters.readOnly) &&
    (filters.callable === undefined || callable(endpoint) === filters.callable);
  const listed = filters.search
    ? skillSearch.findEndpoints(filters.search, (endpoint) => endpoint.integration === integration.slug && isListed(endpoint))
    : [...integration.endpoints.values()].filter(isListed);
  return pageOf(listed, page);
}

/** Over all integrations, what the principal may call, best first. */
export function searchEndpoints(
  { skillSearch }: Pick<Gateway, 'skillSearch'>,
  { scopes }: Principal,
  query: string,
  atHand: AtHand,
  page: PageRequest,
): Page<CatalogueEndpoint> {
  return pageOf(skillSearch.findEndpoints(query, isCallable(scopes), atHand), page);
}

/** How many endpoints of the integration the principal may call. */
export function countCallable(integration: CatalogueIntegration, { scopes }: Principal): number {
  return [...integration.endpoints.values()].filter(isCallable(scopes)).length;
}

function isCallable(scopes: readonly string[]): (endpoint: CatalogueEndpoint) => boolean {
  return (endpoint) => mayCall(scopes, endpoint.integration, endpoint.name, endpoint.readOnly);
}
