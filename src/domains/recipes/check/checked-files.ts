/**
 * Which recipe files were found sound before. Checking the samples of every endpoint is a fifth of a start (measured), and
 * the same file checked by the same code is as sound as it was.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const fileName = 'checked-recipes.json';

export class CheckedFiles {
  readonly #folder: string | undefined;
  readonly #code: string;
  readonly #before: ReadonlySet<string>;
  /** Of those that exist now; others are forgotten. */
  readonly #now = new Set<string>();

  private constructor(folder: string | undefined, code: string, before: ReadonlySet<string>) {
    this.#folder = folder;
    this.#code = code;
    this.#before = before;
  }

  /** `folder` keeps what is remembered; undefined remembers nothing. */
  static async open(folder: string | undefined): Promise<CheckedFiles> {
    if (folder === undefined) return new CheckedFiles(undefined, '', new Set());
    const code = await hashCode();
    const before = await readFile(path.join(folder, fileName), 'utf8')
      .then((text) => JSON.parse(text) as string[])
      .catch(() => []);
    return new CheckedFiles(folder, code, new Set(before));
  }

  /** Runs the check unless it found the same texts sound before; `check` returns whether they are. */
  check(texts: readonly string[], check: () => boolean): void {
    if (this.#folder === undefined) return void check();
    const hash = createHash('sha256').update(this.#code);
    for (const text of texts) hash.update(`${text.length}:`).update(text);
    const digest = hash.digest('hex');
    if (this.#before.has(digest) || check()) this.#now.add(digest);
  }

  /** A folder that cannot be written only costs the next start its time. */
  async save(): Promise<void> {
    if (this.#folder === undefined || [...this.#now].every((digest) => this.#before.has(digest))) return;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(path.join(this.#folder, fileName), JSON.stringify([...this.#now]));
    } catch {}
  }
}

/** Of the code that checks: when it changes, everything is checked again. */
async function hashCode(): Promise<string> {
  const hash = createHash('sha256');
  const folder = path.resolve(import.meta.dirname, '..');
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.[jt]s$/.test(file)).sort();
  for (const text of await Promise.all(files.map((file) => readFile(path.join(folder, file))))) hash.update(text);
  return hash.digest('hex');
}
