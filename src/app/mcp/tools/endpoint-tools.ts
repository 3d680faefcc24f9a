/** Tools of single endpoints: a key that reaches few has each as a tool of its own, with the endpoint's parameters as arguments. */
import type { Catalogue, CatalogueEndpoint, JsonSchema } from '../../../domains/recipes/catalogue.ts';
import { executeInput, type ListedTool, readInput, tools } from './tools.ts';

/** More would never fit. */
export const endpointToolsMax = 20;

/** All together, as clients get them: more would fill an agent's context before it has read what it is to do; `find` is shorter then. */
const charactersMax = 4_800;

/** Clients allow 64 characters and put a prefix before the name, such as `mcp__skillett__`. */
const nameLengthMax = 48;

/** `github_create_issue` → the endpoint. What cannot have such a name, or shares it, is left to `read` and `execute`. */
export function nameEndpoints(catalogue: Catalogue): ReadonlyMap<string, CatalogueEndpoint> {
  const named = new Map<string, CatalogueEndpoint>();
  const taken = new Set(tools.map((tool) => tool.name));
  for (const { slug, endpoints } of catalogue.integrations) {
    for (const endpoint of endpoints.values()) {
      const name = `${slug}_${endpoint.name}`;
      if (taken.has(name)) named.delete(name);
      else if (name.length <= nameLengthMax) named.set(name, endpoint);
      taken.add(name);
    }
  }
  return named;
}

/** All of them or none: half of a list says nothing about the other half. */
export function withinTokens(listed: readonly ListedTool[]): readonly ListedTool[] {
  const shown = listed.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return JSON.stringify(shown).length <= charactersMax ? listed : [];
}

/** What a call takes beside the endpoint's parameters, as the tool for it has them. A parameter of the same name comes first. */
function optionsOf({ readOnly, schema }: Pick<CatalogueEndpoint, 'readOnly' | 'schema'>): string[] {
  const options = Object.keys((readOnly ? readInput : executeInput).shape).filter((name) => !['endpoint', 'params', 'each'].includes(name));
  return options.filter((name) => !Object.hasOwn(schema.properties as object, name));
}

/** An endpoint as its document shows it. */
export interface ShownEndpoint extends Pick<CatalogueEndpoint, 'readOnly' | 'destructive' | 'idempotent' | 'schema'> {
  description: string;
}

/** `accounts`: whether calls may be made for one account or another. */
export function describeEndpointTool(name: string, endpoint: ShownEndpoint, accounts: boolean): ListedTool {
  const options = optionsOf(endpoint).filter((option) => accounts || option !== 'account');
  const { readOnly, destructive, idempotent, description } = endpoint;
  const { additionalProperties: _strict, ...shown } = describeSchema(endpoint.schema);
  const words = name.replaceAll('_', ' ');
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  const general = tools.find((tool) => tool.name === (readOnly ? 'read' : 'execute')) as ListedTool;
  const optionSchemas = general.inputSchema.properties as Record<string, object>;
  return {
    name,
    title,
    description,
    inputSchema: {
      ...shown,
      type: 'object',
      properties: { ...(shown.properties as object), ...Object.fromEntries(options.map((option) => [option, optionSchemas[option]])) },
    },
    annotations: {
      title,
      readOnlyHint: readOnly,
      destructiveHint: !readOnly && destructive,
      idempotentHint: readOnly || idempotent,
      openWorldHint: true,
    },
  };
}

/**
 * A schema as clients take it: with one type a value, since some refuse a list of types (Gemini's function declarations). The
 * service still gets whatever the endpoint's own schema allows; where any type will do, none is named.
 */
export function describeSchema(schema: JsonSchema): JsonSchema {
  const { type, items, properties, ...rest } = schema as {
    type?: string | string[];
    items?: JsonSchema;
    properties?: Record<string, JsonSchema>;
  };
  return {
    ...(type === undefined ? {} : describeType(type, items !== undefined)),
    ...rest,
    ...(items === undefined ? {} : { items: describeSchema(items) }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, describeSchema(property)])) }),
  };
}

/** The one that can say most. */
const typesByReach = ['array', 'object', 'string', 'number', 'integer', 'boolean'];

function describeType(type: string | string[], hasItems: boolean): { type?: string } {
  if (typeof type === 'string') return { type };
  const possible = typesByReach.filter((one) => type.includes(one) && (one !== 'array' || hasItems));
  return possible.length >= 4 ? {} : { type: possible[0] as string };
}

/** The arguments of an endpoint's tool: the endpoint's own, and those of `read` or `execute`. */
export function splitArguments(
  endpoint: CatalogueEndpoint,
  args: Record<string, unknown>,
): { params: Record<string, unknown>; options: Record<string, unknown> } {
  const options = optionsOf(endpoint);
  const entries = Object.entries(args);
  return {
    params: Object.fromEntries(entries.filter(([name]) => !options.includes(name))),
    options: Object.fromEntries(entries.filter(([name]) => options.includes(name))),
  };
}
