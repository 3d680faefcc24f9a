/** Prints the schema as the types that the dashboard's documents are checked against (gql.tada). */
import { minifyIntrospection, outputIntrospectionFile } from '@gql.tada/internal';
import { introspectionFromSchema, lexicographicSortSchema } from 'graphql';
import { schema } from '../src/app/graphql/schema.ts';

export function printWebTypes(): string {
  const introspection = introspectionFromSchema(lexicographicSortSchema(schema), { descriptions: false });
  return outputIntrospectionFile(minifyIntrospection(introspection), { fileType: '.d.ts', shouldPreprocess: true });
}
