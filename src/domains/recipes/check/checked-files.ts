/**
 * Which recipe files were found sound before, and what was read from them. Reading them by the format and checking the samples of
 * every endpoint is a fifth of a start (measured), and the same file read by the same code is as sound as it was. `npm run build`
 * writes it for the recipes that come with the server.
 */
import { createHash, hash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { reservedHeaders } from './texts.ts';

const fileName = 'checked-recipes.json';

/** By digest of the code and of the texts; `true` for what was checked and gives nothing. */
type Remembered = Map<string, unknown>;

export class CheckedFiles {
  readonly #folder: string | undefined;
  readonly #code: string;
  readonly #before: Remembered;
  /** Of those that exist now; others are forgotten. */
  readonly #now: Remembered = new Map();

  private constructor(folder: string | undefined, code: string, before: Remembered) {
    this.#folder = folder;
    this.#code = code;
    this.#before = before;
  }

  /** `folder` keeps what is remembered; undefined remembers nothing. */
  static async open(folder: string | undefined): Promise<CheckedFiles> {
    if (folder === undefined) return new CheckedFiles(undefined, '', new Map());
    const code = await hashCode();
    const before = await readFile(path.join(folder, fileName), 'utf8')
      .then((text) => Object.entries(JSON.parse(text)))
      .catch(() => []);
    return new CheckedFiles(folder, code, new Map(before));
  }

  /** Runs the check unless it found the same texts sound before; `check` returns whether they are. */
  check(texts: readonly string[], check: () => boolean): void {
    this.#recall(texts, () => check() || undefined);
  }

  /** What `read` makes of the texts, which must be JSON; undefined when there is a fault in them. */
  read<Value>(texts: readonly string[], read: () => Value | undefined): Value | undefined {
    return this.#recall(texts, read);
  }

  #recall<Value>(texts: readonly string[], find: () => Value | undefined): Value | undefined {
    if (this.#folder === undefined) return find();
    const digest = hash('sha256', [this.#code, ...texts].map((text) => `${text.length}:${text}`).join(''));
    const value = (this.#before.get(digest) as Value | undefined) ?? find();
    if (value !== undefined) this.#now.set(digest, value);
    return value;
  }

  /** A folder that cannot be written only costs the next start its time. */
  async save(): Promise<void> {
    if (this.#folder === undefined || [...this.#now.keys()].every((digest) => this.#before.has(digest))) return;
    try {
      await mkdir(this.#folder, { recursive: true });
      const file = path.join(this.#folder, fileName);
      // Whole or not at all: workers start together.
      await writeFile(`${file}.${process.pid}`, JSON.stringify(Object.fromEntries(this.#now)));
      await rename(`${file}.${process.pid}`, file);
    } catch {}
  }
}

/** Of the code that checks, and of the names it takes from core: when they change, everything is checked again. */
async function hashCode(): Promise<string> {
  const hash = createHash('sha256');
  const folder = path.resolve(import.meta.dirname, '..');
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.[jt]s$/.test(file)).sort();
  for (const text of await Promise.all(files.map((file) => readFile(path.join(folder, file))))) hash.update(text);
  return hash.update([...reservedHeaders].join()).digest('hex');
}
