/**
 * What a recipe's endpoint and its provider's own description disagree about: what a recipe sends must be documented
 * there, and what is documented must be sent or omitted with a reason.
 */
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { RecipeValue } from '../../src/domains/recipes/format/parameter.ts';
import {
  bounds,
  listAlternatives,
  listParameters,
  listRequired,
  type methods,
  type OpenApi,
  type Operation,
  type PathItem,
  type PlainSchema,
  propertyOf,
  type RequestBody,
  resolve,
  type Schema,
} from '../../src/domains/recipes/import/openapi.ts';
import { listSent, pickContent, type Sent } from './sent.ts';

/** What is documented, by path. */
export type Paths = Pick<OpenApi, 'paths'>;

/** A place of an operation where something may be sent. */
interface Documented {
  in: string;
  name: string;
  /** Further segments of the pointer, for what stands inside a property that a recipe fills part by part. */
  below?: string[];
  required?: boolean;
  schema: Schema;
}

export interface Leave {
  /** Documented parameters that no endpoint of the recipe sends, with the reason. */
  omits?: object | undefined;
  /** Documented by the provider today, and not in a description of this age, or required or with other values there. */
  newer?: object | undefined;
  /** What the recipe sends with every request, by name of the header. */
  headers?: object | undefined;
  /** `names`: types, bounds, values and requiredness of this description are not to be relied on. */
  trust?: 'names' | undefined;
}

/** Every fault of one endpoint, each as a sentence that begins with the place of the fault. */
export function listFaults(openApi: Paths, endpoint: Endpoint, { omits = {}, newer = {}, headers = {}, trust }: Leave = {}): string[] {
  const item = openApi.paths[endpoint.path];
  const operation = item?.[endpoint.method.toLowerCase() as (typeof methods)[number]];
  if (!item || !operation) return [`${endpoint.method} ${endpoint.path}: is not documented`];
  const faults = operation.deprecated ? [`${endpoint.method} ${endpoint.path}: is deprecated`] : [];

  const sent = listSent(endpoint).filter((one) => !(one.in === 'header' && standardHeaders.includes(one.name.toLowerCase())));
  const always = Object.keys(headers).map((name) => name.toLowerCase());
  const isAlways = (one: Documented) => one.in === 'header' && always.includes(one.name.toLowerCase());
  const isSent = (one: Documented) => sent.some((other) => other.in === one.in && other.name === one.name);
  const documented = listDocumented(openApi, item, operation, endpoint, sent).filter((one) => !isAlways(one) || isSent(one));
  for (const one of sent) {
    const at = placeOf(one);
    const target = documented.find((other) => other.in === one.in && other.name === one.name);
    const schemas = one.below.reduce(
      (found, segment) => found.flatMap((schema) => listAlternatives(openApi, partOf(schema, segment))),
      listAlternatives(openApi, target?.schema),
    );
    if (schemas.length === 0) faults.push(...(omissionOf(one) in newer ? [] : [`${at}: is not documented`]));
    else if (one.value && trust !== 'names' && !(omissionOf(one) in newer))
      faults.push(...listValueFaults(openApi, at, one.in === 'path' ? writtenIn(one.value, schemas) : one.value, schemas));
  }
  const all = [...documented, ...documented.flatMap((one) => listInside(openApi, one, sent))].map((one) =>
    trust === 'names' || omissionOf(one) in newer ? { ...one, required: false } : one,
  );
  return [...faults, ...listForgotten(all, sent, { ...omits, ...endpoint.omits }), ...listOmissionFaults(endpoint, all, sent, newer)];
}

/** In a path a text of digits is what an integer is: services give ids as texts and call them integers there. */
function writtenIn(value: RecipeValue, schemas: PlainSchema[]): RecipeValue {
  const isDigits = value.type === 'string' && value.pattern === '^[0-9]+$';
  return isDigits && !schemas.some((schema) => admits(schema, 'string')) ? { ...value, type: 'integer' } : value;
}

