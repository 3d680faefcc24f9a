/** docs/writing-an-integration.md: what it shows is a recipe that loads, and the commands it names are there. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { load, writeFolder } from './sound-recipe.ts';

const root = path.resolve(import.meta.dirname, '../..');
const text = readFileSync(path.join(root, 'docs/writing-an-integration.md'), 'utf8');

it('the files that it shows are a recipe that loads', async () => {
  const [recipe, letters] = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => json as string);
  const catalogue = await load(await writeFolder({ 'letters/recipe.json': recipe, 'letters/letters.json': letters }));
  expect(catalogue.findEndpoint('letters', 'list_letters')).toMatchObject({ readOnly: true, method: 'GET' });
});

it('the npm commands that it names are there', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const named = [...text.matchAll(/^(?:\S+=\S+ )?npm (?:run )?([a-z-]+)/gm)].map(([, name]) => name as string);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});
