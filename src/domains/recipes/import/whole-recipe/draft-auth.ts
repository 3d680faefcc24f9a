/** Ways to connect, from what a description says of security. */
import { reservedHeaders } from '../../check/texts.ts';
import type { Auth } from '../../format/auth.ts';
import type { OpenApi, SecurityScheme } from '../openapi.ts';
import { firstSentence } from './sentences.ts';

/** What is asked for where nothing can be said of how it is made. */
const how = 'Make it at the service; its own documentation says how.';

type Written = Record<string, unknown> & { type: Auth['type'] };

/** Each kind once. A consent in a browser needs a client that an operator registers, so a token is asked for instead. */
export function draftAuth(openApi: OpenApi, warnings: string[]): Written[] {
  const schemes = schemesOf(openApi);
  const ways = new Map<string, Written>();
  for (const [name, scheme] of schemes) {
    const way = wayOf(scheme);
    if (typeof way === 'string') warnings.push(`security ${firstSentence(name)}: ${way}`);
    else if (!ways.has(way.type)) ways.set(way.type, way);
    else if (scheme.type !== 'oauth2' && way.type === 'api_key' && joins(openApi, name, schemes))
      addField(ways.get('api_key') as Written, name, scheme);
  }
  if (ways.size > 0) return [...ways.values()];
  // A GraphQL schema cannot say it, and few services answer strangers.
  return [openApi.isGraphql ? { type: 'bearer', how } : { type: 'none' }];
}

function schemesOf(openApi: OpenApi): [string, SecurityScheme][] {
  const all = openApi.components?.securitySchemes ?? openApi.securityDefinitions ?? {};
  return Object.entries(all).filter(([, scheme]) => typeof scheme === 'object' && scheme !== null);
}

/** A sentence where it cannot be used. */
function wayOf(scheme: SecurityScheme): Written | string {
  const kind = String(scheme.scheme ?? '').toLowerCase();
  if (scheme.type === 'basic' || (scheme.type === 'http' && kind === 'basic')) return { type: 'basic', how };
  if (scheme.type === 'oauth2' || scheme.type === 'openIdConnect' || (scheme.type === 'http' && kind === 'bearer'))
    return { type: 'bearer', how };
  if (scheme.type !== 'apiKey' || typeof scheme.name !== 'string') return 'cannot be used here';
  if (scheme.in === 'query') return { type: 'api_key', how, in: 'query', name: scheme.name };
  if (scheme.in !== 'header') return `travels in the ${firstSentence(scheme.in)}, which is not sent`;
  if (scheme.name.toLowerCase() === 'authorization') return { type: 'bearer', how, prefix: '' };
  if (reservedHeaders.has(scheme.name.toLowerCase()) || !/^[A-Za-z0-9-]+$/.test(scheme.name)) return 'travels in a header that is not sent';
  return { type: 'api_key', how, in: 'header', name: scheme.name };
}

/** Whether one request needs this key beside another one. */
function joins({ security }: OpenApi, name: string, schemes: [string, SecurityScheme][]): boolean {
  const needs = Array.isArray(security) ? security : [];
  const keys = schemes.filter(([, scheme]) => scheme.type === 'apiKey').map(([key]) => key);
  return needs.some(
    (need) =>
      typeof need === 'object' && need !== null && Object.hasOwn(need, name) && keys.filter((key) => Object.hasOwn(need, key)).length > 1,
  );
}

function addField(way: Written, name: string, scheme: SecurityScheme): void {
  const field =
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replace(/^[^a-z]+/, '') || 'key';
  const place = scheme.in === 'query' ? { query: scheme.name } : { header: scheme.name };
  way.fields = { ...(way.fields as object | undefined), [field]: { description: `The value of ${firstSentence(scheme.name)}.`, ...place } };
}
