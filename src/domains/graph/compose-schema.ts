/**
 * Schemas of our own part and a set of integrations. Each integration is built when a document names it first, and a schema is made of
 * those that are named; never of all, which would take seconds. What was built belongs to one version of the catalogue.
 */
import {
  type GraphQLFieldConfigMap,
  GraphQLObjectType,
  type GraphQLScalarType,
  GraphQLSchema,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import type { Context } from '../../core/context.ts';
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

export class ComposedSchemas {
  readonly #own: GraphQLSchema;
  readonly #numbers = new WeakMap<CatalogueIntegration, number>();
  readonly #types = new Latest<Promise<IntegrationTypes>>(keptMax);
  readonly #schemas = new Latest<Promise<ComposedSchema>>(keptMax);
  #count = 0;

  constructor(own: GraphQLSchema) {
    this.#own = own;
  }

  /** The same object as long as it is kept; the order of the integrations does not matter. */
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
    for (const one of integrations) parts.push(await this.#types.get(String(this.#numberOf(one)), () => buildIntegrationTypes(one, json)));
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

/** What was asked for last, made once for all who ask at the same time; what failed is made anew. */
class Latest<Value extends Promise<unknown>> {
  readonly #values = new Map<string, Value>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  get(name: string, make: () => Value): Value {
    const value = this.#values.get(name) ?? make();
    this.#values.delete(name);
    this.#values.set(name, value);
    value.catch(() => this.#values.delete(name));
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#max) break;
      this.#values.delete(oldest);
    }
    return value;
  }
}
