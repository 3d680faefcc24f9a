/**
 * What each user sees: the catalogue of the installation, those an operator shared, and their own. Asked of the database each time, which
 * says in a line each what there is and in which version, so that a change holds on every process with the next request; what was read
 * of a version is kept. A catalogue is replaced, never changed.
 */
import type { Db } from '../../core/database/database.ts';
import { buildCatalogue, type Catalogue, type CatalogueIntegration } from '../recipes/catalogue.ts';
import { openRecipe, packRecipe } from '../recipes/kept/packed-recipe.ts';
import { listSeen, readRecipes } from './store.ts';
import { readStored } from './stored-recipe.ts';

/** Of recipes as text; read they take some five times as much. */
const keptBytesMax = 24 * 1024 * 1024;

export class Views {
  readonly #db: Db;
  readonly #base: Catalogue;
  readonly #findOwnerId: () => Promise<string | undefined>;
  readonly #integrations = new Kept<CatalogueIntegration>(keptBytesMax);
  readonly #catalogues = new Kept<Catalogue>(keptBytesMax);

  /** `findOwnerId`: of whoever runs the installation. */
  constructor(db: Db, base: Catalogue, findOwnerId: () => Promise<string | undefined>) {
    this.#db = db;
    this.#base = base;
    this.#findOwnerId = findOwnerId;
  }

  /** The same object as long as nothing has changed. */
  async catalogueOf(userId: string): Promise<Catalogue> {
    const seen = (await listSeen(this.#db, userId)).filter(({ slug }) => !this.#base.find(slug));
    if (seen.length === 0) return this.#base;
    const keys = seen.map(({ id, version }) => `${id}/${version}`);
    const name = keys.join(' ');
    const kept = this.#catalogues.get(name);
    if (kept) return kept;
    const bytes = seen.reduce((sum, one) => sum + one.bytes, 0);
    const unread = seen.filter((_, at) => !this.#integrations.get(keys[at] as string));
    const read = await readRecipes(
      this.#db,
      unread.map(({ id }) => id),
    );
    const installationOwner = unread.length > 0 ? await this.#findOwnerId() : undefined;
    // What changed between the two questions is as it is now.
    const fresh = new Map<string, CatalogueIntegration>();
    for (const { id } of unread) {
      const row = read.get(id);
      if (!row || row.recipe === '') continue;
      const { recipe, resources, answers } = readStored(row.recipe);
      const opened = openRecipe(packRecipe({ recipe, resources, guides: new Map(), answers }), undefined);
      const built: CatalogueIntegration = Object.assign(opened, {
        imported: true as const,
        ...(!row.isShared && row.ownerId !== installationOwner && { chosenByUser: true as const }),
      });
      fresh.set(id, built);
      this.#integrations.set(`${id}/${row.version}`, built, row.recipe.length);
    }
    const own = seen.flatMap(({ id }, at) => fresh.get(id) ?? this.#integrations.get(keys[at] as string) ?? []);
    const catalogue = buildCatalogue([...own, ...this.#base.integrations]);
    if (own.length === seen.length && seen.every(({ id, version }) => !read.has(id) || read.get(id)?.version === version))
      this.#catalogues.set(name, catalogue, bytes);
    return catalogue;
  }
}

/** The last that were asked for, as many as there is room for; the very last however large it is. */
class Kept<Value> {
  readonly #values = new Map<string, { value: Value; bytes: number }>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(name: string): Value | undefined {
    const kept = this.#values.get(name);
    if (kept) this.set(name, kept.value, kept.bytes);
    return kept?.value;
  }

  set(name: string, value: Value, bytes: number): void {
    this.#delete(name);
    this.#values.set(name, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.#bytesMax || this.#values.size === 1) break;
      this.#delete(oldest);
    }
  }

  #delete(name: string): void {
    this.#bytes -= this.#values.get(name)?.bytes ?? 0;
    this.#values.delete(name);
  }
}
