/** The routes' zod types as JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
import { z } from 'zod';
import type { JsonSchema } from '../../../domains/recipes/catalogue.ts';

/**
 * `input`: what a client may send, without the names that the server refuses. `output`: what it gets; a later release may add
 * members, so none are ruled out.
 */
export function printJsonSchema(type: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type, {
    io,
    // What only code can check is any value here, unless `meta` says more.
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // Of a name all that is said is that it is a text.
      delete jsonSchema.propertyNames;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      // It says again what `format` says.
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
    },
  });
  return schema;
}

export interface Members {
  properties: Record<string, JsonSchema>;
  required: string[];
}

/** The members of an object type. */
export function listMembers(type: z.ZodType): Members {
  const { properties = {}, required = [] } = printJsonSchema(type, 'input') as Partial<Members>;
  return { properties, required };
}
