/**
 * An operation of a description as small as its proof needs it: names, places, types, bounds and requiredness of everything that a
 * recipe can send, down to the last member where the recipe leaves an object open, and no sentence.
 */
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { RecipeValue } from '../../src/domains/recipes/format/parameter.ts';
import { nameParameter } from '../../src/domains/recipes/import/names.ts';
import {
  bounds,
  type Described,
  listAlternatives,
  listParameters,
  type OpenApi,
  type Operation,
  type PlainSchema,
  type RequestBody,
  resolve,
  type Schema,
} from '../../src/domains/recipes/import/openapi.ts';
import type { Found } from './facts.ts';
import { listSent, pickContent, type Sent } from './sent.ts';

/** What recipes send below one place: the parts that they fill by themselves, and the values they give. */
interface Use {
  parts: Map<string, Use>;
  values: RecipeValue[];
  /** Anything may stand there, so all that is documented counts. */
  isOpen: boolean;
}

const nothing: Use = { parts: new Map(), values: [], isOpen: false };
const anything: Use = { ...nothing, isOpen: true };

/** Of the operation, as much as all `endpoints` that call it can send. What their path writes out is no parameter of theirs. */
export function shrinkOperation({ openApi, item, operation }: Found, endpoints: readonly Endpoint[]): Operation {
  const sent = endpoints.flatMap(listSent);
  const body = resolve<RequestBody>(openApi, operation.requestBody);
  const picked = new Map(endpoints.flatMap((endpoint) => toList(body && pickContent(endpoint, body.content ?? {}))));
  const isLeft = ({ in: place, name }: Described) =>
    place === 'path' ? endpoints.some(({ path }) => path.includes(`{${name}}`)) : place !== 'cookie';
  const parameters = listParameters(openApi, item, operation)
    .map((one) => (one.in === 'path' ? { ...one, name: nameParameter(one.name) } : one))
    .filter(isLeft);
  const usedIn = (place: string) => useOf(sent.filter((one) => one.in === place));
  return {
    ...(operation.deprecated ? { deprecated: true } : {}),
    ...(operation.scopes ? { scopes: operation.scopes } : {}),
    parameters: parameters.map((one) => shrinkParameter(openApi, one, usedIn(one.in).parts.get(one.name) ?? nothing)),
    ...(body && picked.size > 0
      ? {
          requestBody: {
            ...(body.required ? { required: true } : {}),
            content: Object.fromEntries(
              [...picked].map(([type, { schema }]) => [type, { schema: shrink(openApi, schema, usedIn('body'), true) }]),
            ),
          },
        }
      : {}),
  };
}

function toList<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}

function useOf(sent: readonly Sent[]): Use {
  const top: Use = { parts: new Map(), values: [], isOpen: false };
  for (const one of sent) {
    const steps = one.in === 'body' && one.name === '' ? [] : [one.name, ...one.below];
    const at = steps.reduce((use, step) => {
      if (!use.parts.has(step)) use.parts.set(step, { parts: new Map(), values: [], isOpen: false });
      return use.parts.get(step)!;
    }, top);
    if (one.value) at.values.push(one.value);
    else at.isOpen = true;
  }
  return top;
}

function shrinkParameter(openApi: OpenApi, one: Described, use: Use): Described {
  const [written] = Object.entries(one.content ?? {});
  return {
    in: one.in,
    name: one.name,
    ...(one.required ? { required: true } : {}),
    ...(one.style === undefined ? {} : { style: one.style }),
    ...(one.explode === undefined ? {} : { explode: one.explode }),
    ...(written ? { content: { [written[0]]: {} } } : {}),
    schema: shrink(openApi, one.schema ?? written?.[1].schema, use),
  };
}

/** Deeper than recipes' open objects are filled in, and where rings of references end. */
const depthMax = 8;

function shrink(openApi: OpenApi, schema: Schema | undefined, use: Use, isWhole = false, depth = 0): Schema {
  if (depth > depthMax) return {};
  const texts = listAlternatives(openApi, schema).map((one) => JSON.stringify(shrinkPlain(openApi, one, use, isWhole, depth)));
  const all = [...new Set(texts)].map((text) => JSON.parse(text) as Schema);
  return all.length === 1 ? all[0]! : { oneOf: all };
}

const kept = [...bounds, 'exclusiveMinimum', 'exclusiveMaximum', 'type', 'enum', 'default', 'pattern', 'format', 'uniqueItems'] as const;

function shrinkPlain(openApi: OpenApi, schema: PlainSchema, use: Use, isWhole: boolean, depth: number): Schema {
  const small: Schema = Object.fromEntries(kept.flatMap((word) => (schema[word] === undefined ? [] : [[word, schema[word]]])));
  const inner = (one: Schema, inside: Use) => shrink(openApi, one, inside, false, depth + 1);
  const isNamed = use.parts.size > 0 || use.values.some((value) => value.properties) || isOpenTo('properties', use);
  if (schema.properties && (isWhole || isNamed)) {
    const written = Object.entries(schema.properties).filter(([, property]) => resolve<Schema>(openApi, property)?.readOnly !== true);
    small.properties = Object.fromEntries(written.map(([name, property]) => [name, inner(property, memberOf(use, name))]));
    const required = (schema.required ?? []).filter((name) => Object.hasOwn(small.properties!, name));
    if (required.length > 0) small.required = required;
  }
  const { additionalProperties: others } = schema;
  if (others === true) small.additionalProperties = true;
  else if (others) small.additionalProperties = inner(others, isOpenTo('properties', use) ? anything : othersOf(use, schema));
  if (schema.items) {
    small.items = inner(schema.items, isOpenTo('items', use) ? anything : entriesOf(use));
  }
  return small;
}

/** Whether a recipe says nothing of what stands inside. */
function isOpenTo(inside: 'properties' | 'items', { values, isOpen }: Use): boolean {
  const type = inside === 'items' ? 'array' : 'object';
  return isOpen || values.some((value) => [value.type].flat().includes(type) && value[inside] === undefined);
}

/** What recipes send of the entries of a list: as a whole, or part by part below the place of one, as `/people/0/name`. */
function entriesOf({ parts, values }: Use): Use {
  const whole = { parts: new Map(), values: values.flatMap((value) => value.items ?? []), isOpen: false };
  return [...parts].filter(([step]) => /^\d+$/.test(step)).reduce((all, [, one]) => joinUses(all, one), whole);
}

function joinUses(one: Use, other: Use): Use {
  const parts = new Map(one.parts);
  for (const [step, use] of other.parts) parts.set(step, joinUses(parts.get(step) ?? nothing, use));
  return { parts, values: [...one.values, ...other.values], isOpen: one.isOpen || other.isOpen };
}

/** What recipes send of members that the description does not name. */
function othersOf({ parts }: Use, { properties = {} }: PlainSchema): Use {
  return [...parts].filter(([step]) => !Object.hasOwn(properties, step)).reduce((all, [, one]) => joinUses(all, one), nothing);
}

function memberOf(use: Use, name: string): Use {
  const part = use.parts.get(name);
  const values = [...(part?.values ?? []), ...use.values.flatMap((value) => value.properties?.[name] ?? [])];
  const isOpen = part?.isOpen === true || (part === undefined && values.length === 0 && isOpenTo('properties', use));
  return { parts: part?.parts ?? new Map(), values, isOpen };
}
