/**
 * What a recipe's endpoint and GitHub's own OpenAPI file disagree about: what a recipe sends must be documented there,
 * and what is documented must be sent or omitted with a reason.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Endpoint, RecipeValue } from '../../src/domains/recipes/format.ts';

const bounds = ['minimum', 'minLength', 'minItems', 'maximum', 'maxLength', 'maxItems'] as const;

interface Schema extends Partial<Record<(typeof bounds)[number], number>> {
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
  required?: boolean;
  schema: Schema;
}
interface Operation {
  deprecated?: boolean;
  parameters?: (Documented | { $ref: string })[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
}

const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
/** GitHub's OpenAPI 3.0 document, references in place. */
export const openApi: { paths: Record<string, Record<string, Operation>> } = JSON.parse(readFileSync(file, 'utf8'));

/** Every fault of one endpoint, each as a sentence that begins with the place of the fault. */
export function listFaults(endpoint: Endpoint, omittedEverywhere: object = {}): string[] {
  const operation = openApi.paths[endpoint.path]?.[endpoint.method.toLowerCase()];
  if (!operation) return [`${endpoint.method} ${endpoint.path}: is not documented`];
  const faults = operation.deprecated ? [`${endpoint.method} ${endpoint.path}: is deprecated`] : [];

  const sent = listSent(endpoint);
  const documented = listDocumented(
    operation,
    sent.some((one) => one.in === 'body' && one.name === ''),
  );
  for (const one of sent) {
    const at = [one.in, one.name, ...one.below].join(' ');
    const target = documented.find((other) => other.in === one.in && other.name === one.name);
    const schemas = one.below.reduce(
      (found, segment) => found.flatMap((schema) => listAlternatives(schema.properties?.[segment])),
      listAlternatives(target?.schema),
    );
    if (schemas.length === 0) faults.push(`${at}: is not documented`);
    else if (one.value) faults.push(...listValueFaults(at, one.value, schemas));
  }

  const omitted = { ...omittedEverywhere, ...endpoint.omits };
  for (const { in: place, name, required } of documented) {
    const found = sent.filter((one) => one.in === place && one.name === name);
    if (found.length === 0 && !(name in omitted)) faults.push(`${place} ${name}: is neither sent nor omitted`);
    else if (required && !found.some((one) => one.certain)) faults.push(`${place} ${name}: is required there`);
  }
  for (const name of Object.keys(endpoint.omits ?? {})) {
    if (!documented.some((one) => one.name === name)) faults.push(`omits ${name}: is not documented`);
    if (sent.some((one) => one.name === name)) faults.push(`omits ${name}: is sent`);
  }
  return faults;
}

function resolve<T extends object>(node: T | { $ref: string }): T {
  if (!('$ref' in node && node.$ref)) return node as T;
  const keys = node.$ref.slice(2).split('/');
  return resolve(keys.reduce((at, key) => (at as Record<string, object>)[key]!, openApi as object) as T);
}

/** The plain schemas one of which a value must meet: references followed, choices spread, `nullable` as a schema of its own. */
function listAlternatives(schema: Schema | undefined): Schema[] {
  if (!schema) return [];
  const { oneOf, anyOf, nullable, ...common } = resolve<Schema>(schema);
  const choices = (oneOf ?? anyOf)?.flatMap(listAlternatives).map((choice) => ({
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
function listValueFaults(at: string, value: RecipeValue, schemas: Schema[]): string[] {
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

  const items = fitting.flatMap((schema) => listAlternatives(schema.items));
  if (types.includes('array') && items.length > 0) {
    faults.push(...(value.items ? listValueFaults(`${at}[]`, value.items, items) : [`${at}: does not describe its items`]));
  }

  for (const [name, property] of Object.entries(value.properties ?? {})) {
    const inner = fitting.flatMap((schema) => listAlternatives(schema.properties?.[name]));
    faults.push(...(inner.length > 0 ? listValueFaults(`${at}.${name}`, property, inner) : [`${at}.${name}: is not documented`]));
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

function listSent(endpoint: Endpoint): Sent[] {
  const constants = (place: string, names: object = {}): Sent[] =>
    Object.keys(names).map((name) => ({ in: place, ...readPointer(name), certain: true }));
  return [
    ...constants('query', endpoint.query),
    ...constants('body', endpoint.body?.constants),
    ...Object.entries(endpoint.parameters).flatMap(([name, parameter]): Sent[] => {
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

function listDocumented(operation: Operation, wholeBody: boolean): Documented[] {
  const parameters = (operation.parameters ?? []).map((parameter) => resolve<Documented>(parameter));
  const body = operation.requestBody;
  if (!body) return parameters;
  const schema = (body.content['application/json'] ?? Object.values(body.content)[0])?.schema ?? {};
  if (wholeBody) return [...parameters, { in: 'body', name: '', required: body.required === true, schema }];

  const alternatives = listAlternatives(schema);
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
