/** What a call takes: values described in JSON Schema's words, and how each travels to the provider. */
import { z } from 'zod';
import { slug, text } from './texts.ts';

const jsonType = z.enum(['string', 'integer', 'number', 'boolean', 'array', 'object']);

/** The JSON Schema 2020-12 words a value may be described with. */
const valueFields = {
  type: z
    .union([jsonType, z.array(z.union([jsonType, z.literal('null')])).min(2)])
    .describe('JSON type of the value; a list when several are accepted, `null` among them when the provider uses null to clear a field.'),
  description: text.describe('What the value means, for an agent that has never seen the service. Written in our own words.'),
  enum: z
    .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .min(1)
    .optional()
    .describe('The only values that are accepted.'),
  default: z
    .json()
    .optional()
    .describe('What holds when the value is left out: what the provider assumes, or what is sent where `send_default` says so.'),
  examples: z.array(z.json()).min(1).optional().describe('Values that a call may hold; the first one is shown.'),
  format: z
    .enum(['date', 'date-time', 'time', 'email', 'uri', 'uuid', 'byte', 'ipv4', 'ipv6', 'hostname'])
    .optional()
    .describe('How a text is written, checked before anything is sent; `byte` is base64.'),
  pattern: z
    .string()
    .optional()
    .describe('A regular expression (ECMAScript, Unicode) that a text must match somewhere; anchor it with ^ and $.'),
  minLength: z.int().min(0).optional().describe('Least number of characters of a text.'),
  maxLength: z.int().min(0).optional().describe('Greatest number of characters of a text.'),
  minimum: z.number().optional().describe('Least number that is accepted.'),
  maximum: z.number().optional().describe('Greatest number that is accepted.'),
  minItems: z.int().min(0).optional().describe('Least number of entries of a list.'),
  maxItems: z.int().min(0).optional().describe('Greatest number of entries of a list.'),
  uniqueItems: z.boolean().optional().describe('True: no entry of a list may stand in it twice.'),
  get items() {
    return value.optional().describe('What each entry of a list is.');
  },
  get properties() {
    return z.record(z.string(), value).optional().describe('What an object may hold, by name.');
  },
  get additionalProperties() {
    return z
      .union([z.boolean(), value])
      .optional()
      .describe('Whether an object may hold other names than those in `properties`, and what they are.');
  },
};

/** A described value inside a parameter: an array's item, an object's property. `required` lists property names, as in JSON Schema. */
export const value: z.ZodType<RecipeValue> = z
  .lazy(() =>
    z.strictObject({
      ...valueFields,
      description: valueFields.description.optional(),
      required: z.array(z.string()).min(1).optional().describe('Names that an object must hold, each of them in `properties`.'),
    }),
  )
  .meta({ id: 'Value' });

export interface RecipeValue {
  type: JsonType | (JsonType | 'null')[];
  description?: string | undefined;
  enum?: (string | number | boolean | null)[] | undefined;
  default?: unknown;
  examples?: unknown[] | undefined;
  format?: string | undefined;
  pattern?: string | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
  uniqueItems?: boolean | undefined;
  items?: RecipeValue | undefined;
  properties?: Record<string, RecipeValue> | undefined;
  additionalProperties?: boolean | RecipeValue | undefined;
  required?: string[] | undefined;
}
export type JsonType = z.infer<typeof jsonType>;

export const parameter = z
  .strictObject({
    in: z
      .enum(['path', 'query', 'header', 'body', 'mail'])
      .describe(
        'Where the value travels: a `{name}` of the path, the query string, a request header, the body, or a part of the composed mail.',
      ),
    ...valueFields,
    required: z.boolean().optional().describe('Refuse the call when it is missing. Default false.'),
    required_properties: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Names that an object must hold where it is given, each of them in `properties`. Inside a value the word is `required`.'),
    as: z
      .string()
      .optional()
      .describe(
        "The provider's own name when it differs from ours. In a JSON body also a JSON Pointer such as `/message/threadId`; the empty string makes this value the whole body.",
      ),
    split: z
      .string()
      .regex(/^\{[A-Za-z_]+\}(\/\{[A-Za-z_]+\})+$/)
      .optional()
      .describe(
        'Path only: one value that fills several path names, for instance `{owner}/{repo}`; shown to agents as `owner/repo → {owner}, {repo}`.',
      ),
    array_style: z
      .enum(['repeat', 'comma', 'space', 'pipe', 'brackets', 'indexed'])
      .optional()
      .describe(
        'Query and form only. How a list is written: `a=1&a=2` (repeat, the default), `a=1,2` (comma), `a=1 2` (space), `a=1|2` (pipe), `a[]=1&a[]=2` (brackets), `a[0]=1&a[1]=2` (indexed). Lists of objects need one of the last two beside `object_style`, or `object_style: "json"`.',
      ),
    object_style: z
      .enum(['brackets', 'json'])
      .optional()
      .describe(
        'Query and form only. How an object, or a list of objects, is written: by the names of its parts, `a[b]=1&a[c][d]=2` (brackets), or as one JSON text, `a={"b":1}` (json).',
      ),
    header_encoding: z
      .enum(['percent', 'json'])
      .optional()
      .describe(
        'Header only. How a value is written that may hold more than printable ASCII, or is an object: percent-encoded UTF-8, or JSON with every other character escaped. Without it the value stands as it is.',
      ),
    merge: z
      .boolean()
      .optional()
      .describe(
        'JSON body only: the members of this object become members of the body, or of the object in it that `as` points to, beside those of the other parameters.',
      ),
    content_type: z
      .string()
      .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;[\x20-\x7e]*)?$/, 'a media type, such as application/json')
      .optional()
      .describe('Multipart only: the media type of this part; an object or a list in it is written as JSON.'),
    segments: z
      .boolean()
      .optional()
      .describe(
        'Path only: the value may hold several segments (a file path); each is encoded by itself, and `.`, `..` and empty ones are refused.',
      ),
    send_default: z
      .boolean()
      .optional()
      .describe('True: `default` is sent when the caller leaves the parameter out. Default false: the provider assumes it by itself.'),
    default_from: slug
      .optional()
      .describe('Name of the variable of the connection whose value is sent when the caller leaves the parameter out.'),
    file: z
      .boolean()
      .optional()
      .describe(
        'Multipart and raw bodies only: the value is an object `{filename, content_type, base64}`, sent as a file part or as the body. In multipart bodies also a list of such objects, named as `array_style` says.',
      ),
  })
  .meta({ id: 'Parameter' });

export const mailParts = [
  'to',
  'cc',
  'bcc',
  'from',
  'reply_to',
  'subject',
  'text',
  'html',
  'attachments',
  'in_reply_to',
  'references',
] as const;

export type Parameter = z.infer<typeof parameter>;
export type MailPart = (typeof mailParts)[number];
