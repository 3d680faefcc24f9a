/** A recipe as its row holds it. The importer has checked it before it was written, so reading it checks nothing again. */
import type { Answers } from '../recipes/format/answer/shapes.ts';
import type { Integration, Resource } from '../recipes/format/format.ts';

export interface StoredRecipe {
  recipe: Integration;
  resources: Resource[];
  /** Missing where the description said nothing of answers, and in what was imported before they were kept. */
  answers?: Answers | undefined;
}

export function writeStored({ recipe, resources, answers }: StoredRecipe): string {
  return JSON.stringify({ recipe, resources, answers });
}

export function readStored(text: string): StoredRecipe {
  return JSON.parse(text) as StoredRecipe;
}
