/** How a recipe says what a success is. */
import { z } from 'zod';
import { expression, text } from '../texts.ts';

export const status = z.int().min(400).max(599);

export const success = z
  .strictObject({
    when: expression.describe(
      'A JMESPath expression on `data` that is true when the call did what it was asked (null, false and what is empty are not). An answer that is not JSON is a text here, an empty one null; 204 and 205 are not asked.',
    ),
    error: expression.optional().describe("A JMESPath expression that gives the service's code for what went wrong."),
    status: z
      .record(text, status)
      .optional()
      .describe(
        'The HTTP status of each code; 422 for one that is not here. 401 says that the credential is refused: it is renewed once, and the connection ends where that does not help. 429 and 5xx are retried for reads, as those statuses are.',
      ),
  })
  .meta({ id: 'Success' });

export const ownSuccess = success.partial().meta({ id: 'OwnSuccess' });

export type Success = z.infer<typeof success>;
/** What an endpoint or the verification says otherwise. */
export type OwnSuccess = z.infer<typeof ownSuccess>;
