/**
 * What stands in for an endpoint where none covers a request: one for each method, with a scope of its own. Endpoints' names have no
 * colon, so a call by the proxy is told from any other in the call log (docs/decisions, "A proxied call is one of a stand-in").
 */
import { scopesOfProxy } from '../../../core/principal.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { Endpoint } from '../../recipes/format/format.ts';
import { graphqlSuccess } from '../../recipes/success.ts';
import { matchesStart } from './proxied-path.ts';

export const proxiedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type ProxiedMethod = (typeof proxiedMethods)[number];

const readMethods: readonly string[] = ['GET', 'HEAD'];
const prefix = 'proxy:';

/** As a caller writes it, in any case; undefined for what the proxy does not send. */
export function readMethod(given: unknown): ProxiedMethod | undefined {
  return typeof given === 'string' ? proxiedMethods.find((method) => method === given.toUpperCase()) : undefined;
}

/** Whether the `endpoint` of a row is that of a read by the proxy. */
export function isProxiedRead(endpoint: string): boolean {
  return endpoint.startsWith(prefix) && readMethods.includes(endpoint.slice(prefix.length));
}

const unnamed = { description: '', answer: '', example: {} };
/** For the names that the row of a call keeps; what they hold is checked by `prepareProxied`. */
const parts = { query: {}, headers: {}, body: {} } as unknown as Endpoint['parameters'];

/** Without a method, that of a request which is refused for it. */
export function proxiedEndpoint(integration: CatalogueIntegration, method: ProxiedMethod | undefined, path: unknown): CatalogueEndpoint {
  const readOnly = method !== undefined && readMethods.includes(method);
  const sent = method === undefined || method === 'HEAD' ? 'GET' : method;
  return {
    integration: integration.slug,
    name: `${prefix}${method ?? 'OTHER'}`,
    resource: 'proxy',
    method: sent,
    description: unnamed.description,
    spec: {
      ...unnamed,
      method: sent,
      path: '/',
      parameters: parts,
      success: successOf(integration, method, path),
    },
    readOnly,
    destructive: method === 'DELETE',
    idempotent: method !== undefined && method !== 'POST' && method !== 'PATCH',
    schema: {},
    providerScopes: [],
    acceptedScopes: scopesOfProxy(integration.slug),
    proxied: true,
  };
}

/** What the recipe says of every answer; of a GraphQL service, that errors are no success; and an answer to HEAD has no body to ask. */
function successOf({ recipe, endpoints }: CatalogueIntegration, method: ProxiedMethod | undefined, path: unknown): Endpoint['success'] {
  if (method === 'HEAD') return recipe.success && { when: '`true`' };
  if (method !== 'POST' || recipe.success || typeof path !== 'string') return undefined;
  const isGraphql = [...endpoints.values()].some(
    ({ spec }) => spec.graphql !== undefined && matchesStart(path, spec.path, { whole: true }),
  );
  return isGraphql ? graphqlSuccess : undefined;
}
