/** What a recipe's endpoint sends: at which places, under which names of the provider's. */
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { Parameter, RecipeValue } from '../../src/domains/recipes/format/parameter.ts';

export interface Sent {
  in: string;
  /** The provider's name; in a body the first segment of the pointer, and empty when the value is the whole body. */
  name: string;
  /** The further segments of the pointer. */
  below: string[];
  certain: boolean;
  value?: RecipeValue;
}

/** A composed mail is one text at its place; its parts are the gateway's own affair. */
export function listSent(endpoint: Endpoint): Sent[] {
  const { query, headers, body, parameters } = endpoint;
  // Beside the JSON, and so no part of what is described there.
  const beside = body?.encoding === 'related' ? body.content : undefined;
  const constants = (place: string, names: object = {}): Sent[] =>
    Object.keys(names).map((name) => ({ in: place, ...readPointer(name), certain: true }));
  return [
    ...constants('query', query),
    ...constants('header', headers),
    ...constants('body', body?.constants),
    ...(body?.mail_at === undefined
      ? []
      : [{ in: 'body', ...readPointer(body.mail_at), certain: true, value: { type: 'string' } as const }]),
    ...Object.entries(parameters).flatMap(([name, parameter]) =>
      name === beside ? [] : listSentBy(name, parameter, body?.content === name),
    ),
  ];
}

function listSentBy(name: string, parameter: Parameter, isWhole: boolean): Sent[] {
  if (parameter.in === 'mail') return [];
  const hasDefault = (parameter.send_default === true && parameter.default !== undefined) || parameter.default_from !== undefined;
  const certain = parameter.required === true || hasDefault;
  if (parameter.split) {
    const value: RecipeValue = { type: 'string' };
    return [...parameter.split.matchAll(/\{(\w+)\}/g)].map(([, part]) => ({ in: 'path', name: part!, below: [], certain, value }));
  }
  const value = parameter.file ? fileOf(parameter) : describedValueOf(parameter);
  if (isWhole) return [{ in: 'body', name: '', below: [], certain, value }];
  if (parameter.merge)
    return Object.entries(value.properties ?? {}).map(([member, inner]) => ({
      in: 'body',
      ...readPointer(parameter.as === undefined ? member : `${parameter.as}/${member}`),
      certain: certain && value.required?.includes(member) === true,
      value: inner,
    }));
  return [{ in: parameter.in, ...readPointer(parameter.as ?? name), certain, value }];
}

/** Inside a value the word for what an object must hold is `required`. */
function describedValueOf({ required_properties, ...parameter }: Parameter): RecipeValue {
  return (required_properties ? { ...parameter, required: required_properties } : parameter) as RecipeValue;
}

/** Descriptions know a file as a text of bytes. */
function fileOf(parameter: Parameter): RecipeValue {
  return parameter.type === 'array' ? { type: 'array', items: { type: 'string' } } : { type: 'string' };
}

function readPointer(name: string): Pick<Sent, 'name' | 'below'> {
  const [first = '', ...below] = name.startsWith('/') ? name.slice(1).split('/') : [name];
  return { name: first, below };
}

const contentTypes: Record<string, readonly string[]> = {
  form: ['application/x-www-form-urlencoded', 'multipart/form-data'],
  multipart: ['multipart/form-data'],
  json: ['application/json'],
};

/** Of the kinds of bodies that a description lists, the one that the endpoint sends. */
export function pickContent<Content>(endpoint: Endpoint, content: Record<string, Content>): [type: string, content: Content] | undefined {
  const wanted = contentTypes[endpoint.body?.encoding ?? 'json'] ?? [];
  const all = Object.entries(content);
  const found = wanted.flatMap((type) => all.filter(([name]) => name.split(';')[0] === type));
  return found[0] ?? all.find(([name]) => name.endsWith('json')) ?? all[0];
}
