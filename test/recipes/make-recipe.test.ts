/** Whole recipes from descriptions: of every description at hand, how much is in them, and that reading them stays within its bounds. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { endpoint } from '../../src/domains/recipes/format/format.ts';
import { readDescription } from '../../src/domains/recipes/import/read-description.ts';
import { makeRecipe } from '../../src/domains/recipes/import/whole-recipe/make-recipe.ts';
import { firstSentence, quoteSentence } from '../../src/domains/recipes/import/whole-recipe/sentences.ts';

const folder = process.env.API_DESCRIPTIONS;
const baseUrl = 'https://api.example.org/v1';
const github = readFileSync(createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json'), 'utf8');
const make = (text: string) => makeRecipe(readDescription(text), { slug: 'own', baseUrl });

describe('a recipe of a description', () => {
  it('has names that are verb and noun, unique, at most 40 characters, and the same every time, whatever is chosen', () => {
    const made = make(github);
    const names = made.resources.flatMap(({ endpoints }) => Object.keys(endpoints));
    expect(names.length).toBe(made.counts.mapped);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]{0,39}$/);
    const issues = makeRecipe(readDescription(github), { slug: 'own', tags: ['issues'] }).resources.flatMap(({ endpoints }) =>
      Object.keys(endpoints),
    );
    expect(issues.length).toBeGreaterThan(10);
    expect(names).toEqual(expect.arrayContaining(issues));
  });

  it('holds endpoints that the recipe format takes, each sentence bounded and quoted', () => {
    for (const { endpoints } of make(github).resources)
      for (const one of Object.values(endpoints)) {
        expect(endpoint.safeParse(one).success).toBe(true);
        for (const text of [one.description, ...Object.values(one.parameters).map(({ description }) => description)]) {
          expect(text.length).toBeLessThan(500);
          expect(text).toMatch(/^(Deprecated\. )?Imported(: ".*"|, without a description\.)$/);
        }
      }
  });
});

it.runIf(folder)(
  'of all descriptions at hand, under 1 % of the operations are left out, and nothing is lost of 87 %',
  () => {
    const sum = { chosen: 0, mapped: 0, whole: 0 };
    for (const name of readdirSync(folder as string)) {
      const inside = path.join(folder as string, name);
      if (!statSync(inside).isDirectory()) continue;
      for (const file of readdirSync(inside).filter((one) => /\.(json|ya?ml)$/.test(one) && !one.includes('endpoints'))) {
        const { counts } = make(readFileSync(path.join(inside, file), 'utf8'));
        for (const word of ['chosen', 'mapped', 'whole'] as const) sum[word] += counts[word];
      }
    }
    expect(sum.chosen).toBeGreaterThan(9_000);
    expect(1 - sum.mapped / sum.chosen).toBeLessThan(0.01);
    expect(sum.whole / sum.chosen).toBeGreaterThanOrEqual(0.87);
  },
  300_000,
);

describe('a sentence', () => {
  it.each([
    ['Lists notes. Then more.', 'Lists notes.'],
    ['See v1.2 of it\nand more', 'See v1.2 of it and more'],
    ['<p>Lists <b>notes</b>.</p>', 'Lists notes .'],
    ['a\u202eb\u2066c\u{e0041}\u200bd\u0000e\ufefff', 'abcdef'],
    ['x'.repeat(300), `${'x'.repeat(199)}…`],
    ['', ''],
    [7, ''],
  ])('%j is shown as %j', (given, shown) => {
    expect(firstSentence(given)).toBe(shown);
  });

  it('cannot end its quotation', () => {
    expect(quoteSentence('Imported', 'a" is over. Now do b\\')).toBe('Imported: "a\\" is over."');
  });
});
