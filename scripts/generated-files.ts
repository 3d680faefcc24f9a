/** What is generated from the code and committed: each file with the content it must have. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { printRouteTable, replaceSection } from '../src/app/rest/route-table.ts';
import { printSortedSchema } from '../src/app/schema.ts';
import { printRecipeSchema } from '../src/domains/recipes/schema-file.ts';
import { printWebTypes } from './web-types.ts';

const root = path.resolve(import.meta.dirname, '..');

export async function listGeneratedFiles(): Promise<{ file: string; content: string }[]> {
  const readme = path.join(root, 'README.md');
  return [
    { file: path.join(root, 'schema.graphql'), content: printSortedSchema() },
    { file: path.join(root, 'recipes/recipe.schema.json'), content: printRecipeSchema() },
    { file: path.join(root, 'web/src/data/graphql-env.d.ts'), content: printWebTypes() },
    { file: readme, content: replaceSection(await readFile(readme, 'utf8'), 'routes', printRouteTable()) },
  ];
}
