/**
 * Recipes that were found sound before, by a digest of their files and of the code that reads and checks them: compiling what checks
 * the samples of 5,000 endpoints takes many seconds, and the same files are as sound as they were. `npm run build` writes the file for
 * the recipes that come with the server; a recipe that is not in it is read from its source.
 */
import { createHash, hash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { reservedHeaders } from '../check/texts.ts';
import type { PackedRecipe, RecipeHead } from './packed-recipe.ts';

const fileName = 'checked-recipes';

/** By digest, where in what follows the line its body is, and how many bytes behind that its answers have. */
type Index = Record<string, { head: RecipeHead; at: number; length: number; answers: number }>;

export class KeptRecipes {
  readonly #folder: string | undefined;
  readonly #code: string;
  readonly #before: ReadonlyMap<string, PackedRecipe>;
  /** Of those that exist now; others are forgotten. */
  readonly #now = new Map<string, PackedRecipe>();

  private constructor(folder: string | undefined, code: string, before: ReadonlyMap<string, PackedRecipe>) {
    this.#folder = folder;
    this.#code = code;
    this.#before = before;
  }

  /** `folder` keeps what is remembered; undefined remembers nothing. */
  static async open(folder: string | undefined): Promise<KeptRecipes> {
    if (folder === undefined) return new KeptRecipes(undefined, '', new Map());
    return new KeptRecipes(folder, await hashCode(), await readKept(path.join(folder, fileName)).catch(() => new Map()));
  }

  /** Of one integration: the name of its folder, and its files by name. */
  digest(slug: string, texts: ReadonlyMap<string, string>): string {
    const all = [this.#code, slug, ...[...texts].flat()];
    return hash('sha256', all.map((text) => `${text.length}:${text}`).join(''));
  }

  find(digest: string): PackedRecipe | undefined {
    const found = this.#before.get(digest);
    if (found) this.#now.set(digest, found);
    return found;
  }

  keep(digest: string, recipe: PackedRecipe): void {
    this.#now.set(digest, recipe);
  }

  /** A folder that cannot be written only costs the next start its time. */
  async save(): Promise<void> {
    if (this.#folder === undefined || [...this.#now.keys()].every((digest) => this.#before.has(digest))) return;
    let at = 0;
    const index: Index = {};
    for (const [digest, { head, body, answers }] of this.#now) {
      index[digest] = { head, at, length: body.length, answers: answers.length };
      at += body.length + answers.length;
    }
    try {
      await mkdir(this.#folder, { recursive: true });
      const file = path.join(this.#folder, fileName);
      // Whole or not at all: workers start together.
      await writeFile(`${file}.${process.pid}`, [
        `${JSON.stringify(index)}\n`,
        ...[...this.#now.values()].flatMap(({ body, answers }) => [body, answers]),
      ]);
      await rename(`${file}.${process.pid}`, file);
    } catch {}
  }
}

/** A line of JSON, and then the bodies. Throws where it is missing or broken. */
async function readKept(file: string): Promise<ReadonlyMap<string, PackedRecipe>> {
  const bytes = await readFile(file);
  const end = bytes.indexOf('\n');
  const bodies = bytes.subarray(end + 1);
  const index = Object.entries(JSON.parse(bytes.toString('utf8', 0, end)) as Index);
  if (index.some(([, { at, length, answers }]) => !(at + length + answers <= bodies.length))) throw new Error('The file ends too early.');
  // A copy, so that the text of the index is not held by them.
  const copy = (from: number, length: number) => Buffer.from(bodies.subarray(from, from + length));
  return new Map(
    index.map(([digest, { head, at, length, answers }]) => [digest, { head, body: copy(at, length), answers: copy(at + length, answers) }]),
  );
}

/** Of the code that reads and checks, and of the names it takes from core: when they change, everything is checked again. */
async function hashCode(): Promise<string> {
  const code = createHash('sha256');
  const folder = path.resolve(import.meta.dirname, '..');
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.[jt]s$/.test(file)).sort();
  for (const text of await Promise.all(files.map((file) => readFile(path.join(folder, file))))) code.update(text);
  return code.update([...reservedHeaders].join()).digest('hex');
}
