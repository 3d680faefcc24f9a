/** What must arrive for an endpoint, of the facts of its recipe. */
import type { Endpoint } from '../../../src/domains/recipes/format/format.ts';
import type { Described, methods, Operation, RequestBody, Schema } from '../../../src/domains/recipes/import/openapi.ts';
import type { Facts } from '../facts.ts';
import { listSent } from '../sent.ts';
import type { Expected } from './arrival-faults.ts';

/** Undefined where the facts say that there is no description, or that it does not have this endpoint. */
export function expectOf(facts: Facts, name: string, endpoint: Endpoint): Expected | undefined {
  const method = endpoint.method.toLowerCase() as (typeof methods)[number];
  const operation = facts.paths?.[endpoint.path]?.[method];
  if (!operation) return undefined;
  const own = dropUnsaidBody(facts.trust === 'names' ? keepNames(operation) : operation, endpoint);
  return {
    method: endpoint.method,
    path: endpoint.path,
    operation: addOwnNames(
      addTypes(addNewer(withoutIgnored(own), endpoint, Object.keys(facts.newer?.[name] ?? {})), Object.keys(facts.body_types ?? {})),
      endpoint,
    ),
    paths: Object.entries(facts.paths ?? {}).flatMap(([path, item]) => (item[method] ? [path] : [])),
    segments: Object.entries(endpoint.parameters).flatMap(([one, { segments, as }]) => (segments ? [as ?? one] : [])),
  };
}

function keepNames({ parameters, requestBody, ...rest }: Operation): Operation {
  const body = requestBody as RequestBody | undefined;
  return {
    ...rest,
    parameters: ((parameters ?? []) as Described[]).map(({ in: place, name }) => ({ in: place, name, schema: {} })),
    ...(body ? { requestBody: mapSchemas(body, (schema) => objectOf(Object.keys(schema.properties ?? {}))) } : {}),
  };
}

/** Some descriptions ask for a body of which they say nothing, such as of a DELETE: what sends none lacks nothing then. */
function dropUnsaidBody({ requestBody, ...rest }: Operation, endpoint: Endpoint): Operation {
  const body = requestBody as RequestBody | undefined;
  const isUnsaid = Object.values(body?.content ?? {}).every(({ schema }) => schema?.oneOf?.length === 0);
  const sendsNone = listSent(endpoint).every((one) => one.in !== 'body');
  return body && !(isUnsaid && sendsNone) ? { ...rest, requestBody: body } : rest;
}

function objectOf(names: readonly string[]): Schema {
  return { type: 'object', properties: Object.fromEntries(names.map((name) => [name, {}])) };
}

function mapSchemas({ required: _required, content }: RequestBody, map: (schema: Schema) => Schema): RequestBody {
  return { content: Object.fromEntries(Object.entries(content).map(([type, { schema }]) => [type, { schema: map(schema ?? {}) }])) };
}

/** Documented by the service today, though not in a description of this age. */
function addNewer(operation: Operation, endpoint: Endpoint, names: readonly string[]): Operation {
  // A description that forgets the body of a write documents nothing of it.
  const forgotten = names.length > 0 && operation.requestBody === undefined && endpoint.body?.encoding === 'json';
  const body = (forgotten ? { content: { 'application/json': { schema: { type: 'object' } } } } : operation.requestBody) as
    | RequestBody
    | undefined;
  const written = listSent(endpoint).filter(({ below }) => below.length === 0);
  const schemas = Object.values(body?.content ?? {}).flatMap(({ schema }) => schema ?? []);
  const inBody = names.filter(
    (name) => written.some((one) => one.in === 'body' && one.name === name) || schemas.some((one) => hasMember(one, name)),
  );
  const others = names.flatMap((name) => written.filter((one) => one.name === name && one.in !== 'body'));
  const pointers = names.filter((name) => name.startsWith('/')).map((name) => name.slice(1).split('/'));
  const add = (schema: Schema): Schema => [...inBody.map((name) => [name]), ...pointers].reduce(openAt, schema);
  const isOlder = (one: Described) => !others.some((other) => other.in === one.in && other.name === one.name);
  return {
    ...operation,
    parameters: [
      ...((operation.parameters ?? []) as Described[]).filter(isOlder),
      ...others.map(({ in: place, name }) => ({ in: place, name, schema: {} })),
    ],
    ...(body && inBody.length + pointers.length > 0 ? { requestBody: mapSchemas(body, add) } : {}),
  };
}

/** Of the body and the credential other parts of a description speak, and not these (OpenAPI 3.1, "Parameter Object", `in` header). */
function withoutIgnored(operation: Operation): Operation {
  const ignored = ['accept', 'content-type', 'authorization'];
  const parameters = ((operation.parameters ?? []) as Described[]).filter(
    (one) => one.in !== 'header' || !ignored.includes(one.name.toLowerCase()),
  );
  return { ...operation, parameters };
}

function hasMember({ properties = {}, oneOf = [] }: Schema, name: string): boolean {
  return name in properties || oneOf.some((one) => hasMember(one, name));
}

/** The schema, with a member at the end of a pointer of which nothing is said. */
function openAt(schema: Schema, [name = '', ...rest]: readonly string[]): Schema {
  if (schema.oneOf) return { ...schema, oneOf: schema.oneOf.map((one) => openAt(one, [name, ...rest])) };
  const inner = rest.length === 0 ? {} : openAt(schema.properties?.[name] ?? {}, rest);
  const isOlder = (one: string) => rest.length > 0 || one !== name;
  const required = schema.required ? { required: schema.required.filter(isOlder) } : {};
  return { ...schema, ...required, properties: { ...schema.properties, [name]: inner } };
}

/** What no parameter fills in a path is the connection's own: a variable, or the credential. */
function addOwnNames(operation: Operation, endpoint: Endpoint): Operation {
  const filled = listSent(endpoint).flatMap((one) => (one.in === 'path' ? one.name : []));
  const names = [...endpoint.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name as string).filter((name) => !filled.includes(name));
  const own = names.map((name) => ({ in: 'path', name, schema: { type: 'string' } }));
  return names.length === 0 ? operation : { ...operation, parameters: [...(operation.parameters ?? []), ...own] };
}

function addTypes(operation: Operation, types: readonly string[]): Operation {
  const body = operation.requestBody as RequestBody | undefined;
  const [first] = Object.values(body?.content ?? {});
  if (!body || !first || types.length === 0) return operation;
  return {
    ...operation,
    requestBody: { ...body, content: { ...body.content, ...Object.fromEntries(types.map((type) => [type, first])) } },
  };
}
