/** An endpoint by the names that agents give it: `github.create_issue`, or as its tool is called, `github_create_issue`. */
import type { Context } from '../../../core/context.ts';
import { badRequest, notFoundNear } from '../../../core/errors.ts';
import { type Catalogue, type CatalogueEndpoint, seenBy } from '../../../domains/recipes/catalogue.ts';

export interface EndpointName {
  integration: string;
  endpoint: string;
}

/**
 * Whether there is one of a dotted name is left to what is asked for next. Without a dot it is looked up: throws not_found, and bad_request
 * where two services could be meant; the 401s of a look-up come first.
 */
export async function resolveEndpoint(context: Context, name: string): Promise<EndpointName> {
  const dot = name.indexOf('.');
  if (dot >= 0) return { integration: name.slice(0, dot), endpoint: name.slice(dot + 1) };
  const known = findByToolName(context.gateway.catalogue, name);
  const found = known.length > 0 ? known : findByToolName((await seenBy(context)).catalogue, name);
  const [only, other] = found;
  if (only && !other) return { integration: only.integration, endpoint: only.name };
  await context.principal();
  if (other) throw badRequest(`\`endpoint\` may mean ${found.map(dotted).join(' or ')}. Write it with a dot.`);
  const { catalogue } = await seenBy(context);
  throw notFoundNear(
    'Endpoint',
    'endpoint',
    name,
    catalogue.integrations.flatMap(({ endpoints }) => [...endpoints.values()].map(dotted)),
  );
}

/** Slugs and names may hold underscores themselves, so every place where one could end is tried. */
function findByToolName(catalogue: Catalogue, name: string): CatalogueEndpoint[] {
  const found: CatalogueEndpoint[] = [];
  for (let at = name.indexOf('_'); at > 0; at = name.indexOf('_', at + 1)) {
    const endpoint = catalogue.findEndpoint(name.slice(0, at), name.slice(at + 1));
    if (endpoint) found.push(endpoint);
  }
  return found;
}

function dotted({ integration, name }: Pick<CatalogueEndpoint, 'integration' | 'name'>): string {
  return `${integration}.${name}`;
}
