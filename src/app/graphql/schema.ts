/** The schema, from every domain's part. Types refer to each other by refs, so the order of the imports does not matter. */
import '../../domains/users/graphql.ts';
import '../../domains/api-keys/graphql.ts';
import '../../domains/device-codes/graphql.ts';
import '../../domains/limits/graphql.ts';
import '../../domains/audit/graphql.ts';
import '../../domains/skills/graphql.ts';
import '../../domains/skills/agents/graphql.ts';
import '../../domains/connections/graphql.ts';
import '../../domains/connections/oauth2/graphql.ts';
import '../../domains/executions/graphql.ts';
import '../../domains/executions/proxy/graphql.ts';
import '../../domains/own-integrations/graphql.ts';
import '../../domains/operations/graphql.ts';
import '../../domains/operations/people-graphql.ts';
import './composed/validate-field.ts';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { builder } from '../../core/schema/builder.ts';

export const schema = builder.toSchema({ sortSchema: false });

schema.description =
  'Every capability of this gateway. Fields and enum values are added at any time, so a client must take values it does not know. What is to go is marked `@deprecated` with what to use instead, and stays for at least two minor releases and three months after the release that marked it; nothing is renamed or changes its meaning. Lists are Relay connections that are read forwards. Enum values are the words of REST and of `extensions.code` in upper case. A mutation that changes one thing answers that thing; one that changes more answers all of it.';

/** What `schema.graphql` holds. */
export function printSortedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
