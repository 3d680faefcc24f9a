/** Where recipes, their facts and the providers' descriptions lie. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Report } from '../../src/domains/recipes/check/texts.ts';
import { type Endpoint, type Integration, integration, type Resource, resource } from '../../src/domains/recipes/format/format.ts';
import { fillShared } from '../../src/domains/recipes/values/shared-values.ts';
import type { Facts, FactsHead, Source } from './facts.ts';
import type { CodeForm } from './sources/read-code.ts';

const root = path.resolve(import.meta.dirname, '../..');
const recipesFolder = path.join(root, 'recipes');
/** Recipes that are hard to say, for tests alone; some have facts too. */
const hardFolder = path.join(root, 'test/recipes/hard');
const factsFolder = path.join(root, 'test/recipes/facts');

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
  const parsed = integration.parse(readJson('recipe.json'));
  const resources = files.map((file) => resource.parse(fillShared(readJson(file), parsed.values ?? {}, reportInto(file))));
  return {
    integration: parsed,
    resources,
    endpoints: resources.flatMap((one) => Object.entries(one.endpoints)),
    answers: readIfThere(answersFileOf(slug)),
  };
}

const reportInto =
  (file: string): Report =>
  (place, message) => {
    throw new Error(`${file}: ${place.join('.')} ${message}`);
  };

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

/** A description as its file holds it. */
export interface SourceText {
  file: string;
  text: string;
  /** Its date, or its package and the version of that, where it is known. */
  date?: string;
  /** Of code: how it is written, and its whole path, from which its reader finds the rest. Its text is empty. */
  form?: CodeForm;
  place?: string;
}

/** Undefined where one of them is not on this machine, or none is named. */
export function readSources(head: Pick<FactsHead, 'source'>): SourceText[] | undefined {
  const found = listSources(head).map(readSource);
  return found.length === 0 || found.includes(undefined) ? undefined : (found as SourceText[]);
}

export function listSources({ source = [] }: Pick<FactsHead, 'source'>): Source[] {
  return Array.isArray(source) ? source : [source];
}

function readSource(source: Source): SourceText | undefined {
  const { file } = source;
  if (source.package !== undefined) return readPackaged(source);
  const text = readIfThere(path.join(descriptionsFolder, file));
  if (text === undefined) return undefined;
  const index = readIfThere(path.join(descriptionsFolder, 'README.md')) ?? '';
  const row = index.split('\n').find((line) => line.startsWith(`| ${path.dirname(file)} | \`${path.basename(file)}\``));
  const date = row?.match(/\| (\d{4}-\d\d-\d\d) \|/)?.[1];
  return { file, text, ...(date === undefined ? {} : { date }) };
}

/** Of a package that is installed, or lies in a folder of NODE_PATH: large ones are no dependency of the project. */
function readPackaged({ package: name = '', file, form }: Source): SourceText | undefined {
  const folders = [path.join(root, 'node_modules'), ...(process.env.NODE_PATH ?? '').split(path.delimiter)];
  const folder = folders.map((one) => path.join(one, name)).find((one) => existsSync(path.join(one, 'package.json')));
  if (folder === undefined) return undefined;
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string };
  const date = `${name} ${version}`;
  const place = path.join(folder, file);
  if (form) return existsSync(place) ? { file, form, place, date, text: '' } : undefined;
  const text = readIfThere(place);
  return text === undefined ? undefined : { file, text, date };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
