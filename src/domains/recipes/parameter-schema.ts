import type { JsonSchema } from './catalogue.ts';
import type { Endpoint } from './format/format.ts';
import type { Parameter, RecipeValue } from './format/parameter.ts';
import { listNeeds } from './values/needs.ts';

/** The JSON Schema words of a recipe's value, in the order in which they are printed; everything else says how the value travels. */
const words = [
  'type',
  'description',
  'enum',
  'default',
  'examples',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'uniqueItems',
  'items',
  'properties',
  'additionalProperties',
] as const;

/** What a caller gives for a file of a form or an attachment of a mail. */
const fileSchema = {
  properties: {
    filename: { type: 'string', minLength: 1, description: 'Name of the file.' },
    content_type: { type: 'string', minLength: 1, description: 'Its media type, such as text/plain or image/png.' },
    base64: { type: 'string', format: 'byte', description: 'Its content.' },
  },
  required: ['filename', 'content_type', 'base64'],
  additionalProperties: false,
};

/** The caller's `params` of an endpoint as a JSON Schema 2020-12 object schema. */
export function buildParameterSchema(endpoint: Endpoint): JsonSchema {
  const entries = Object.entries(endpoint.parameters);
  const required = entries.filter(([, parameter]) => parameter.required).map(([name]) => name);
  return {
    type: 'object',
    // In words: tools with `anyOf` at the top of their schema are refused by makers of models.
    ...describeNeeds(endpoint),
    properties: Object.fromEntries(entries.map(([name, parameter]) => [name, describeParameter(name, parameter)])),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
}

function describeNeeds(endpoint: Endpoint): JsonSchema {
  const sentences = listNeeds(endpoint, undefined).map((need) => `${need[0]?.toUpperCase()}${need.slice(1)}.`);
  return sentences.length > 0 ? { description: sentences.join(' ') } : {};
}

function describeParameter(name: string, parameter: Parameter): JsonSchema {
  const schema = pickWords(parameter);
  if (parameter.required_properties) schema.required = parameter.required_properties;
  if (parameter.default_from !== undefined)
    schema.description = `${parameter.description} Left out, it is the \`${parameter.default_from}\` of the account.`;
  if (parameter.split !== undefined && parameter.pattern === undefined) schema.pattern = patternOfSplit(parameter.split);
  if (parameter.file && parameter.type === 'array') schema.items ??= { type: 'object', ...fileSchema };
  else if (parameter.file && parameter.properties === undefined) Object.assign(schema, fileSchema);
  if (parameter.in === 'mail' && (parameter.as ?? name) === 'attachments' && parameter.items === undefined)
    schema.items = { type: 'object', ...fileSchema };
  return schema;
}

function pickWords(value: Parameter | RecipeValue): JsonSchema {
  return Object.fromEntries(words.filter((word) => value[word] !== undefined).map((word) => [word, value[word]]));
}

/** `{owner}/{repo}` is filled by two segments that are not empty. */
function patternOfSplit(split: string): string {
  return `^${split
    .split('/')
    .map(() => '[^/]+')
    .join('/')}$`;
}

/** The names of the path that a `split` fills, in order. */
export function namesOfSplit(split: string): string[] {
  return [...split.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] as string);
}
