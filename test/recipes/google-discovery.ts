/** Google's discovery documents (https://developers.google.com/discovery/v1/reference/apis) in the form of OpenAPI, so that one check serves both. */
import type { OpenApi, Operation, Schema } from './openapi-faults.ts';

interface Described {
  $ref?: string;
  type?: string;
  description?: string;
  default?: string;
  enum?: string[];
  repeated?: boolean;
  required?: boolean;
  location?: string;
  items?: Described;
  properties?: Record<string, Described>;
  /** Ids of the methods whose request must hold this property. */
  annotations?: { required?: string[] };
}
interface Method {
  id: string;
  httpMethod: string;
  path: string;
  deprecated?: boolean;
  parameters?: Record<string, Described>;
  request?: { $ref: string };
  scopes?: string[];
}
interface MethodGroup {
  methods?: Record<string, Method>;
  resources?: Record<string, MethodGroup>;
}
export interface Discovery extends MethodGroup {
  parameters?: Record<string, Described>;
  schemas: Record<string, Described>;
}

export interface Reading {
  /** What the recipe's base URL has after its origin. */
  basePath: string;
  /** Path parameters that a recipe writes out, with their values. */
  constants: Record<string, string>;
}

export function toOpenApi(discovery: Discovery, reading: Reading): OpenApi & { components: Record<string, Record<string, Schema>> } {
  const paths: OpenApi['paths'] = {};
  const components: Record<string, Record<string, Schema>> = {};
  for (const method of listMethods(discovery)) {
    const parameters = Object.entries({ ...discovery.parameters, ...method.parameters }).filter(([name]) => !(name in reading.constants));
    const inPath = parameters.filter(([, one]) => one.location === 'path').map(([name]) => name);
    // What must be sent depends on the method, so each gets its own copy of the schemas.
    if (method.request)
      components[method.id] = Object.fromEntries(Object.entries(discovery.schemas).map(([name, one]) => [name, toSchema(one, method)]));
    const operation: Operation = {
      ...(method.deprecated ? { deprecated: true } : {}),
      parameters: parameters.map(([name, one]) => ({
        in: one.location ?? 'query',
        name,
        required: isRequired(one, method),
        schema: toSchema(one, method),
      })),
      ...(method.request ? { requestBody: { content: { 'application/json': { schema: toBody(components, method, inPath) } } } } : {}),
    };
    paths[pathOf(method, reading)] = { ...paths[pathOf(method, reading)], [method.httpMethod.toLowerCase()]: operation };
  }
  return { paths, components };
}

/** The scopes with any one of which a call may be made. */
export function listScopes(discovery: Discovery, reading: Reading, endpoint: { method: string; path: string }): string[] {
  const methods = listMethods(discovery).filter((one) => one.httpMethod === endpoint.method && pathOf(one, reading) === endpoint.path);
  return methods.flatMap((one) => one.scopes ?? []);
}

export function listMethods(group: MethodGroup): Method[] {
  return [...Object.values(group.methods ?? {}), ...Object.values(group.resources ?? {}).flatMap(listMethods)];
}

function pathOf(method: Method, { basePath, constants }: Reading): string {
  const whole = `/${method.path}`.replaceAll(/\{\+?(\w+)\}/g, (_, name: string) => constants[name] ?? `{${name}}`);
  return whole.startsWith(`${basePath}/`) ? whole.slice(basePath.length) : whole;
}

/** A body repeats the ids of the path; they are sent there. */
function toBody(components: Record<string, Record<string, Schema>>, method: Method, inPath: string[]): Schema {
  const whole = components[method.id]?.[(method.request as { $ref: string }).$ref] ?? {};
  const properties = Object.entries(whole.properties ?? {}).filter(([name]) => !inPath.includes(name));
  return {
    ...whole,
    properties: Object.fromEntries(properties),
    required: (whole.required ?? []).filter((name) => !inPath.includes(name)),
  };
}

function isRequired(one: Described, method: Method): boolean {
  // Google marks required query parameters in words only, and required properties by the method's id.
  return one.required === true || /^Required\./.test(one.description ?? '') || one.annotations?.required?.includes(method.id) === true;
}

function toSchema(one: Described, method: Method): Schema {
  if (one.repeated) return { type: 'array', items: toSchema({ ...one, repeated: false }, method) };
  if (one.$ref) return { $ref: `#/components/${method.id}/${one.$ref}` };
  const properties = Object.entries(one.properties ?? {});
  return {
    ...(one.type && one.type !== 'any' ? { type: one.type } : {}),
    ...(one.enum ? { enum: one.enum } : {}),
    ...(one.default === undefined ? {} : { default: one.type === 'string' ? one.default : JSON.parse(one.default) }),
    ...(one.items ? { items: toSchema(one.items, method) } : {}),
    properties: Object.fromEntries(properties.map(([name, property]) => [name, toSchema(property, method)])),
    required: properties.filter(([, property]) => isRequired(property, method)).map(([name]) => name),
  };
}
