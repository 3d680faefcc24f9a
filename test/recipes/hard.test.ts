/** The recipes of services that are hard to say, as their files are; each has a test of its own that connects it. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';
import { hardRecipes } from './hard-stand.ts';

it('every hard recipe loads as its file is', async () => {
  const catalogue = await loadCatalogue({ bundledFolder: hardRecipes, extraFolder: undefined, integrations: new Map() });
  expect(catalogue.integrations.map(({ slug }) => slug)).toEqual(readdirSync(hardRecipes).sort());
  expect(catalogue.integrations.length).toBeGreaterThan(2);
});
