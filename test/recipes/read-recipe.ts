/** A bundled recipe by its files alone, so that a fault in another recipe does not matter. */
import { readdirSync, readFileSync } from 'node:fs';
import { type Endpoint, type Integration, integration, type Resource, resource } from '../../src/domains/recipes/format/format.ts';

export interface RecipeRead {
  recipe: Integration;
  resources: Resource[];
  endpoints: [name: string, endpoint: Endpoint][];
  /** A copy that a test may change. */
  requireEndpoint(name: string): Endpoint;
}

export function readRecipe(slug: string): RecipeRead {
  const folder = new URL(`../../recipes/${slug}/`, import.meta.url);
  const readJson = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const resources = readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file !== 'recipe.json')
    .map((file) => resource.parse(readJson(file)));
  const endpoints = resources.flatMap((one) => Object.entries(one.endpoints));
  return {
    recipe: integration.parse(readJson('recipe.json')),
    resources,
    endpoints,
    requireEndpoint: (name) => {
      const found = endpoints.find(([one]) => one === name)?.[1];
      if (!found) throw new Error(`The recipe ${slug} has no endpoint ${name}.`);
      return structuredClone(found);
    },
  };
}
