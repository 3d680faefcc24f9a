import { findNearMiss } from '../../core/text/near-miss.ts';
import type { Catalogue } from './catalogue.ts';

const scopeForm = /^(\*|operator|[a-z][a-z0-9_]*(:(read|proxy)|\.[a-z][a-z0-9_]*)?)$/;

/** Whether a scope is one endpoint (`github.get_issue`) that only reads. */
export function isReadOnlyScope(catalogue: Catalogue, scope: string): boolean {
  const [slug, endpoint] = scope.split('.') as [string, string | undefined];
  return endpoint !== undefined && catalogue.find(slug)?.endpoints.get(endpoint)?.readOnly === true;
}

/** What is wrong with a scope: it is not written like one, or names an integration or endpoint that this installation does not have. */
export function scopeFault(catalogue: Catalogue, scope: string): string | undefined {
  const fault = describeFault(catalogue, scope);
  if (fault === undefined) return undefined;
  const near = nearScope(catalogue, scope);
  return near === undefined ? fault : `${fault} Did you mean \`${near}\`?`;
}

function describeFault(catalogue: Catalogue, scope: string): string | undefined {
  if (scope === '*' || scope === 'operator') return undefined;
  if (!scopeForm.test(scope))
    return `\`${scope}\` is not a scope. Scopes look like \`github\`, \`github:read\`, \`github.create_issue\` or \`github:proxy\`.`;
  const [slug, endpoint] = scope.split('.') as [string, string | undefined];
  const integration = catalogue.find(slug.split(':', 1)[0] as string);
  if (!integration) return `\`${scope}\` names no integration of this installation; GET /v1/skills lists them.`;
  if (endpoint !== undefined && !integration.endpoints.has(endpoint))
    return `\`${scope}\` names no endpoint of ${slug}; GET /v1/skills/${slug} lists them.`;
  return undefined;
}

/** The scope that a mistyped one most likely stands for. */
function nearScope(catalogue: Catalogue, scope: string): string | undefined {
  const [, name, mark, rest] = /^([^.:]*)([.:]?)(.*)$/s.exec(scope) as unknown as [string, string, string, string];
  const slugs = catalogue.integrations.map(({ slug }) => slug);
  const slug = slugs.includes(name) ? name : findNearMiss(name, slugs);
  if (slug === undefined || mark === '') return slug;
  if (mark === ':') {
    const kind = findNearMiss(rest, ['read', 'proxy']);
    return kind === undefined ? slug : `${slug}:${kind}`;
  }
  const endpoint = findNearMiss(rest, [...(catalogue.find(slug)?.endpoints.keys() ?? [])]);
  return endpoint === undefined ? undefined : `${slug}.${endpoint}`;
}
