/** What answers hold, as data: `answers.json` beside a recipe, and what a recipe says itself. */
import { z } from 'zod';

/** Most shapes of one integration: beyond that a description is cut, since whoever uses them holds them all. */
export const shapesMax = 300;

export const scalarTypes = ['string', 'int', 'int64', 'float', 'boolean', 'json'] as const;

const shapeName = z.string().regex(/^[A-Z][A-Za-z0-9_]{0,79}$/, 'letters, digits and underscores, beginning with a capital letter');
const answerType = z
  .string()
  .regex(
    new RegExp(`^(${scalarTypes.join('|')}|[A-Z][A-Za-z0-9_]*)(\\[\\])?$`),
    `one of ${scalarTypes.join(', ')}, or the name of a shape, and [] behind it for a list`,
  );

const shape = z
  .record(z.string(), answerType)
  .refine((fields) => Object.keys(fields).length > 0, 'at least one field: what holds none that is known is `json`');

export const shapes = z
  .record(shapeName, shape)
  .refine((all) => Object.keys(all).length <= shapesMax, `at most ${shapesMax} shapes`)
  .describe(
    'What answers hold, by name: of each field its type, which is `string`, `int`, `int64`, `float`, `boolean`, `json` or the name of a shape, with `[]` behind it for a list. Those of answers.json need not be said again; fields of one with the same name stand over its.',
  );

export const returns = z
  .union([answerType, shape])
  .describe(
    "What `data` holds on success: a type, such as `Issue[]`, or the fields of an object with their types. Stands over what answers.json says, and is needed where the provider's description says nothing: then 10 to 15 fields that callers want.",
  );

/** `answers.json`, which `npm run recipes -- answers` makes of the provider's description. Nobody edits it. */
export const answers = z.strictObject({ shapes, returns: z.record(z.string(), answerType) });

export type Answers = z.infer<typeof answers>;
