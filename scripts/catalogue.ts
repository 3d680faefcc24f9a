/**
 * `npm run catalogue [-- slug …]` prints what each bundled recipe has: endpoints, and how many of them are proved by a description and executed
 * against it, shapes of answers, ways to connect, guides. Ends with status 1 where an endpoint is not proved, or not executed, and no
 * reason is written down.
 */
import { type CatalogueRow, printTable, rowOf } from './recipes/catalogue-table.ts';
import { checkRecipe } from './recipes/check.ts';
import { executeRecipe } from './recipes/execute-recipe.ts';
import { openExecutionStand } from './recipes/execution-stand.ts';
import { listRecipes, readFacts, readRecipe } from './recipes/folders.ts';

const known = listRecipes();
const asked = process.argv.slice(2);
const unknown = asked.filter((slug) => !known.includes(slug));
if (unknown.length > 0) throw new Error(`There is no recipe ${unknown.join(', ')}. There are ${known.join(', ')}.`);
const slugs = asked.length > 0 ? asked : known;
const stand = await openExecutionStand(slugs);
const rows: CatalogueRow[] = [];
for (const slug of slugs) {
  const recipe = readRecipe(slug);
  const facts = readFacts(slug) ?? {};
  rows.push(rowOf(recipe, facts, checkRecipe(recipe, facts), await executeRecipe(stand, recipe, facts)));
}
await stand.close();
process.stdout.write(printTable(rows));
process.exitCode = rows.some(({ faults }) => faults.length > 0) ? 1 : 0;
