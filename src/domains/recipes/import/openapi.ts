/**
 * OpenAPI 3.0 and 3.1 (https://spec.openapis.org/oas/v3.1.1.html), as much of it as an endpoint is made of. Descriptions of
 * other kinds are read into this form, so that everything behind it knows one.
 */

export const bounds = ['minimum', 'minLength', 'minItems', 'maximum', 'maxLength', 'maxItems'] as const;
type Bound = (typeof bounds)[number];

export interface Schema extends Partial<Record<Bound, number>> {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  nullable?: boolean;
  readOnly?: boolean;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  pattern?: string;
  uniqueItems?: boolean;
  /** A truth value in OpenAPI 3.0, a number since. */
  exclusiveMinimum?: number | boolean;
  exclusiveMaximum?: number | boolean;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
}

/** A parameter of an operation. */
export interface Described {
  in: string;
  name: string;
  description?: string;
  required?: boolean;
  deprecated?: boolean;
  /** Of every operation of the service alike, such as how answers are printed. */
  isCommon?: boolean;
  style?: string;
  explode?: boolean;
  schema?: Schema;
  content?: Record<string, { schema?: Schema }>;
}

export interface RequestBody {
  required?: boolean;
  content: Record<string, { schema?: Schema }>;
}

/** What an operation answers, by media type. */
export interface Answered {
  content?: Record<string, { schema?: Schema; example?: unknown; examples?: Record<string, { value?: unknown } | { $ref: string }> }>;
}

export interface Operation {
  operationId?: string;
  /** Where it is, in place of the servers of the document. */
  servers?: OpenApi['servers'];
  tags?: string[];
  summary?: string;
  description?: string;
  deprecated?: boolean;
  parameters?: (Described | { $ref: string })[];
  requestBody?: RequestBody | { $ref: string };
  /** By status. */
  responses?: Record<string, Answered | { $ref: string }>;
  /** Any one of these lets the call through. */
  scopes?: string[];
  /** Of a service that speaks GraphQL. Its place is no path, but says which field it is. */
  graphql?: { document: string; data: string; isQuery: boolean };
  /** In place of its id, for its name. */
  nameFrom?: string;
}

/** OpenAPI's and Swagger's words for it. */
export interface SecurityScheme {
  type?: string;
  scheme?: string;
  in?: string;
  name?: string;
}

export interface OpenApi {
  /** Made of a GraphQL schema: all operations go to one address. */
  isGraphql?: true;
  info: { title: string; version: string; description?: string };
  servers?: { url: string; variables?: Record<string, { default?: string }> }[];
  tags?: { name?: string; description?: string }[];
  externalDocs?: { url?: string };
  security?: Record<string, unknown>[];
  components?: { securitySchemes?: Record<string, SecurityScheme>; schemas?: Record<string, Schema> };
  /** Swagger's place for the same. */
  securityDefinitions?: Record<string, SecurityScheme>;
  paths: Record<string, PathItem>;
}

/** Operations by method, and what all of them take. */
export type PathItem = Partial<Record<(typeof methods)[number], Operation>> & { parameters?: (Described | { $ref: string })[] };

/** How people name an operation that has no id, such as `GET /notes/{id}` or `query notes`. */
export function placeOfOperation(path: string, method: (typeof methods)[number], { graphql }: Operation): string {
  return graphql ? path : `${method.toUpperCase()} ${path}`;
}

export const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** What a reference leads to in the same document; undefined where that is nothing, or a ring of references. */
export function resolve<T extends object>(document: object, node: T | { $ref: string } | undefined): T | undefined {
  let at = node;
  for (let hops = 0; hops < 20; hops += 1) {
    if (typeof at !== 'object' || at === null) return undefined;
    if (!('$ref' in at) || typeof at.$ref !== 'string') return at as T | undefined;
    at = findPointed(document, at.$ref) as T | { $ref: string } | undefined;
  }
  return undefined;
}

/** A JSON Pointer as a URI fragment (RFC 6901, section 6). Other documents are never read. */
export function findPointed(document: object, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  const keys = reference.slice(2).split('/').map(readKey);
  return keys.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined),
    document,
  );
}

