/** How a recipe calls a service whose API is GraphQL. */
import { z } from 'zod';
import { text } from './texts.ts';

export const graphql = z
  .strictObject({
    document: text.describe(
      'The GraphQL document, with one query or mutation. Each of its variables is a parameter with `in: "body"`, by `as` or our name, and the other way round; a parameter that is left out leaves its variable out. Say `read_only: true` beside a query.',
    ),
    data: z
      .string()
      .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 'names of selected fields joined by dots, such as issues or issueCreate.issue')
      .optional()
      .describe(
        "Which part of the answer's `data` becomes ours: the names of selected fields (their aliases) joined by dots, such as `issueCreate.issue`. Null on the way gives null. Without it, all of it.",
      ),
  })
  .describe(
    "For a service whose API is GraphQL: what is sent by POST, and what of the answer the caller gets. An answer with `errors` is a failure and reaches the caller whole, `data` beside them too, unless `success` says otherwise. The failure's code is `errors[0].extensions.code`, or else `errors[0].type`.",
  )
  .meta({ id: 'Graphql' });

export type Graphql = z.infer<typeof graphql>;
