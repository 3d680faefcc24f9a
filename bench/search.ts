/**
 * `npm run bench:search`: how often the first endpoint, or one of the first five, is right for 320 everyday questions. With `--misses` it
 * prints those of the tuned half that are not first; those of the other half are not shown, so that nobody tunes on them.
 */
import { bundledRecipes } from '../src/app/process/folders.ts';
import { loadCatalogue } from '../src/domains/recipes/load.ts';
import { buildSearch } from '../src/domains/skills/search.ts';
import { askAll, type Half, recall } from '../test/skills/questions/questions.ts';

const catalogue = await loadCatalogue({ bundledFolder: bundledRecipes, extraFolder: undefined, integrations: new Map() });
const search = buildSearch(catalogue);
const halves: Half[] = ['tuned', 'apart'];
for (const half of halves) {
  const answered = askAll(search, half);
  const shares = [1, 5].map((count) => `recall@${count} ${(100 * recall(answered, count)).toFixed(1).padStart(5)} %`);
  process.stdout.write(`${half}  ${answered.length} questions  ${shares.join('  ')}\n`);
  if (half === 'tuned' && process.argv.includes('--misses'))
    for (const { question, right, found } of answered)
      if (!right.includes(found[0] ?? '')) process.stdout.write(`  ${question}: ${found.join(', ')} (right: ${right.join(', ')})\n`);
}
