/** The schema among the facts, with what the facts say of its own scalars. */
import { buildSchema, GraphQLError, type GraphQLScalarType, type GraphQLSchema, isScalarType, isSpecifiedScalarType } from 'graphql';
import type { Facts } from '../facts.ts';

/** A schema does not say how its own scalars are written in JSON: `scalars` does, and those it does not name take anything. */
export function readSchema({ schema: lines, scalars = {} }: Pick<Facts, 'schema' | 'scalars'>): GraphQLSchema | undefined {
  if (!lines) return undefined;
  const schema = buildSchema(lines.join('\n'));
  for (const [name, type] of Object.entries(scalars)) {
    const scalar = schema.getType(name);
    if (!isScalarType(scalar)) continue;
    scalar.extensions = { json: type };
    scalar.parseValue = (value) => {
      if (typeof value === type) return value;
      throw new GraphQLError(`${name} cannot represent ${JSON.stringify(value)}: a ${type} is expected`);
    };
  }
  return schema;
}

/** The JSON type of a scalar that the schema itself defines; undefined where nothing is known of it. */
export function jsonTypeOf({ extensions }: GraphQLScalarType): string | undefined {
  return extensions.json as string | undefined;
}

/** Whether it takes every value, as far as is known. */
export function takesAnything(type: unknown): boolean {
  return isScalarType(type) && !isSpecifiedScalarType(type) && jsonTypeOf(type) === undefined;
}
