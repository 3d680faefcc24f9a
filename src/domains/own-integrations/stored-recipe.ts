/** A recipe as its row holds it. The importer has checked it before it was written, so reading it checks nothing again. */
import type { Integration, Resource } from '../recipes/format/format.ts';

export interface StoredRecipe {
  recipe: Integration;
  resources: Resource[];
}

export function writeStored({ recipe, resources }: StoredRecipe): string {
  return JSON.stringify({ recipe, resources });
}

export function readStored(text: string): StoredRecipe {
  return JSON.parse(text) as StoredRecipe;
}
