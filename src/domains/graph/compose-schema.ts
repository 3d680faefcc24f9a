/**
 * Schemas of our own part and a set of integrations. Each integration is built when a document names it first, and a schema is made of
 * those that are named; never of all, which would take seconds. What was built belongs to one version of the catalogue.
 */
import {
  type GraphQLFieldConfigMap,
  GraphQLObjectType,
  type GraphQLScalarType,
  GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import type { Context } from '../../core/context.ts';
import { badRequest } from '../../core/errors.ts';
import { shareOfMemory } from '../../core/memory.ts';
import type { CatalogueIntegration } from '../recipes/catalogue.ts';
import { buildIntegrationTypes, type IntegrationTypes } from './integration-types.ts';

export interface ComposedSchema {
  /** Its own among all that were made. */
  name: string;
  schema: GraphQLSchema;
  /** As SDL, printed once. */
  print(): string;
}

/** Of sets, and of integrations: the last that were asked for. */
const keptMax = 50;
/** Measured: 350 to 500 for each type, field, argument and value of an enum. */
const bytesOfItem = 450;
const itemsMax = Math.floor(shareOfMemory(0.05, 32 * 1024 * 1024, 128 * 1024 * 1024) / bytesOfItem);

interface BuiltTypes {
  types: IntegrationTypes;
  items: number;
}

export class ComposedSchemas {
  readonly #own: GraphQLSchema;
  readonly #itemsMax: number;
  readonly #numbers = new WeakMap<CatalogueIntegration, number>();
  readonly #types: Latest<BuiltTypes>;
  readonly #schemas = new Latest<ComposedSchema>(keptMax);
  #count = 0;

  /** `max`: how many items the integrations that are kept may have together, and those of one set. */
  constructor(own: GraphQLSchema, max = itemsMax) {
    this.#own = own;
    this.#itemsMax = max;
    // A schema holds the types of its integrations, so it goes with any of them.
    const dropSchemas = (number: string) => this.#schemas.drop((name) => name.split(' ').includes(number));
    this.#types = new Latest(keptMax, { weigh: ({ items }) => items, weightMax: max, dropped: dropSchemas });
  }

  /** The same object as long as it is kept; the order of the integrations does not matter. Throws bad_request for more than may be held. */
  compose(integrations: readonly CatalogueIntegration[]): Promise<ComposedSchema> {
    const name = this.#nameOf(integrations);
    return this.#schemas.get(name, () => this.#compose(name, sortBySlug(integrations)));
  }

  /** Whether it costs nothing to have it. */
  isKept(integrations: readonly CatalogueIntegration[]): boolean {
    return this.#schemas.has(this.#nameOf(integrations));
  }

  #nameOf(integrations: readonly CatalogueIntegration[]): string {
    return sortBySlug(integrations)
      .map((one) => this.#numberOf(one))
      .join(' ');
  }

  async #compose(name: string, integrations: readonly CatalogueIntegration[]): Promise<ComposedSchema> {
    const json = this.#own.getType('JSON') as GraphQLScalarType;
    const parts: IntegrationTypes[] = [];
    let sum = 0;
    for (const one of integrations) {
      const { types, items } = await this.#types.get(String(this.#numberOf(one)), () => build(one, json));
      parts.push(types);
      sum += items;
      if (parts.length > 1 && sum > this.#itemsMax)
        throw badRequest('These integrations have too many fields to be one schema. Name fewer of them in one document, or one alone.');
    }
    const schema = join(this.#own, parts);
    let printed: string | undefined;
    const print = () => (printed ??= `${printSchema(lexicographicSortSchema(schema))}\n`);
    return { name, schema, print };
  }

  #numberOf(integration: CatalogueIntegration): number {
    let number = this.#numbers.get(integration);
    if (number === undefined) {
      this.#count += 1;
      number = this.#count;
      this.#numbers.set(integration, number);
    }
    return number;
  }
}

function sortBySlug(integrations: readonly CatalogueIntegration[]): CatalogueIntegration[] {
  return integrations.toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
}

/** Types are shared between schemas; only the roots are made anew. */
function join(own: GraphQLSchema, parts: readonly IntegrationTypes[]): GraphQLSchema {
  const { types, query, mutation, ...rest } = own.toConfig();
  const reads: GraphQLFieldConfigMap<unknown, Context> = {};
  const writes: GraphQLFieldConfigMap<unknown, Context> = {};
  for (const part of parts) {
    if (part.query) reads[part.slug] = part.query;
    // Sorted by slug: of two writes of one name (`a_b` of `a`, `b` of `a_b`) it is that of the longer slug, as `findNamed` takes it.
    Object.assign(writes, part.mutations);
  }
  return new GraphQLSchema({
    ...rest,
    query: withFields(query, reads),
    mutation: withFields(mutation, writes),
    extensions: { ...rest.extensions, composed: true },
    types: types.filter((type) => type !== query && type !== mutation),
    // Made of names that are legal and of types that are ours: a test validates all of them.
    assumeValid: true,
  });
}

/** Our own fields stand over those of an integration. */
function withFields(type: GraphQLObjectType | null | undefined, more: GraphQLFieldConfigMap<unknown, Context>): GraphQLObjectType {
  const config = (type as GraphQLObjectType).toConfig();
  return new GraphQLObjectType({ ...config, fields: { ...more, ...config.fields } });
}

async function build(integration: CatalogueIntegration, json: GraphQLScalarType): Promise<BuiltTypes> {
  const types = await buildIntegrationTypes(integration, json);
  return { types, items: countItems(types) };
}

/** Types, fields, arguments and values of enums. */
function countItems({ query, mutations }: IntegrationTypes): number {
  const root = new GraphQLObjectType({ name: '_', fields: { ...(query && { query }), ...mutations } });
  let items = 0;
  for (const type of Object.values(new GraphQLSchema({ types: [root], assumeValid: true }).getTypeMap())) {
    items += 1;
    if (isObjectType(type)) for (const { args } of Object.values(type.getFields())) items += 1 + args.length;
    else if (isInputObjectType(type)) items += Object.keys(type.getFields()).length;
    else if (isEnumType(type)) items += type.getValues().length;
  }
  return items;
}

interface Weighed<Value> {
  weigh(value: Value): number;
  /** Of all together; the very last is kept however much it weighs. */
  weightMax: number;
  dropped(name: string): void;
}

/** What was asked for last, made once for all who ask at the same time; what failed is made anew. */
class Latest<Value> {
  readonly #values = new Map<string, { made: Promise<Value>; weight: number }>();
  readonly #max: number;
  readonly #weighed: Weighed<Value> | undefined;

  constructor(max: number, weighed?: Weighed<Value>) {
    this.#max = max;
    this.#weighed = weighed;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  get(name: string, make: () => Promise<Value>): Promise<Value> {
    const kept = this.#values.get(name) ?? this.#begin(name, make());
    this.#values.delete(name);
    this.#values.set(name, kept);
    this.#shrink();
    return kept.made;
  }

  drop(goes: (name: string) => boolean): void {
    for (const name of this.#values.keys()) if (goes(name)) this.#values.delete(name);
  }

  #begin(name: string, made: Promise<Value>): { made: Promise<Value>; weight: number } {
    const begun = { made, weight: 0 };
    made.then(
      (value) => {
        begun.weight = this.#weighed?.weigh(value) ?? 0;
        this.#shrink();
      },
      () => this.drop((one) => one === name && this.#values.get(one) === begun),
    );
    return begun;
  }

  #shrink(): void {
    let weight = [...this.#values.values()].reduce((sum, one) => sum + one.weight, 0);
    for (const [name, oldest] of this.#values) {
      const fits = this.#values.size <= this.#max && weight <= (this.#weighed?.weightMax ?? weight);
      if (fits || this.#values.size === 1) break;
      this.#values.delete(name);
      weight -= oldest.weight;
      this.#weighed?.dropped(name);
    }
  }
}
