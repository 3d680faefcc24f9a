/** Google's discovery documents (https://developers.google.com/discovery/v1/reference/apis) in the form of OpenAPI. */
import type { OpenApi, Operation, PathItem, Schema } from './openapi.ts';

interface Value {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  default?: string;
  enum?: string[];
  minimum?: string;
  maximum?: string;
  repeated?: boolean;
  required?: boolean;
  readOnly?: boolean;
  location?: string;
  items?: Value;
  properties?: Record<string, Value>;
  /** Ids of the methods whose request must hold this property. */
  annotations?: { required?: string[] };
}
interface Method {
  id: string;
  httpMethod: string;
  path: string;
  /** The same with a name for each segment, where `path` has a name for several (`{+resourceName}`). */
  flatPath?: string;
  description?: string;
  deprecated?: boolean;
  parameters?: Record<string, Value>;
  request?: { $ref: string };
  response?: { $ref: string };
  scopes?: string[];
}
interface MethodGroup {
  methods?: Record<string, Method>;
  resources?: Record<string, MethodGroup>;
}
export interface Discovery extends MethodGroup {
  title: string;
  version: string;
  revision?: string;
  rootUrl: string;
  servicePath?: string;
  parameters?: Record<string, Value>;
  schemas?: Record<string, Value>;
}

export function fromDiscovery(discovery: Discovery): OpenApi {
  const paths: Record<string, PathItem> = {};
  // What must be sent depends on the method, so each has its own copy of the schemas that it reaches.
  const schemas: [method: string, copied: Record<string, Schema>][] = [];
  for (const [written, group] of listMethods(discovery)) {
    const method = flatten(written);
    const copied = new Map<string, Schema>();
    const operation = readMethod(discovery, method, group, copied);
    if (copied.size > 0) schemas.push([method.id, Object.fromEntries(copied)]);
    const path = `/${method.path}`;
    paths[path] = { ...paths[path], [method.httpMethod.toLowerCase()]: operation };
  }
  const answers = Object.fromEntries(Object.entries(discovery.schemas ?? {}).map(([name, value]) => [name, readAnswer(value)]));
  const version = discovery.revision === undefined ? discovery.version : `${discovery.version} of ${discovery.revision}`;
  const document = {
    info: { title: discovery.title, version },
    servers: [{ url: `${discovery.rootUrl}${discovery.servicePath ?? ''}` }],
    paths,
    schemas: Object.fromEntries(schemas),
    answers,
  };
  return document;
}

/** Of an answer nothing depends on the method, so all share one. Integers of 64 bits travel as texts, and are `string` there. */
function readAnswer(value: Value): Schema {
  if (value.$ref) return { $ref: `#/answers/${value.$ref}` };
  const properties = Object.entries(value.properties ?? {}).map(([name, one]) => [name, readAnswer(one)] as const);
  return {
    ...(value.type && value.type !== 'any' ? { type: value.type } : {}),
    ...(value.format === undefined ? {} : { format: value.format }),
    ...(value.items ? { items: readAnswer(value.items) } : {}),
    ...(properties.length > 0 ? { properties: Object.fromEntries(properties) } : {}),
  };
}

/** A name that stands for several segments would be encoded as one, so each segment has its own. */
function flatten(method: Method): Method {
  const { path, flatPath, parameters = {} } = method;
  if (!path.includes('{+')) return method;
  if (flatPath === undefined) return { ...method, path: path.replaceAll('{+', '{') };
  const wide = [...path.matchAll(/\{\+(\w+)\}/g)].map(([, name]) => name as string);
  const names = [...flatPath.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string).filter((name) => !Object.hasOwn(parameters, name));
  const rest = Object.entries(parameters).filter(([name]) => !wide.includes(name));
  const segment = (name: string): [string, Value] => [name, { type: 'string', location: 'path', required: true }];
  return { ...method, path: flatPath, parameters: Object.fromEntries([...names.map(segment), ...rest]) };
}

