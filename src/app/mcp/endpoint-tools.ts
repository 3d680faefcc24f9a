/** Tools of single endpoints: a key that reaches few has each as a tool of its own, with the endpoint's parameters as arguments. */
import { z } from 'zod';
import type { Catalogue, CatalogueEndpoint, JsonSchema } from '../../domains/recipes/catalogue.ts';
import { type Annotations, callOptions, tools } from './tools.ts';

/** More would fill an agent's context before it has read what it is to do; the discovery tools are shorter then. */
export const endpointToolsMax = 40;

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

type Options = typeof callOptions;

const optionSchemas = z.toJSONSchema(z.object(callOptions), { io: 'input' }).properties as Record<keyof Options, object>;

/** What a call takes beside the endpoint's parameters. A parameter of the same name comes first; `execute` tells them apart. */
function optionsOf(endpoint: Pick<CatalogueEndpoint, 'readOnly' | 'schema'>): (keyof Options)[] {
  const parameters = endpoint.schema.properties as object;
  return (['account', 'select', ...(endpoint.readOnly ? (['more'] as const) : (['idempotency_key'] as const))] as const).filter(
    (name) => !Object.hasOwn(parameters, name),
  );
}

/** An endpoint as its document shows it. */
export interface ShownEndpoint extends Pick<CatalogueEndpoint, 'readOnly' | 'destructive' | 'idempotent' | 'schema'> {
  description: string;
}

export interface ListedTool {
  name: string;
  description: string;
  annotations: Annotations;
  inputSchema: { type: 'object'; [word: string]: unknown };
}

/** `accounts`: whether calls may be made for one account or another. */
export function describeEndpointTool(name: string, endpoint: ShownEndpoint, accounts: boolean): ListedTool {
  const options = optionsOf(endpoint).filter((option) => accounts || option !== 'account');
  const { readOnly, destructive, idempotent, description } = endpoint;
  const shown = describeSchema(endpoint.schema);
  return {
    name,
    description,
    annotations: {
      readOnlyHint: readOnly,
      ...(readOnly ? {} : { destructiveHint: destructive, idempotentHint: idempotent }),
      openWorldHint: true,
    },
    inputSchema: {
      ...shown,
      type: 'object',
      properties: { ...(shown.properties as object), ...Object.fromEntries(options.map((option) => [option, optionSchemas[option]])) },
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

/** The arguments of an endpoint's tool as those of `execute`. */
export function toExecuteArguments(endpoint: CatalogueEndpoint, args: Record<string, unknown>): Record<string, unknown> {
  const options: readonly string[] = optionsOf(endpoint);
  const entries = Object.entries(args);
  return {
    ...Object.fromEntries(entries.filter(([name]) => options.includes(name))),
    integration: endpoint.integration,
    endpoint: endpoint.name,
    params: Object.fromEntries(entries.filter(([name]) => !options.includes(name))),
  };
}
