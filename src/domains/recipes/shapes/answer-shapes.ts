/**
 * What the endpoints of an integration answer. Everything may be null or missing, and there may be more than is said: a shape is what a
 * description promises. Field names are the service's own and may be any text, so look them up with `Object.hasOwn`.
 */
import type { Answers } from '../format/answer/shapes.ts';
import type { Integration, Resource } from '../format/format.ts';

/** A field's name → its type. */
export type Shape = Readonly<Record<string, string>>;

/** Types are `string int int64 float boolean json` or the name of a shape, either with `[]` behind it for a list. */
export interface AnswerShapes {
  readonly shapes: Readonly<Record<string, Shape>>;
  /** Endpoint → type of `data`; an endpoint of which nothing is known is missing. */
  readonly returns: Readonly<Record<string, string>>;
}

/** What the description says, and over it what the recipe says. */
export function joinAnswers(recipe: Integration, resources: readonly Resource[], described: Answers | undefined): AnswerShapes {
  const shapes = joinShapes(described?.shapes, recipe.shapes);
  const returns: Record<string, string> = { ...described?.returns };
  for (const { endpoints } of resources)
    for (const [name, { returns: own }] of Object.entries(endpoints)) {
      if (own === undefined) continue;
      if (typeof own === 'string') returns[name] = own;
      else {
        returns[name] = nameAnswer(name, shapes);
        shapes[returns[name]] = own;
      }
    }
  return { shapes, returns };
}

/** Field by field: a recipe says what its provider leaves open, and the rest stays as it was described. */
export function joinShapes(described: Answers['shapes'] = {}, own: Answers['shapes'] = {}): Record<string, Shape> {
  const shapes: Record<string, Shape> = { ...described };
  for (const [name, fields] of Object.entries(own)) shapes[name] = { ...shapes[name], ...fields };
  return shapes;
}

/** A name that no shape has yet, for what an endpoint answers. */
export function nameAnswer(endpoint: string, taken: Readonly<Record<string, unknown>>): string {
  const words = endpoint.split('_').filter((word) => word !== '');
  return freeName(`${words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')}Answer`, taken);
}

export function freeName(wanted: string, taken: Readonly<Record<string, unknown>>): string {
  let name = wanted;
  for (let at = 2; Object.hasOwn(taken, name); at += 1) name = `${wanted}${at}`;
  return name;
}

/** The type without `[]`, and whether it was a list. */
export function readType(type: string): { name: string; isList: boolean } {
  return type.endsWith('[]') ? { name: type.slice(0, -2), isList: true } : { name: type, isList: false };
}

/** The shape that a type names, with or without `[]`; undefined for scalars and `json`. */
export function shapeOfType({ shapes }: AnswerShapes, type: string): Shape | undefined {
  const { name } = readType(type);
  return Object.hasOwn(shapes, name) ? shapes[name] : undefined;
}
