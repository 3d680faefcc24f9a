import type { Catalogue } from './catalogue.ts';

/** Whether a scope is one endpoint (`github.get_issue`) that only reads. */
export function isReadOnlyScope(catalogue: Catalogue, scope: string): boolean {
  const [slug, endpoint] = scope.split('.') as [string, string | undefined];
  return endpoint !== undefined && catalogue.find(slug)?.endpoints.get(endpoint)?.readOnly === true;
}

/** What is wrong with a well-formed scope: it names an integration or endpoint that this installation does not have. */
export function scopeFault(catalogue: Catalogue, scope: string): string | undefined {
  if (scope === '*' || scope === 'operator') return undefined;
  const [slug, endpoint] = scope.split('.') as [string, string | undefined];
  const integration = catalogue.find(slug.replace(/:read$/, ''));
  if (!integration) return `\`${scope}\` names no integration of this installation; GET /v1/skills lists them.`;
  if (endpoint !== undefined && !integration.endpoints.has(endpoint))
    return `\`${scope}\` names no endpoint of ${slug}; GET /v1/skills/${slug} lists them.`;
  return undefined;
}
