/** The schema, from every domain's part. Types refer to each other by refs, so the order of the imports does not matter. */
import '../domains/users/graphql.ts';
import '../domains/api-keys/graphql.ts';
import '../domains/device-codes/graphql.ts';
import '../domains/limits/graphql.ts';
import '../domains/audit/graphql.ts';
import '../domains/skills/graphql.ts';
import '../domains/connections/graphql.ts';
import '../domains/executions/graphql.ts';
import '../domains/operations/graphql.ts';
import '../domains/operations/people-graphql.ts';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { builder } from '../core/builder.ts';

export const schema = builder.toSchema({ sortSchema: false });

/** What `schema.graphql` holds. */
export function printSortedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
