/**
 * The shapes of answers from a description: named as its components, choices of objects joined, rings followed once. Maps, choices of other
 * kinds and whatever else has no fields of its own are `json`.
 */
import type { Answers } from '../../format/answer/shapes.ts';
import { freeName, nameAnswer } from '../../shapes/answer-shapes.ts';
import { findPointed, listAlternatives, type OpenApi, type Operation, type PlainSchema, resolve, type Schema } from '../openapi.ts';
import { findAnswer } from './answer-schemas.ts';
import { type DraftShapes, settleShapes } from './settle-shapes.ts';

/** A description of a stranger may hold more than anybody asks for. */
const shapesWalkedMax = 20_000;
const depthMax = 60;
const fieldsMax = 500;

export class AnswerMapper {
  /** The one that the operation at hand is of. */
  #document: OpenApi;
  readonly #shapes: DraftShapes = new Map();
  readonly #returns: Record<string, string> = {};
  /** By what stands for it in the description: schemas in their order. */
  readonly #known = new Map<string, string>();
  readonly #ids = new WeakMap<object, number>();
  readonly #taken: Record<string, true> = {};
  #idLast = 0;

  constructor(document: OpenApi) {
    this.#document = document;
  }

  /** `document`: of the operation, where it is not that of the one before. */
  add(endpoint: string, operation: Operation, accept?: string, document?: OpenApi): void {
    if (document) this.#document = document;
    const answer = findAnswer(this.#document, operation, accept);
    if (!answer) return;
    const wanted = nameAnswer(endpoint, {});
    const type = this.#typeOf([answer.schema ?? {}], wanted, 0);
    const shown = this.#addShown(type, answer.samples, wanted);
    if (shown !== 'json') this.#returns[endpoint] = shown;
  }

  /** As `answers.json` holds it; undefined where nothing was described. */
  finish(): Answers | undefined {
    return Object.keys(this.#returns).length === 0 ? undefined : settleShapes({ shapes: this.#shapes, returns: this.#returns });
  }

  /** Fields that answers on show have and the schema forgot, at their top, where pages go on. */
  #addShown(type: string, samples: readonly unknown[], wanted: string): string {
    const whole = samples.filter((sample): sample is Record<string, unknown> => isObject(sample));
    if (whole.length === 0) return type;
    const draft = this.#shapes.get(type);
    if (type !== 'json' && !draft) return type;
    const missing: Record<string, Schema> = {};
    for (const sample of whole)
      for (const [name, value] of Object.entries(sample)) if (!draft?.fields.has(name)) missing[name] ??= schemaOf(value);
    if (Object.keys(missing).length === 0) return type;
    const added = this.#fieldsOf([{ type: 'object', properties: missing }], wanted, 0);
    if (added === undefined) return type;
    if (draft) {
      draft.fields = new Map([...draft.fields, ...added]);
      return type;
    }
    const name = freeName(wanted, this.#taken);
    this.#taken[name] = true;
    this.#shapes.set(name, { fields: added, isComponent: false });
    return name;
  }

  /** `hint`: what a shape is called that the description gives no name. */
  #typeOf(schemas: readonly Schema[], hint: string, depth: number): string {
    if (depth > depthMax) return 'json';
    const found = this.#open(schemas);
    const key = found.map(({ schema }) => this.#idOf(schema)).join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const plain = found.flatMap(({ schema }) => this.#alternativesOf(schema)).filter((one) => one.type !== 'null');
    const kinds = new Set(plain.map(kindOf));
    if (kinds.size !== 1) return scalarOf(plain, kinds, hint);
    if (kinds.has('array')) {
      const row = this.#typeOf(plain.flatMap(({ items }) => items ?? []).flat(), singular(hint), depth + 1);
      return row.endsWith('[]') ? 'json[]' : `${row}[]`;
    }
    if (!kinds.has('object')) return scalarOf(plain, kinds, hint);
    if (this.#shapes.size >= shapesWalkedMax || plain.every(({ properties }) => Object.keys(properties ?? {}).length === 0)) return 'json';
    const component = found.length === 1 ? nameOfComponent(found[0]?.component) : undefined;
    const name = freeName(component ?? hint, this.#taken);
    this.#taken[name] = true;
    // Before its fields are read, since they may lead back to it.
    this.#known.set(key, name);
    const draft = { fields: new Map<string, string>(), isComponent: component !== undefined };
    this.#shapes.set(name, draft);
    const fields = this.#fieldsOf(plain, name, depth);
    if (fields === undefined) {
      this.#shapes.delete(name);
      this.#known.set(key, 'json');
      return 'json';
    }
    draft.fields = fields;
    return name;
  }

  /** Undefined where they are none, or more than a shape may have. */
  #fieldsOf(plain: readonly PlainSchema[], owner: string, depth: number): Map<string, string> | undefined {
    const schemas = new Map<string, Schema[]>();
    for (const { properties } of plain)
      for (const [name, schema] of Object.entries(properties ?? {}))
        if (isObject(schema) && isName(name)) schemas.set(name, [...(schemas.get(name) ?? []), schema as Schema]);
    if (schemas.size === 0 || schemas.size > fieldsMax) return undefined;
    return new Map([...schemas].map(([name, all]) => [name, this.#typeOf(all, owner + toPascal(name), depth + 1)]));
  }

  #alternativesOf(schema: Schema, depth = 0): PlainSchema[] {
    if (!isListedChoice(schema) || depth > 12) return listAlternatives(this.#document, schema);
    const choices = (schema.items as unknown as Schema[]).map((one) => resolve<Schema>(this.#document, one) ?? {});
    return choices.flatMap((one) => this.#alternativesOf(one, depth + 1));
  }

  /** References followed, and choices that say nothing else spread, each once. */
  #open(schemas: readonly Schema[], depth = 0): { schema: Schema; component: string | undefined }[] {
    const found = new Map<Schema, string | undefined>();
    for (const one of schemas) {
      const schema = resolve<Schema>(this.#document, one);
      if (schema === undefined || schema.type === 'null') continue;
      const component = lastReference(this.#document, one);
      const choices = depth < 12 ? onlyChoices(schema) : undefined;
      const inner = choices && (choices.all.length === 1 || !choices.isAllOf) ? this.#open(choices.all, depth + 1) : undefined;
      // What is one of several keeps its name, where it has one.
      if (inner && !(component !== undefined && inner.length > 1)) for (const { schema, component } of inner) found.set(schema, component);
      else found.set(schema, component);
    }
    return [...found].map(([schema, component]) => ({ schema, component }));
  }

  #idOf(schema: Schema): number {
    const known = this.#ids.get(schema);
    if (known !== undefined) return known;
    this.#idLast += 1;
    this.#ids.set(schema, this.#idLast);
    return this.#idLast;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is shown to people and models: no control or format characters, and no name that JavaScript gives a meaning. */
function isName(name: string): boolean {
  return name.length <= 100 && name !== '__proto__' && !/[\p{C}\p{Zl}\p{Zp}]/u.test(name);
}

/** Where a schema only says that it is one of others, or all of one. */
function onlyChoices({
  oneOf,
  anyOf,
  allOf,
  properties,
  items,
  type,
  enum: values,
}: Schema): { all: Schema[]; isAllOf: boolean } | undefined {
  if (Array.isArray(items) && type === undefined) return { all: items, isAllOf: false };
  if (properties || items || values || (type !== undefined && type !== 'object')) return undefined;
  const given = [oneOf, anyOf, allOf].filter((one) => Array.isArray(one) && one.length > 0);
  return given.length === 1 ? { all: given[0] as Schema[], isAllOf: given[0] === allOf } : undefined;
}

/** Swagger has no word for a choice, and some write one as the items of no list. */
function isListedChoice({ items, type }: Schema): boolean {
  return Array.isArray(items) && type === undefined;
}

function lastReference(document: object, schema: Schema): string | undefined {
  let at: Schema | undefined = schema;
  let last: string | undefined;
  for (let hops = 0; hops < 20 && typeof at?.$ref === 'string'; hops += 1) {
    last = at.$ref;
    at = findPointed(document, at.$ref) as Schema | undefined;
  }
  return last;
}

function nameOfComponent(reference: string | undefined): string | undefined {
  if (reference === undefined) return undefined;
  const name = toPascal(reference.split('/').at(-1)?.replaceAll('~1', '/') ?? '');
  return /^[A-Z]/.test(name) ? name : undefined;
}

function toPascal(name: string): string {
  return name
    .split(/[^A-Za-z0-9]+/)
    .map((word) => (word[0]?.toUpperCase() ?? '') + word.slice(1))
    .join('')
    .slice(0, 60);
}

function singular(name: string): string {
  if (/(ss|us|is)$/.test(name)) return name;
  return name.replace(/ies$/, 'y').replace(/s$/, '');
}

function kindOf({ type, properties, items, additionalProperties, enum: values, format }: PlainSchema): string {
  if (type === 'integer' && format !== undefined && /^(float|double)$/.test(format)) return 'number';
  if (type !== undefined) return type;
  if (properties || additionalProperties) return 'object';
  if (items) return 'array';
  const [sample] = values ?? [];
  return values === undefined ? 'any' : typeof sample;
}

function scalarOf(plain: readonly PlainSchema[], kinds: ReadonlySet<string>, hint: string): string {
  if (kinds.size === 1 && (kinds.has('string') || kinds.has('boolean'))) return [...kinds][0] as string;
  if ([...kinds].some((kind) => kind !== 'integer' && kind !== 'number') || kinds.size === 0) return 'json';
  if (kinds.has('number')) return 'float';
  return plain.some((one) => isLarge(one, hint)) ? 'int64' : 'int';
}

const intMax = 2 ** 31 - 1;

/**
 * Whether an integer may have more than 32 bits: by its format, by what is said of its values, and else by its name, since most descriptions
 * say nothing and ids, times and sizes outgrow them.
 */
function isLarge({ format, maximum, minimum, default: preset, enum: values, example }: PlainSchema, hint: string): boolean {
  if (format === 'int32') return false;
  if (format !== undefined && /^u?int64|timestamp|long/i.test(format)) return true;
  if ([maximum, minimum, preset, example, ...(values ?? [])].some((one) => typeof one === 'number' && Math.abs(one) > intMax)) return true;
  if (maximum !== undefined) return false;
  return /(Id|Ids|ID|Ts|Time|Timestamp|At|Date|Created|Updated|Expires|Size|Bytes|Length|Amount)$/.test(hint);
}

/** As a description would say it of this one. */
function schemaOf(sample: unknown): Schema {
  if (Array.isArray(sample)) return { type: 'array', items: sample.length === 0 ? {} : schemaOf(sample[0]) };
  if (isObject(sample))
    return { type: 'object', properties: Object.fromEntries(Object.entries(sample).map(([name, value]) => [name, schemaOf(value)])) };
  if (typeof sample === 'number') return Number.isInteger(sample) ? { type: 'integer', example: sample } : { type: 'number' };
  return typeof sample === 'string' || typeof sample === 'boolean' ? { type: typeof sample } : {};
}
