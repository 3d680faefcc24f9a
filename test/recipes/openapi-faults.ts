/**
 * What a recipe's endpoint and its provider's own OpenAPI document disagree about: what a recipe sends must be documented
 * there, and what is documented must be sent or omitted with a reason.
 */
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { RecipeValue } from '../../src/domains/recipes/format/parameter.ts';

const bounds = ['minimum', 'minLength', 'minItems', 'maximum', 'maxLength', 'maxItems'] as const;

export interface Schema extends Partial<Record<(typeof bounds)[number], number>> {
  $ref?: string;
  type?: string;
  nullable?: boolean;
  enum?: unknown[];
  default?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  oneOf?: Schema[];
  anyOf?: Schema[];
}
interface Documented {
  in: string;
  name: string;
  /** Further segments of the pointer, for what stands inside a property that a recipe fills part by part. */
  below?: string[];
  required?: boolean;
  schema: Schema;
}
export interface Operation {
  deprecated?: boolean;
  parameters?: (Documented | { $ref: string })[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
}
/** An OpenAPI 3.0 document, references in place. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
}

/** Every fault of one endpoint, each as a sentence that begins with the place of the fault. */
export function listFaults(openApi: OpenApi, endpoint: Endpoint, omittedEverywhere: object = {}): string[] {
  const operation = openApi.paths[endpoint.path]?.[endpoint.method.toLowerCase()];
  if (!operation) return [`${endpoint.method} ${endpoint.path}: is not documented`];
  const faults = operation.deprecated ? [`${endpoint.method} ${endpoint.path}: is deprecated`] : [];

  const sent = listSent(endpoint);
  const documented = listDocumented(
    openApi,
    operation,
    sent.some((one) => one.in === 'body' && one.name === ''),
  );
  for (const one of sent) {
    const at = placeOf(one);
    const target = documented.find((other) => other.in === one.in && other.name === one.name);
    const schemas = one.below.reduce(
      (found, segment) => found.flatMap((schema) => listAlternatives(openApi, schema.properties?.[segment])),
      listAlternatives(openApi, target?.schema),
    );
    if (schemas.length === 0) faults.push(`${at}: is not documented`);
    else if (one.value) faults.push(...listValueFaults(openApi, at, one.value, schemas));
  }
  const all = [...documented, ...documented.flatMap((one) => listInside(openApi, one, sent))];
  return [...faults, ...listForgotten(all, sent, { ...omittedEverywhere, ...endpoint.omits }), ...listOmissionFaults(endpoint, all, sent)];
}

function listForgotten(documented: Documented[], sent: Sent[], omitted: object): string[] {
  return documented.flatMap((one) => {
    const found = sent.filter((other) => isWithin(other, one));
    if (found.length === 0 && !(omissionOf(one) in omitted)) return [`${placeOf(one)}: is neither sent nor omitted`];
    return one.required && !found.some((other) => other.certain) ? [`${placeOf(one)}: is required there`] : [];
  });
}

function listOmissionFaults(endpoint: Endpoint, documented: Documented[], sent: Sent[]): string[] {
  return Object.keys(endpoint.omits ?? {}).flatMap((name) => [
    ...(documented.some((one) => omissionOf(one) === name) ? [] : [`omits ${name}: is not documented`]),
    ...(sent.some((one) => omissionOf(one) === name) ? [`omits ${name}: is sent`] : []),
  ]);
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
function listInside(openApi: OpenApi, outer: Documented, sent: Sent[]): Documented[] {
  const below = outer.below ?? [];
  const parts = sent.filter((one) => isWithin(one, outer) && one.below.length > below.length);
  if (parts.length === 0) return [];
  const alternatives = listAlternatives(openApi, outer.schema);
  const required = parts.some((one) => one.certain) ? listRequired(alternatives) : [];
  const names = new Set(alternatives.flatMap((one) => Object.keys(one.properties ?? {})));
  return [...names].flatMap((name) => {
    const inner: Documented = {
      in: outer.in,
      name: outer.name,
      below: [...below, name],
      required: required.includes(name),
      schema: { oneOf: alternatives.flatMap((one) => one.properties?.[name] ?? []) },
    };
    return [inner, ...listInside(openApi, inner, sent)];
  });
}

function resolve<T extends object>(openApi: OpenApi, node: T | { $ref: string }): T {
  if (!('$ref' in node && node.$ref)) return node as T;
  const keys = node.$ref.slice(2).split('/');
  return resolve(openApi, keys.reduce((at, key) => (at as Record<string, object>)[key]!, openApi as object) as T);
}

/** The plain schemas one of which a value must meet: references followed, choices spread, `nullable` as a schema of its own. */
function listAlternatives(openApi: OpenApi, schema: Schema | undefined): Schema[] {
  if (!schema) return [];
  const { oneOf, anyOf, nullable, ...common } = resolve<Schema>(openApi, schema);
  const choices = (oneOf ?? anyOf)
    ?.flatMap((one) => listAlternatives(openApi, one))
    .map((choice) => ({
      ...common,
      ...choice,
      properties: { ...common.properties, ...choice.properties },
      required: [...(common.required ?? []), ...(choice.required ?? [])],
    }));
  return [...(choices ?? [common]), ...(nullable ? [{ type: 'null' }] : [])];
}

function listRequired(schemas: Schema[]): string[] {
  const objects = schemas.filter((schema) => schema.type !== 'null');
  return (objects[0]?.required ?? []).filter((name) => objects.every((schema) => schema.required?.includes(name)));
}

function admits(schema: Schema, type: string): boolean {
  return schema.type === undefined || schema.type === type || (schema.type === 'number' && type === 'integer');
}

/** What the recipe lets a caller send and the documented schemas do not. */
function listValueFaults(openApi: OpenApi, at: string, value: RecipeValue, schemas: Schema[]): string[] {
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

  for (const [name, property] of Object.entries(value.properties ?? {})) {
    const inner = fitting.flatMap((schema) => listAlternatives(openApi, schema.properties?.[name]));
    faults.push(...(inner.length > 0 ? listValueFaults(openApi, `${at}.${name}`, property, inner) : [`${at}.${name}: is not documented`]));
  }
  const forgotten = value.properties ? listRequired(fitting).filter((name) => !value.required?.includes(name)) : [];
  return [...faults, ...forgotten.map((name) => `${at}.${name}: is required there`)];
}

interface Sent {
  in: string;
  /** The provider's name; in a body the first segment of the pointer, and empty when the value is the whole body. */
  name: string;
  /** The further segments of the pointer. */
  below: string[];
  certain: boolean;
  value?: RecipeValue;
}

/** A composed mail is one text at its place; its parts are the gateway's own affair. */
function listSent(endpoint: Endpoint): Sent[] {
  const { query, body, parameters } = endpoint;
  const constants = (place: string, names: object = {}): Sent[] =>
    Object.keys(names).map((name) => ({ in: place, ...readPointer(name), certain: true }));
  return [
    ...constants('query', query),
    ...constants('body', body?.constants),
    ...(body?.mail_at === undefined
      ? []
      : [{ in: 'body', ...readPointer(body.mail_at), certain: true, value: { type: 'string' } as const }]),
    ...Object.entries(parameters).flatMap(([name, parameter]): Sent[] => {
      if (parameter.in === 'mail') return [];
      const certain = parameter.required === true || (parameter.send_default === true && parameter.default !== undefined);
      if (!parameter.split) return [{ in: parameter.in, ...readPointer(parameter.as ?? name), certain, value: parameter as RecipeValue }];
      const value: RecipeValue = { type: 'string' };
      return [...parameter.split.matchAll(/\{(\w+)\}/g)].map(([, part]) => ({ in: 'path', name: part!, below: [], certain, value }));
    }),
  ];
}

function readPointer(name: string): Pick<Sent, 'name' | 'below'> {
  const [first = '', ...below] = name.startsWith('/') ? name.slice(1).split('/') : [name];
  return { name: first, below };
}

function listDocumented(openApi: OpenApi, operation: Operation, wholeBody: boolean): Documented[] {
  const parameters = (operation.parameters ?? []).map((parameter) => resolve<Documented>(openApi, parameter));
  const body = operation.requestBody;
  if (!body) return parameters;
  const schema = (body.content['application/json'] ?? Object.values(body.content)[0])?.schema ?? {};
  if (wholeBody) return [...parameters, { in: 'body', name: '', required: body.required === true, schema }];

  const alternatives = listAlternatives(openApi, schema);
  const required = listRequired(alternatives);
  const names = new Set(alternatives.flatMap((one) => Object.keys(one.properties ?? {})));
  const properties = [...names].map((name) => ({
    in: 'body',
    name,
    required: required.includes(name),
    schema: { oneOf: alternatives.flatMap((one) => one.properties?.[name] ?? []) },
  }));
  return [...parameters, ...properties];
}
