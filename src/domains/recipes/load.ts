/**
 * Reads the recipes' folders into the catalogue. Everything that is wrong with any file is reported at once, and then
 * nothing is loaded: a server that starts has every integration its folders hold.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import type { IntegrationSettings } from '../../core/config/integration-settings.ts';
import { buildCatalogue, type Catalogue } from './catalogue.ts';
import { checkLeanReferences } from './check/answer/lean.ts';
import { checkNextPaths } from './check/answer/pages.ts';
import { checkShapes } from './check/answer/shapes.ts';
import { checkLogo, logoFile } from './check/logo.ts';
import type { FaultPath, Report } from './check/texts.ts';
import { validateIntegration, validateReferences, validateResource } from './check/validate.ts';
import { type Answers, answers } from './format/answer/shapes.ts';
import { type Integration, integration, type Resource, resource } from './format/format.ts';
import { KeptRecipes } from './kept/kept-recipes.ts';
import { openRecipe, type PackedRecipe, packRecipe } from './kept/packed-recipe.ts';
import { fillShared } from './values/shared-values.ts';

interface RecipeFolders {
  /** The folder shipped with the server. */
  bundledFolder: string;
  /** The operator's own (SKILLETT_RECIPES). */
  extraFolder: string | undefined;
  /** What the installation sets, by slug. */
  integrations: ReadonlyMap<string, IntegrationSettings>;
  /** Where it is remembered which files were found sound. */
  cacheFolder?: string | undefined;
}

export interface RecipeFault {
  /** Such as `recipes/github/issues.json`. */
  file: string;
  /** Place in the file, names joined by dots; empty for the whole file. */
  path: string;
  message: string;
}

/** Every fault of every recipe. The message has a line for each. */
export class RecipeFaults extends Error {
  readonly faults: readonly RecipeFault[];

  constructor(faults: readonly RecipeFault[]) {
    const lines = faults.map((fault) => `  - ${[fault.file, fault.path, fault.message].filter((part) => part !== '').join(': ')}`);
    super(`The recipes have ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${lines.join('\n')}`);
    this.name = 'RecipeFaults';
    this.faults = faults;
  }
}

/** Throws RecipeFaults. */
export async function loadCatalogue(folders: RecipeFolders): Promise<Catalogue> {
  const kept = await KeptRecipes.open(folders.cacheFolder);
  const bundled = await readRecipes(folders.bundledFolder, path.basename(folders.bundledFolder), kept);
  const extra = folders.extraFolder === undefined ? [] : await readRecipes(folders.extraFolder, folders.extraFolder, kept);
  for (const { files } of extra)
    if (bundled.some((other) => other.files.slug === files.slug))
      files.report('recipe.json')(['slug'], `${files.slug} comes with Skillett already; give this one another slug and folder name`);
  const all = [...bundled, ...extra];
  const faults = all.flatMap(({ files }) => files.faults);
  if (faults.length > 0) throw new RecipeFaults(faults);
  await kept.save();
  return buildCatalogue(
    all.flatMap(({ files, packed }) => (packed ? openRecipe(packed, folders.integrations.get(files.slug), files.texts.get(logoFile)) : [])),
  );
}

/** What the folder of one integration holds. What could not be read is missing here and among the faults. */
class RecipeFiles {
  /** Name of the folder. */
  readonly slug: string;
  readonly faults: RecipeFault[] = [];
  recipe: Integration | undefined;
  /** File name → resource. */
  readonly resources = new Map<string, Resource>();
  /** What the provider's description says of answers. */
  answers: Answers | undefined;
  /** File name → its text. */
  readonly texts = new Map<string, string>();
  /** `guides/…` → Markdown. */
  readonly guides = new Map<string, string>();
  private readonly folder: string;
  private readonly label: string;

  /** `label` is what faults call the folder. */
  constructor(folder: string, label: string, slug: string) {
    this.folder = folder;
    this.label = label;
    this.slug = slug;
  }

  report(file: string): Report {
    return (place, message) => this.faults.push({ file: path.posix.join(this.label, file), path: place.join('.'), message });
  }

  async read(): Promise<void> {
    const files = (await readdir(this.folder)).sort();
    if (!files.includes('recipe.json')) this.report('recipe.json')([], 'is missing: it describes the integration');
    for (const file of files.filter((name) => name.endsWith('.json') || name === logoFile))
      await this.text(file).catch((error: Error) => this.report(file)([], `cannot be read: ${error.message}`));
    if (!files.includes('guides')) return;
    for (const file of (await readdir(path.join(this.folder, 'guides'))).sort())
      if (file.endsWith('.md')) this.guides.set(`guides/${file}`, await this.text(`guides/${file}`));
  }

  /** By the texts: what was parsed no longer says where a value came from. */
  private reportUnused(): void {
    for (const name of Object.keys(this.recipe?.values ?? {})) {
      const use = new RegExp(`"\\$value"\\s*:\\s*"${name}"`);
      if (![...this.texts.values()].some((text) => use.test(text))) this.report('recipe.json')(['values', name], 'is used by no parameter');
    }
  }

  private async text(file: string): Promise<string> {
    // Some editors write a byte-order mark, which readers may ignore (RFC 8259, section 8.1).
    const text = (await readFile(path.join(this.folder, file), 'utf8')).replace(/^\ufeff/, '');
    this.texts.set(file, text);
    return text;
  }

