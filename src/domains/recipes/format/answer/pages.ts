/** How a recipe says that a list goes on. */
import { z } from 'zod';
import { expression, text } from '../texts.ts';

export const nextHeader = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/)
  .describe(
    'Name, in lower case, of the header in which answers of endpoints with `pagination` link to their next page, as `Link` does (RFC 8288, `rel="next"`). Callers get that page by `next`, whatever the parameters.',
  );

export const pagination = z
  .strictObject({
    style: z
      .enum(['page', 'cursor', 'offset', 'next_link'])
      .describe(
        'How the next page is asked for: by page number, by a token from the last answer, by the number of items to skip, or only by the link that the last answer gave.',
      ),
    parameter: text.optional().describe('Our name of the parameter that asks for the next page; with every style but `next_link`.'),
    next: expression
      .optional()
      .describe(
        "With `cursor`: where the last answer's `data` holds the next token. With `next_link`: where it holds the address of the next page; the raw form, which is not looked into, gives none.",
      ),
    next_header: nextHeader
      .optional()
      .describe('With `next_link`: the header that links to the next page of this endpoint, in place of `next`.'),
    more: expression
      .optional()
      .describe(
        'With `page` and `offset`: true on `data` where there is a further page (null, false and what is empty are not), such as `has_more` or `page < pages`. Callers then get that page by `next`, as by a link; the raw form, which is not looked into, gives none.',
      ),
    items: expression
      .optional()
      .describe(
        'Where the rows of a page stand in `data`; `@` where it is the list itself. With `offset`, `more` needs it, since the next page begins after them. A page without rows is the last, whatever `more` says.',
      ),
    size_parameter: text.optional().describe('Our name of the parameter that sets the page size.'),
  })
  .meta({ id: 'Pagination' });

const pathStart = z
  .string()
  .regex(/^(\/([A-Za-z0-9._~-]+|\{[a-z_]+\}))+$/, 'a path such as /repos/{owner}: segments, or names in braces, with a slash before each');

export const nextPaths = z
  .record(pathStart, pathStart)
  .describe(
    'Where links to next pages name the path that was asked in another way: how ours begins, and how theirs does, such as `/orgs/{org}` and `/organizations/{id}`. A name in braces stands for any segment, and what follows must be the same. A link with any other path than the one that was asked is not taken.',
  );
