/** Lists of operations that hold nothing but methods, paths and names, for services whose description is a client's code. */
import type { Described, OpenApi, PathItem } from '../../src/domains/recipes/import/openapi.ts';

interface Listed {
  method: string;
  path: string;
  path_params?: string[];
  query_params?: string[];
  body_params?: string[];
}

/** Undefined for a text that is no such list. */
export function readEndpointList(text: string): OpenApi | undefined {
  if (!text.startsWith('{')) return undefined;
  const list = JSON.parse(text) as { api?: string; api_version_header?: { value: string }; operations?: Listed[] };
  if (!Array.isArray(list.operations)) return undefined;
  const paths: Record<string, PathItem> = {};
  for (const one of list.operations) {
    const named = (place: string, names: string[] = []): Described[] => names.map((name) => ({ in: place, name, schema: {} }));
    const body = Object.fromEntries((one.body_params ?? []).map((name) => [name, {}]));
    paths[one.path] = {
      ...paths[one.path],
      [one.method.toLowerCase()]: {
        parameters: [...named('path', one.path_params), ...named('query', one.query_params)],
        ...(one.body_params?.length
          ? { requestBody: { content: { 'application/json': { schema: { type: 'object', properties: body } } } } }
          : {}),
      },
    };
  }
  return { info: { title: list.api ?? 'List of operations', version: list.api_version_header?.value ?? '' }, paths };
}
