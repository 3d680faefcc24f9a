/** A bundled recipe by its files alone, so that a fault in another recipe does not matter. */
import { type Recipe, readRecipe as readFiles } from '../../scripts/recipes/folders.ts';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';

export interface RecipeRead extends Recipe {
  /** A copy that a test may change. */
  requireEndpoint(name: string): Endpoint;
}

export function readRecipe(slug: string): RecipeRead {
  const files = readFiles(slug);
  return {
    ...files,
    requireEndpoint: (name) => {
      const found = files.endpoints.find(([one]) => one === name)?.[1];
      if (!found) throw new Error(`The recipe ${slug} has no endpoint ${name}.`);
      return structuredClone(found);
    },
  };
}