function readKey(key: string): string {
  let written = key;
  try {
    written = decodeURIComponent(key);
  } catch {
    // A lone percent sign stands for itself.
  }
  return written.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A schema without references and choices at its top. */
export interface PlainSchema extends Omit<Schema, '$ref' | 'type' | 'oneOf' | 'anyOf' | 'allOf' | 'nullable' | 'const'> {
  type?: string;
}

const alternativesMax = 60;
const depthMax = 12;

/** What was found of a schema, by how deep it was met: choices of choices would otherwise be spread again for each way that leads to them. */
const listed = new WeakMap<Schema, PlainSchema[][]>();

/** The plain schemas one of which a value must meet: references followed, choices spread, what all must meet joined, null as one of its own. */
export function listAlternatives(document: object, schema: Schema | undefined, depth = 0): PlainSchema[] {
  const resolved = resolve<Schema>(document, schema);
  if (resolved === undefined || depth > depthMax) return [];
  const known = listed.get(resolved) ?? [];
  listed.set(resolved, known);
  known[depth] ??= spread(document, resolved, depth);
  return known[depth];
}

function spread(document: object, resolved: Schema, depth: number): PlainSchema[] {
  const { oneOf, anyOf, allOf, nullable, type, const: constant, ...common } = resolved;
  const inner = (one: Schema) => listAlternatives(document, one, depth + 1);
  const [first, ...more] = [type ?? []].flat();
  let found: PlainSchema[] = [
    { ...common, ...(constant === undefined ? {} : { enum: [constant] }), ...(first === undefined ? {} : { type: first }) },
  ];
  if (more.length > 0) found = [first as string, ...more].map((one) => (one === 'null' ? { type: 'null' } : { ...common, type: one }));
  for (const part of allOf ?? []) found = joinAll(found, inner(part));
  for (const choices of [oneOf, anyOf]) if (choices) found = joinAll(found, firstOf(choices, inner));
  return nullable ? [...found, { type: 'null' }] : found;
}

/** As many as are told apart. */
function firstOf<One>(choices: One[], inner: (one: One) => PlainSchema[]): PlainSchema[] {
  const found: PlainSchema[] = [];
  for (const one of choices) {
    found.push(...inner(one));
    if (found.length >= alternativesMax) break;
  }
  return found.slice(0, alternativesMax);
}

function joinAll(left: PlainSchema[], right: PlainSchema[]): PlainSchema[] {
  if (right.length === 0) return left;
  return firstOf(left, (one) => right.map((other) => join(one, other)));
}

function join(left: PlainSchema, right: PlainSchema): PlainSchema {
  if (left.type === 'null' || right.type === 'null') return { type: 'null' };
  const properties = left.properties || right.properties ? { properties: { ...left.properties, ...right.properties } } : {};
  const required = [...(left.required ?? []), ...(right.required ?? [])];
  return { ...left, ...right, ...properties, ...(required.length > 0 ? { required: [...new Set(required)] } : {}) };
}

/** A property of one's own: objects of strangers are asked for names such as `constructor`, which every object has. */
export function propertyOf({ properties }: Pick<Schema, 'properties'>, name: string): Schema | undefined {
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The names that an object must hold whichever alternative it meets. */
export function listRequired(schemas: readonly PlainSchema[]): string[] {
  const objects = schemas.filter((schema) => schema.type !== 'null');
  return (objects[0]?.required ?? []).filter((name) => objects.every((schema) => schema.required?.includes(name)));
}

/** Parameters of an operation and of its path, each once, the operation's own before those of the path. */
export function listParameters(document: object, item: PathItem, operation: Operation): Described[] {
  const found = new Map<string, Described>();
  for (const one of [...(operation.parameters ?? []), ...(item.parameters ?? [])]) {
    const described = resolve<Described>(document, one);
    if (!described) continue;
    const key = `${described.in} ${described.name}`;
    if (!found.has(key)) found.set(key, described);
  }
  return [...found.values()];
}

/** Where the servers of a description stand: what paths have in front of them, without the host. */
export function basePathOf(address: string): string {
  return address.replace(/^[a-z]+:\/\/[^/]*/, '').replace(/\/+$/, '');
}
