/** Where recipes, their facts and the providers' descriptions lie. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Endpoint, type Integration, integration, type Resource, resource } from '../../src/domains/recipes/format/format.ts';
import type { Facts, FactsHead } from './facts.ts';

const root = path.resolve(import.meta.dirname, '../..');
const recipesFolder = path.join(root, 'recipes');
/** Recipes that are hard to say, for tests alone; some have facts too. */
const hardFolder = path.join(root, 'test/recipes/hard');
const factsFolder = path.join(root, 'test/recipes/facts');
const require = createRequire(import.meta.url);

/** Descriptions are no part of the repository: `API_DESCRIPTIONS` names their folder, otherwise one beside the checkout is looked for. */
const descriptionsFolder = process.env.API_DESCRIPTIONS ?? path.resolve(root, '../shared/specs');

export interface Recipe {
  integration: Integration;
  resources: Resource[];
  endpoints: [name: string, endpoint: Endpoint][];
  /** The text of answers.json. */
  answers: string | undefined;
}

/** A recipe by its files alone, so that a fault in another one does not matter. */
export function readRecipe(slug: string): Recipe {
  const folder = folderOf(slug);
  const readJson = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  const files = readdirSync(folder).filter((file) => file.endsWith('.json') && !['recipe.json', 'answers.json'].includes(file));
  const resources = files.map((file) => resource.parse(readJson(file)));
  return {
    integration: integration.parse(readJson('recipe.json')),
    resources,
    endpoints: resources.flatMap((one) => Object.entries(one.endpoints)),
    answers: readIfThere(answersFileOf(slug)),
  };
}

export function listRecipes(): string[] {
  return listFolders(recipesFolder);
}

/** With those of tests that have facts. */
export function listRecipesWithFacts(): string[] {
  return [...listRecipes(), ...listFolders(hardFolder).filter((slug) => existsSync(factsFileOf(slug)))];
}

function listFolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Made of the description; the recipe may be without. */
export function answersFileOf(slug: string): string {
  return path.join(folderOf(slug), 'answers.json');
}

function folderOf(slug: string): string {
  return path.join(listRecipes().includes(slug) ? recipesFolder : hardFolder, slug);
}

export function factsFileOf(slug: string): string {
  return path.join(factsFolder, `${slug}.json`);
}

/** Undefined where nothing was extracted yet. */
export function readFacts(slug: string): Facts | undefined {
  const text = readIfThere(factsFileOf(slug));
  return text === undefined ? undefined : JSON.parse(text);
}

/** The text of a description, and its date or its package's version where that is known; undefined where this machine does not have it. */
export function readSource({ source }: FactsHead): { text: string; date?: string } | undefined {
  if (source === undefined) return undefined;
  if (source.package !== undefined) {
    const { version } = require(`${source.package}/package.json`) as { version: string };
    return { text: readFileSync(require.resolve(`${source.package}/${source.file}`), 'utf8'), date: `${source.package} ${version}` };
  }
  const text = readIfThere(path.join(descriptionsFolder, source.file));
  if (text === undefined) return undefined;
  const [folder, file] = [path.dirname(source.file), path.basename(source.file)];
  const index = readIfThere(path.join(descriptionsFolder, 'README.md')) ?? '';
  const row = index.split('\n').find((line) => line.startsWith(`| ${folder} | \`${file}\``));
  const date = row?.match(/\| (\d{4}-\d\d-\d\d) \|/)?.[1];
  return { text, ...(date === undefined ? {} : { date }) };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
