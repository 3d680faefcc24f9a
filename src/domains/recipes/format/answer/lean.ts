/** How a recipe says what agents are shown of an answer: rows and columns in place of all its JSON. */
import { z } from 'zod';
import { expression, slug, text } from '../texts.ts';

const path = text
  .max(500)
  .describe(
    'A JMESPath expression on a row, and behind it transformations with a bar before each: `minute` and `date` of a time, `tail 2` (last parts of an address), `first 7` (characters), `line` (the first), `header Subject` (of a list of names and values), `mail_text`, `plain_text` (of rich text or HTML), `failed` (names of steps that failed), `count`. A bar of JMESPath itself stands in parentheses.',
  );

const columnName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower-case letters, digits and underscores, starting with a letter');
const columns = z.record(columnName, path);
const parameters = z.record(text, z.json());

const expand = z
  .strictObject({
    endpoint: slug.describe('The read-only endpoint of the same integration that gives one row in full.'),
    parameters: z.record(text, path).describe('Its parameters, each by a path on the row.'),
    params: parameters.optional().describe('Further parameters, always the same.'),
    columns: columns.describe('What callers may add of its answer, by paths on that.'),
  })
  .meta({ id: 'Expand' });

/** What an endpoint says of its lean answers. */
export const leanFields = {
  rows: expression
    .optional()
    .describe('Where the rows of a lean answer stand in `data`. Default: `pagination.items`, the list itself, or all of it as one row.'),
  total: expression.optional().describe('Where `data` says how many rows there are over all pages.'),
  incomplete: expression.optional().describe('True on `data` where the service says that it did not look at everything.'),
  lean: columns.optional().describe('The columns of a lean answer (`"view": "lean"`, and over MCP), in this order, by paths on a row.'),
  more_columns: columns.optional().describe('Columns that callers may add by `with`.'),
  expand: expand
    .optional()
    .describe('Where a row holds little: an endpoint that is called for each row, of at most 50, when a caller adds one of its columns.'),
};