/** Every request may have them, whatever a description says. */
const standardHeaders = ['accept', 'accept-language', 'authorization', 'content-length', 'content-type', 'cookie', 'prefer', 'user-agent'];

function listForgotten(documented: Documented[], sent: Sent[], omitted: object): string[] {
  return documented.flatMap((one) => {
    const found = sent.filter((other) => isWithin(other, one));
    if (found.length === 0 && !(omissionOf(one) in omitted)) return [`${placeOf(one)}: is neither sent nor omitted`];
    return one.required && !found.some((other) => other.certain) ? [`${placeOf(one)}: is required there`] : [];
  });
}

function listOmissionFaults(endpoint: Endpoint, documented: Documented[], sent: Sent[], newer: object): string[] {
  return Object.keys(endpoint.omits ?? {}).flatMap((name) => [
    ...(name in newer || documented.some((one) => omissionOf(one) === name) ? [] : [`omits ${name}: is not documented`]),
    ...(isSent(name, documented, sent) ? [`omits ${name}: is sent`] : []),
  ]);
}

/** A name may be documented in several places, and one of them left out. */
function isSent(name: string, documented: Documented[], sent: Sent[]): boolean {
  const places = documented.filter((one) => omissionOf(one) === name);
  if (places.length > 1) return places.every((one) => sent.some((other) => isWithin(other, one)));
  return sent.some((one) => omissionOf(one) === name);
}

type Place = Pick<Documented, 'in' | 'name' | 'below'>;

function placeOf({ in: place, name, below = [] }: Place): string {
  return [place, name, ...below].join(' ');
}

/** The key under which `omits` names it: its name, or the pointer to what is inside. */
function omissionOf({ name, below = [] }: Place): string {
  return below.length > 0 ? `/${[name, ...below].join('/')}` : name;
}

function isWithin(sent: Sent, { in: place, name, below = [] }: Place): boolean {
  return sent.in === place && sent.name === name && below.every((segment, at) => sent.below[at] === segment);
}

/**
 * The properties inside a documented one, if the recipe fills it part by part; what is required there is so only where
 * some part is certain to be sent.
 */
function listInside(openApi: Paths, outer: Documented, sent: Sent[]): Documented[] {
  const below = outer.below ?? [];
  const parts = sent.filter((one) => isWithin(one, outer) && one.below.length > below.length);
  if (parts.length === 0) return [];
  const alternatives = listAlternatives(openApi, outer.schema);
  const required = parts.some((one) => one.certain) ? listRequired(alternatives) : [];
  const entries = parts.flatMap((one) => (isIndex(one.below[below.length]) ? (one.below[below.length] as string) : []));
  const names = new Set([...alternatives.flatMap((one) => Object.keys(one.properties ?? {})), ...entries]);
  return [...names].flatMap((name) => {
    const inner: Documented = {
      in: outer.in,
      name: outer.name,
      below: [...below, name],
      required: required.includes(name),
      schema: { oneOf: alternatives.flatMap((one) => partOf(one, name) ?? []) },
    };
    return [inner, ...listInside(openApi, inner, sent)];
  });
}

/** What a segment of a pointer leads to: a property, an entry of a list, or a further member of an object that takes any. */
function partOf(schema: PlainSchema, segment: string): Schema | undefined {
  return propertyOf(schema, segment) ?? (isIndex(segment) ? schema.items : undefined) ?? otherPartOf(schema);
}

function otherPartOf({ type, properties, items, additionalProperties }: PlainSchema): Schema | undefined {
  if (typeof additionalProperties === 'object') return additionalProperties;
  const saysNothing = type === undefined && properties === undefined && items === undefined && additionalProperties === undefined;
  return additionalProperties === true || saysNothing ? {} : undefined;
}

function isIndex(segment = ''): boolean {
  return /^\d+$/.test(segment);
}