function listMethods(group: MethodGroup, name = ''): [method: Method, group: string][] {
  return [
    ...Object.values(group.methods ?? {}).map((method): [Method, string] => [method, name]),
    ...Object.entries(group.resources ?? {}).flatMap(([key, inner]) => listMethods(inner, name === '' ? key : `${name}.${key}`)),
  ];
}

function readMethod(discovery: Discovery, method: Method, group: string, copied: Map<string, Schema>): Operation {
  const toSchema = (value: Value): Schema => {
    if (value.repeated) return { type: 'array', items: toSchema({ ...value, repeated: false }) };
    if (value.$ref) return copySchema(value.$ref);
    return readValue(value, method, toSchema);
  };
  const copySchema = (name: string): Schema => {
    if (!copied.has(name)) {
      copied.set(name, {});
      copied.set(name, toSchema(discovery.schemas && Object.hasOwn(discovery.schemas, name) ? (discovery.schemas[name] as Value) : {}));
    }
    return { $ref: `#/schemas/${method.id}/${name}` };
  };
  const parameters = Object.entries({ ...discovery.parameters, ...method.parameters });
  const inPath = parameters.filter(([, one]) => one.location === 'path').map(([name]) => name);
  if (method.request) copySchema(method.request.$ref);
  return {
    operationId: method.id,
    ...(group === '' ? {} : { tags: [group] }),
    ...(method.description === undefined ? {} : { description: method.description }),
    ...(method.deprecated ? { deprecated: true } : {}),
    ...(method.scopes ? { scopes: method.scopes } : {}),
    parameters: parameters.map(([name, one]) => ({
      in: one.location ?? 'query',
      name,
      ...(one.description === undefined ? {} : { description: one.description }),
      required: isRequired(one, method),
      ...(method.parameters && Object.hasOwn(method.parameters, name) ? {} : { isCommon: true }),
      schema: toSchema(one),
    })),
    ...(method.request
      ? { requestBody: { content: { 'application/json': { schema: withoutPath(copied.get(method.request.$ref) ?? {}, inPath) } } } }
      : {}),
    ...(method.response
      ? { responses: { 200: { content: { 'application/json': { schema: { $ref: `#/answers/${method.response.$ref}` } } } } } }
      : {}),
  };
}

/** A body repeats the ids of the path; they are sent there. */
function withoutPath(whole: Schema, inPath: string[]): Schema {
  const properties = Object.entries(whole.properties ?? {}).filter(([name]) => !inPath.includes(name));
  return {
    ...whole,
    properties: Object.fromEntries(properties),
    required: (whole.required ?? []).filter((name) => !inPath.includes(name)),
  };
}

function isRequired(one: Value, method: Method): boolean {
  // Google marks required query parameters in words only, and required properties by the method's id.
  return one.required === true || /^Required\./.test(one.description ?? '') || one.annotations?.required?.includes(method.id) === true;
}

function readValue(value: Value, method: Method, toSchema: (value: Value) => Schema): Schema {
  const properties = Object.entries(value.properties ?? {});
  const required = properties.filter(([, property]) => isRequired(property, method)).map(([name]) => name);
  return {
    ...(value.type && value.type !== 'any' ? { type: value.type } : {}),
    ...(value.format === undefined ? {} : { format: value.format }),
    ...(value.description === undefined ? {} : { description: value.description }),
    ...(value.readOnly ? { readOnly: true } : {}),
    ...(value.enum ? { enum: value.enum } : {}),
    ...(value.minimum === undefined ? {} : { minimum: Number(value.minimum) }),
    ...(value.maximum === undefined ? {} : { maximum: Number(value.maximum) }),
    ...(value.default === undefined ? {} : { default: value.type === 'string' ? value.default : JSON.parse(value.default) }),
    ...(value.items ? { items: toSchema(value.items) } : {}),
    ...(properties.length > 0 ? { properties: Object.fromEntries(properties.map(([name, one]) => [name, toSchema(one)])) } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}
