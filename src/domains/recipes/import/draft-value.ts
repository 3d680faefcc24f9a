/** What a description says of a value, in a recipe's words. Sentences are left out: they are the provider's. */
import type { JsonType, RecipeValue } from '../format/parameter.ts';
import { bounds, listAlternatives, type PlainSchema, type Schema } from './openapi.ts';

const formats = ['date', 'date-time', 'time', 'email', 'uri', 'uuid', 'byte', 'ipv4', 'ipv6', 'hostname'];

/** How much of a value is written out. */
export interface Room {
  /** Objects further inside are left open. */
  depthMax: number;
  /** Values that may still be written. */
  left: number;
}

/** The value, and what of it could not be said. */
export interface DraftedValue {
  value: RecipeValue;
  losses: string[];
}

export function draftValue(document: object, schema: Schema | undefined, at: string, room: Room, depth = 0): DraftedValue {
  room.left -= 1;
  const all = listAlternatives(document, schema);
  const plain = all.filter((one) => one.type !== 'null');
  const isNullable = plain.length < all.length;
  // Where the description itself says nothing, nothing is lost.
  if (plain.length === 0) return { value: { type: [...anything] }, losses: schema ? [`${at}: nothing is said of its type`] : [] };
  if (plain.some(isOpen)) {
    const open: DraftedValue =
      plain.length === 1
        ? draftPlain(document, plain[0] as PlainSchema, 'string', at, room, depth)
        : { value: { type: 'string' }, losses: [] };
    open.value.type = [...anything, ...(isNullable ? ['null' as const] : [])];
    return open;
  }
  const byType = Map.groupBy(plain, typeOf);
  const whole = byType.get('integer');
  const number = byType.get('number');
  if (whole && number) {
    byType.set('number', [...number, ...whole]);
    byType.delete('integer');
  }
  const drafts = [...byType].map(([type, choices]) => draftChoices(document, choices, type, at, room, depth));
  const drafted = drafts.length === 1 ? (drafts[0] as DraftedValue) : joinTypes(drafts, at);
  if (isNullable) drafted.value.type = [...[drafted.value.type].flat(), 'null'];
  return drafted;
}

/** Of one type. */
function draftChoices(document: object, choices: PlainSchema[], type: JsonType, at: string, room: Room, depth: number): DraftedValue {
  const [first] = choices as [PlainSchema];
  const drafted = draftPlain(document, choices.length === 1 ? first : joinChoices(choices), type, at, room, depth);
  if (choices.length > 1 && type === 'object')
    drafted.losses.push(`${at}: one of ${choices.length} kinds of objects, whose members are joined`);
  return drafted;
}

/** One of several types: words of JSON Schema hold for their own type alone, but for the values that are listed. */
function joinTypes(drafts: DraftedValue[], at: string): DraftedValue {
  const losses = drafts.flatMap((one) => one.losses);
  const types = drafts.map(({ value }) => value.type as JsonType);
  const joined: RecipeValue = { type: types };
  const areListed = drafts.every(({ value }) => value.enum);
  if (areListed) joined.enum = drafts.flatMap(({ value }) => value.enum ?? []);
  for (const { value } of drafts) {
    const { type, enum: values, ...words } = value;
    Object.assign(joined, words, joined.default === undefined ? {} : { default: joined.default });
    if (areListed || !values) continue;
    // The empty text, by which services let a value be cleared.
    if (values.every((one) => one === '')) joined.maxLength = 0;
    else losses.push(`${at}: which values it may have as ${String(type)} is not said`);
  }
  return { value: joined, losses };
}

/** The types of what may be anything. */
const anything: readonly JsonType[] = ['string', 'number', 'boolean', 'object', 'array'];

export function isAnything({ type }: Pick<RecipeValue, 'type'>): boolean {
  return anything.every((one) => type.includes(one));
}

/** Whether nothing is said of what it is. */
function isOpen({ type, properties, additionalProperties, items, enum: values }: PlainSchema): boolean {
  return type === undefined && !properties && !additionalProperties && !items && !values;
}

function typeOf(schema: PlainSchema): JsonType {
  if (schema.type !== undefined && schema.type !== 'null') return schema.type as JsonType;
  if (schema.items) return 'array';
  const [sample] = schema.enum ?? [];
  if (sample === undefined) return 'object';
  return typeof sample === 'number' ? 'number' : typeof sample === 'boolean' ? 'boolean' : 'string';
}

/** Members of all choices, of which those are required that every choice requires. */
function joinChoices(choices: PlainSchema[]): PlainSchema {
  const required = (choices[0]?.required ?? []).filter((name) => choices.every((one) => one.required?.includes(name)));
  const enums = choices.every((one) => one.enum) ? { enum: [...new Set(choices.flatMap((one) => one.enum ?? []))] } : {};
  // Not by assignment, for which `__proto__` is no name.
  const properties = Object.fromEntries(choices.flatMap((one) => Object.entries(one.properties ?? {})));
  const items = choices.flatMap((one) => one.items ?? []);
  return {
    ...enums,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
    ...(items.length > 0 ? { items: items.length === 1 ? items[0]! : { anyOf: items } } : {}),
  };
}

function draftPlain(document: object, schema: PlainSchema, type: JsonType, at: string, room: Room, depth: number): DraftedValue {
  const losses: string[] = [];
  const value: RecipeValue = { type };
  const values = schema.enum?.filter((one) => one === null || ['string', 'number', 'boolean'].includes(typeof one));
  if (values?.length) value.enum = values as NonNullable<RecipeValue['enum']>;
  if (schema.default !== undefined && schema.default !== null) value.default = schema.default;
  if (type === 'string' && schema.format !== undefined && formats.includes(schema.format)) value.format = schema.format;
  for (const bound of bounds) if (typeof schema[bound] === 'number') value[bound] = schema[bound];
  if (type === 'array' && schema.items) {
    const items = draftValue(document, schema.items, `${at}[]`, room, depth + 1);
    value.items = items.value;
    losses.push(...items.losses);
  }
  if (type === 'object' && schema.properties) {
    if (depth >= room.depthMax || room.left <= 0) losses.push(`${at}: has further members, and is left open`);
    else losses.push(...draftProperties(document, schema, value, at, room, depth));
  }
  return { value, losses };
}

/** Records that are read leave it out without a word. */
const unspeakable = '__proto__';

function draftProperties(document: object, schema: PlainSchema, value: RecipeValue, at: string, room: Room, depth: number): string[] {
  const losses: string[] = [];
  const properties: Record<string, RecipeValue> = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (listAlternatives(document, property).some((one) => one.readOnly)) continue;
    if (name === unspeakable) {
      losses.push(`${at}.${name}: has a name that no recipe can hold, and is left out`);
      continue;
    }
    const inner = draftValue(document, property, `${at}.${name}`, room, depth + 1);
    properties[name] = inner.value;
    losses.push(...inner.losses);
  }
  value.properties = properties;
  const required = (schema.required ?? []).filter((name) => Object.hasOwn(properties, name));
  if (required.length > 0) value.required = required;
  return losses;
}