function admits(schema: PlainSchema, type: string): boolean {
  return schema.type === undefined || schema.type === type || (schema.type === 'number' && type === 'integer');
}

/** What the recipe lets a caller send and the documented schemas do not. */
function listValueFaults(openApi: Paths, at: string, value: RecipeValue, schemas: PlainSchema[]): string[] {
  const types = [value.type].flat();
  const faults = types.filter((type) => !schemas.some((schema) => admits(schema, type))).map((type) => `${at}: may not be ${type}`);
  const fitting = schemas.filter((schema) => schema.type !== 'null' && types.some((type) => admits(schema, type)));

  const listed = fitting.length > 0 && fitting.every((schema) => schema.enum) ? fitting.flatMap((schema) => schema.enum) : undefined;
  if (listed && !value.enum) faults.push(`${at}: does not name the documented values`);
  for (const one of value.enum ?? []) {
    if (one !== null && listed && !listed.includes(one)) faults.push(`${at}: ${one} is not a documented value`);
  }

  for (const schema of fitting) {
    if (value.default !== undefined && schema.default !== undefined && value.default !== schema.default) {
      faults.push(`${at}: the documented default is ${schema.default}`);
    }
    for (const bound of bounds.filter((bound) => schema[bound] !== undefined)) {
      const excess = (value[bound] ?? Number.NaN) - schema[bound]!;
      if (!(bound.startsWith('min') ? excess >= 0 : excess <= 0)) faults.push(`${at}: the documented ${bound} is ${schema[bound]}`);
    }
  }

  const items = fitting.flatMap((schema) => listAlternatives(openApi, schema.items));
  if (types.includes('array') && items.length > 0) {
    faults.push(...(value.items ? listValueFaults(openApi, `${at}[]`, value.items, items) : [`${at}: does not describe its items`]));
  }

  const isOpen = fitting.some((schema) => schema.additionalProperties === true && schema.properties === undefined);
  for (const [name, property] of Object.entries(value.properties ?? {})) {
    const inner = fitting.flatMap((schema) => listAlternatives(openApi, propertyOf(schema, name)));
    if (inner.length > 0) faults.push(...listValueFaults(openApi, `${at}.${name}`, property, inner));
    else if (!isOpen) faults.push(`${at}.${name}: is not documented`);
  }
  // Of a parameter the word says whether it is needed itself, so nothing says which of its members are.
  const required: unknown = value.required;
  const needed = Array.isArray(required) ? required : [];
  const forgotten = value.properties && typeof required !== 'boolean' ? listRequired(fitting).filter((name) => !needed.includes(name)) : [];
  return [...faults, ...forgotten.map((name) => `${at}.${name}: is required there`)];
}

function listDocumented(openApi: Paths, item: PathItem, operation: Operation, endpoint: Endpoint, sent: Sent[]): Documented[] {
  const parameters = listParameters(openApi, item, operation).flatMap((one): Documented[] => {
    if (one.in === 'cookie' || (one.in === 'header' && standardHeaders.includes(one.name.toLowerCase()))) return [];
    return [{ in: one.in, name: one.name, required: one.required === true, schema: one.schema ?? {} }];
  });
  const body = resolve<RequestBody>(openApi, operation.requestBody);
  const schema = body && (pickContent(endpoint, body.content)?.[1].schema ?? {});
  if (!schema) return parameters;
  if (sent.some((one) => one.in === 'body' && one.name === ''))
    return [...parameters, { in: 'body', name: '', required: body.required === true, schema }];

  const alternatives = listAlternatives(openApi, schema);
  const required = listRequired(alternatives);
  const names = new Set(alternatives.flatMap((one) => Object.keys(one.properties ?? {})));
  const properties = [...names].map((name) => ({
    in: 'body',
    name,
    required: required.includes(name),
    schema: { oneOf: alternatives.flatMap((one) => propertyOf(one, name) ?? []) },
  }));
  return [...parameters, ...properties];
}