  /** What the texts hold, the integration first, since its values stand in the others. */
  parse(): void {
    const own = this.texts.get('recipe.json');
    if (own !== undefined) this.recipe = this.parseText('recipe.json', own, integration, {});
    for (const [file, text] of this.texts) {
      if (file === 'recipe.json' || this.guides.has(file)) continue;
      if (file === logoFile) {
        checkLogo(text, this.report(file));
        continue;
      }
      if (file === 'answers.json') {
        this.answers = this.parseText(file, text, answers, {});
        continue;
      }
      // Its faults are told first: of values that it does not give nothing can be said.
      if (this.recipe === undefined && text.includes('"$value"')) continue;
      const parsed = this.parseText(file, text, resource, this.recipe?.values ?? {});
      if (parsed) this.resources.set(file, parsed);
    }
    if (this.faults.length === 0) this.reportUnused();
  }

  private parseText<Shape extends z.ZodType>(
    file: string,
    text: string,
    shape: Shape,
    shared: NonNullable<Integration['values']>,
  ): z.infer<Shape> | undefined {
    const report = this.report(file);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      // The message quotes the text, line breaks included; a fault is one line.
      report([], `is not JSON: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`);
      return undefined;
    }
    if (holdsProto(text, json)) {
      report([], 'has a member `__proto__`, which would be left out without a word');
      return undefined;
    }
    const before = this.faults.length;
    const filled = file === 'recipe.json' || file === 'answers.json' ? json : fillShared(json, shared, report);
    if (this.faults.length > before) return undefined;
    const parsed = shape.safeParse(filled, { error: (issue) => (issue.input === undefined ? 'is missing' : undefined) });
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) reportIssue(issue, report);
    return undefined;
  }
}

function reportIssue(issue: z.core.$ZodIssue, report: Report): void {
  const place = issue.path as FaultPath;
  if (issue.code === 'unrecognized_keys') for (const key of issue.keys) report([...place, key], 'is no field of the recipe format');
  else if (issue.code === 'invalid_key') for (const { message } of issue.issues) report(place, message);
  else if (issue.code !== 'invalid_union' || issue.errors.length === 0) report(place, issue.message);
  else {
    // Of several forms, the one that is wrong only further inside is the one that was meant.
    const meant = issue.errors.find((faults) => faults.every((fault) => fault.path.length > 0));
    if (meant) for (const fault of meant) reportIssue(fault, (inner, message) => report([...place, ...inner], message));
    else report(place, issue.errors.map((faults) => faults.map((fault) => fault.message).join(' and ')).join('; or: '));
  }
}

interface RecipeRead {
  files: RecipeFiles;
  /** Missing where there are faults. */
  packed: PackedRecipe | undefined;
}

/** `label` is what faults call the folder. */
async function readRecipes(folder: string, label: string, kept: KeptRecipes): Promise<RecipeRead[]> {
  const slugs = await listFolders(folder).catch((error: Error) => {
    throw new RecipeFaults([{ file: label, path: '', message: `the folder of recipes cannot be read (${error.message})` }]);
  });
  return Promise.all(
    slugs.map(async (slug) => {
      const files = new RecipeFiles(path.join(folder, slug), path.posix.join(label, slug), slug);
      await files.read();
      return { files, packed: readSound(files, kept) };
    }),
  );
}

/** What was kept of the files, or what they hold if they are sound. */
function readSound(files: RecipeFiles, kept: KeptRecipes): PackedRecipe | undefined {
  const digest = kept.digest(files.slug, files.texts);
  const found = files.faults.length === 0 ? kept.find(digest) : undefined;
  if (found) return found;
  files.parse();
  checkFiles(files);
  const { recipe, resources, guides, answers: described, faults } = files;
  if (!recipe || faults.length > 0) return undefined;
  const packed = packRecipe({ recipe, resources: [...resources.values()], guides, answers: described });
  kept.keep(digest, packed);
  return packed;
}

/** Records that are read take no such name and say nothing of it. */
function holdsProto(text: string, json: unknown): boolean {
  if (!text.includes('__proto__')) return false;
  const open = [json];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    if (Object.hasOwn(next, '__proto__')) return true;
    open.push(...Object.values(next));
  }
  return false;
}

async function listFolders(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  const areFolders = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).isDirectory()));
  return names.filter((_, at) => areFolders[at]);
}

/** How the files fit each other, as far as they have the right shape: a fault in one hides none in another. */
function checkFiles(files: RecipeFiles): void {
  const { recipe, resources } = files;
  const allRead = files.faults.length === 0;
  if (recipe && recipe.slug !== files.slug)
    files.report('recipe.json')(['slug'], `is ${recipe.slug}, but the folder is called ${files.slug}`);
  if (allRead && resources.size === 0)
    files.report('recipe.json')([], 'stands alone: there is no file of a resource with endpoints beside it');
  const definedIn = new Map<string, string>();
  for (const [file, content] of resources) {
    const report = files.report(file);
    validateResource(content, file, recipe, report);
    for (const name of Object.keys(content.endpoints)) {
      if (definedIn.has(name)) report(['endpoints', name], `is already in ${definedIn.get(name)}; names are unique in an integration`);
      definedIn.set(name, file);
    }
  }
  const endpointNames = allRead ? new Set(definedIn.keys()) : undefined;
  if (endpointNames) for (const [file, content] of resources) validateReferences(content, endpointNames, files.report(file));
  if (recipe && allRead) checkNextPaths(recipe, resources.values(), files.report('recipe.json'));
  if (recipe && allRead)
    checkShapes({
      recipe,
      reportRecipe: files.report('recipe.json'),
      answers: files.answers,
      reportAnswers: files.report('answers.json'),
      resources: [...resources].map(([file, content]) => [content, files.report(file)]),
    });
  if (allRead) checkLeanReferences(resources, (file) => files.report(file));
  if (recipe) validateIntegration(recipe, endpointNames, [...files.guides.keys()], files.report('recipe.json'));
}
