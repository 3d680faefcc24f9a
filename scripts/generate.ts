/** Writes the files that are generated from the code; tests compare them. Run with `npm run generate`. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { printRouteTable, replaceSection } from '../src/app/rest/route-table.ts';
import { printSortedSchema } from '../src/app/schema.ts';
import { printRecipeSchema } from '../src/domains/recipes/schema-file.ts';

const root = path.resolve(import.meta.dirname, '..');
await writeFile(path.join(root, 'schema.graphql'), printSortedSchema());
await writeFile(path.join(root, 'recipes/recipe.schema.json'), printRecipeSchema());
const readme = path.join(root, 'README.md');
await writeFile(readme, replaceSection(await readFile(readme, 'utf8'), 'routes', printRouteTable()));
