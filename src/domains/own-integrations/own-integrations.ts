/** APIs of people's own: imported from their description, changed, shared and removed. */
import { isDeepStrictEqual } from 'node:util';
import type { Gateway } from '../../core/context.ts';
import type { Db } from '../../core/database/database.ts';
import { lockInTransaction } from '../../core/database/database.ts';
import { badRequest, notFound, SkillettError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { hasEverything, type Principal, requireOperator } from '../../core/principal.ts';
import { recordAudit } from '../audit/audit.ts';
import { deleteConnectionsTo, endConnectionsTo } from '../connections/consent/integration-store.ts';
import type { Integration } from '../recipes/format/format.ts';
import { nameResource } from '../recipes/import/names.ts';
import type { MadeRecipe, RecipeWish } from '../recipes/import/whole-recipe/make-recipe.ts';
import { fetchDocument, fetchSchema } from './imports/fetch-document.ts';
import { finishImport, type Import, type RunningImport, trackImport } from './imports/imports.ts';
import { runImport } from './imports/run-import.ts';
import { deleteOwn, findOwn, insertOwn, isOfOther, isTaken, measureOwn, replaceRecipe, setShared } from './store.ts';
import { readStored, type StoredRecipe, writeStored } from './stored-recipe.ts';

export interface ImportRequest extends RecipeWish {
  /** The description itself, or where it is. */
  document?: string | undefined;
  url?: string | undefined;
  /** A GraphQL endpoint that tells its schema. */
  graphqlUrl?: string | undefined;
}

/** Who asks, and how long for an answer. */
export interface Asked {
  requestId: string;
  waitMs: number;
}

/** `eachBytes`: reading one makes nobody wait for long. */
const ownMax = { count: 20, bytes: 20 * 1024 * 1024, eachBytes: 8 * 1024 * 1024 };

/** Throws bad_request for a document that makes no recipe, conflict for a slug that is taken, plan_limit_reached; 401 when the key or the user ended meanwhile. */
export async function importIntegration(
  gateway: Gateway,
  principal: Principal,
  request: ImportRequest,
  { requestId, waitMs }: Asked,
): Promise<Import> {
  requireEverything(principal);
  const { userId } = principal;
  const { slug } = request;
  await requireFree(gateway, gateway.db, principal, slug);
  return trackImport(gateway, { userId, slug, waitMs }, async (running) => {
    const made = await readMade(gateway, principal, request, running);
    const recipe = writeStored(made);
    return gateway.db.transaction().execute(async (trx) => {
      await requireStillAsked(gateway, trx, principal);
      await lockInTransaction(trx, 'own-integrations');
      await requireFree(gateway, trx, principal, slug);
      await requireRoom(trx, principal, recipe);
      await insertOwn(trx, { id: newId('own'), ownerId: userId, slug, recipe });
      await recordAudit(trx, auditOf(principal, 'integration.imported', slug, requestId, describe(made)));
      return finishImport(trx, gateway.clock, running.id, { warnings: made.warnings, counts: made.counts, ended: 0 });
    });
  });
}

/** The same slug from another document, or otherwise chosen. Throws not_found, and what importing throws. */
export async function updateIntegration(
  gateway: Gateway,
  principal: Principal,
  request: ImportRequest,
  { requestId, waitMs }: Asked,
): Promise<Import> {
  requireEverything(principal);
  const { userId } = principal;
  const { slug } = request;
  await requireOwn(gateway.db, principal, slug);
  return trackImport(gateway, { userId, slug, waitMs }, async (running) => {
    const made = await readMade(gateway, principal, request, running);
    return gateway.db.transaction().execute(async (trx) => {
      await requireStillAsked(gateway, trx, principal);
      const ended = await replaceOwn(gateway, trx, principal, made, { slug, requestId });
      return finishImport(trx, gateway.clock, running.id, { warnings: made.warnings, counts: made.counts, ended });
    });
  });
}

/** Returns how many connections end, since requests go elsewhere. Throws not_found, plan_limit_reached. */
async function replaceOwn(
  gateway: Gateway,
  trx: Db,
  principal: Principal,
  made: MadeRecipe,
  { slug, requestId }: { slug: string; requestId: string },
): Promise<number> {
  await lockInTransaction(trx, 'own-integrations');
  const own = await requireOwn(trx, principal, slug);
  const before = readStored(own.recipe);
  const recipe = { ...made.recipe, version: nextVersion(before.recipe.version) };
  const stored = writeStored({ recipe, resources: made.resources, answers: made.answers });
  await requireRoom(trx, principal, stored, own.recipe);
  await replaceRecipe(trx, gateway.clock, own.id, stored);
  const moved = describeMove(before.recipe, recipe);
  const whose = own.isShared ? {} : { userId: principal.userId };
  const ended = moved === undefined ? 0 : await endConnectionsTo(trx, gateway.clock, own.slug, whose, moved);
  const details = { ...describe(made), version: recipe.version, ...(moved === undefined ? {} : { moved, ended }) };
  await recordAudit(trx, auditOf(principal, 'integration.updated', own.slug, requestId, details));
  return ended;
}

/** A file of an own integration, as `SKILLETT_RECIPES` takes it. */
export interface RecipeFile {
  /** Below the folder of recipes. */
  filePath: string;
  content: string;
}

/** Its recipe as files. Throws not_found. */
export async function exportIntegration(gateway: Gateway, principal: Principal, slug: string): Promise<RecipeFile[]> {
  requireEverything(principal);
  const own = await requireOwn(gateway.db, principal, slug);
  const { recipe, resources, answers } = readStored(own.recipe);
  const write = (name: string, content: object): RecipeFile => ({
    filePath: `${slug}/${name}.json`,
    content: `${JSON.stringify(content, undefined, 2)}\n`,
  });
  // Each file is called as its resource, which older imports called as other files are.
  const files = resources.map((one) => ({ ...one, resource: nameResource(one.resource) }));
  return [write('recipe', recipe), ...files.map((one) => write(one.resource, one)), ...(answers ? [write('answers', answers)] : [])];
}

/** Its connections go with it. Throws not_found. */
export async function removeIntegration(gateway: Gateway, principal: Principal, slug: string, requestId: string): Promise<number> {
  requireEverything(principal);
  return gateway.db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, 'own-integrations');
    const own = await requireOwn(trx, principal, slug);
    const connections = await deleteConnectionsTo(trx, slug, own.isShared ? {} : { userId: principal.userId });
    await deleteOwn(trx, gateway.clock, own);
    await recordAudit(trx, auditOf(principal, 'integration.removed', slug, requestId, { connections }));
    return connections;
  });
}

/** With everybody of the installation, or with nobody any more. Throws forbidden without `operator`, not_found, conflict. */
export async function shareIntegration(
  gateway: Gateway,
  principal: Principal,
  slug: string,
  shared: boolean,
  requestId: string,
): Promise<void> {
  requireOperator(principal);
  await gateway.db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, 'own-integrations');
    const own = await requireOwn(trx, principal, slug);
    if (own.isShared === shared) return;
    if (shared && ((await isTaken(trx, slug, own.id)) || (await isOfOther(trx, slug, principal.userId))))
      throw new SkillettError(
        'conflict',
        `Somebody else has or had an integration \`${slug}\`, so this one cannot be shared under that slug. Import it under another.`,
      );
    await setShared(trx, gateway.clock, own.id, shared);
    const connections = shared ? 0 : await deleteConnectionsTo(trx, slug, { exceptUserId: principal.userId });
    await recordAudit(trx, auditOf(principal, shared ? 'integration.shared' : 'integration.unshared', slug, requestId, { connections }));
  });
}

/** Throws forbidden. */
export function requireEverything(principal: Principal): void {
  if (!hasEverything(principal))
    throw new SkillettError(
      'forbidden',
      'Importing, changing, exporting and removing integrations needs a key with the scope `*`, or a session.',
    );
}

/** Fetching and reading a description takes minutes, in which the key may be revoked or the account closed. */
async function requireStillAsked(gateway: Gateway, trx: Db, { userId, holderId }: Principal): Promise<void> {
  await gateway.admitStarter(trx, { userId, startedBy: holderId });
}

async function requireOwn(db: Db, { userId }: Principal, slug: string) {
  // The database takes no NUL in a text, and no slug has one.
  const own = /^[a-z][a-z0-9_]*$/.test(slug) ? await findOwn(db, userId, slug) : undefined;
  if (!own) throw notFound('Integration');
  return own;
}

/** Of what others keep to themselves nothing is said. */
async function requireFree({ catalogue }: Gateway, db: Db, { userId }: Principal, slug: string): Promise<void> {
  if (slug.length > 40 || !/^[a-z][a-z0-9_]*$/.test(slug))
    throw badRequest('`slug` must be lower-case letters, digits and underscores, starting with a letter, at most 40 characters.');
  if (await findOwn(db, userId, slug))
    throw new SkillettError(
      'conflict',
      `You have an integration \`${slug}\` already. \`updateIntegration\` makes it anew of a description; for another one choose another slug.`,
    );
  if (catalogue.find(slug) || (await isTaken(db, slug, undefined)))
    throw new SkillettError(
      'conflict',
      `There is an integration \`${slug}\` already, or was one that others have scopes for. Choose another slug.`,
    );
}

async function requireRoom(trx: Db, { userId }: Principal, recipe: string, instead?: string): Promise<void> {
  const { count, bytes } = await measureOwn(trx, userId);
  if (instead === undefined && count >= ownMax.count)
    throw new SkillettError('plan_limit_reached', `Plan limit reached: maximum ${ownMax.count} imported integrations.`, {
      action: '/billing',
    });
  const length = Buffer.byteLength(recipe);
  if (length > ownMax.eachBytes || bytes - Buffer.byteLength(instead ?? '') + length > ownMax.bytes)
    throw new SkillettError(
      'plan_limit_reached',
      `Plan limit reached: maximum ${ownMax.eachBytes / 1024 / 1024} MiB of an imported integration, and ${ownMax.bytes / 1024 / 1024} MiB of all. Choose fewer operations by \`tags\` or \`operations\`.`,
      { action: '/billing' },
    );
}

async function readMade(gateway: Gateway, principal: Principal, request: ImportRequest, running: RunningImport): Promise<MadeRecipe> {
  const { document, url, graphqlUrl, ...wish } = request;
  if ([document, url, graphqlUrl].filter((one) => one !== undefined).length !== 1)
    throw badRequest('Give the description as `document`, or where it is as `url`, or a GraphQL endpoint as `graphqlUrl`.');
  if (graphqlUrl !== undefined) wish.baseUrl ??= graphqlUrl;
  const { userId } = principal;
  const text =
    document ??
    (graphqlUrl === undefined ? await fetchDocument(gateway, userId, url as string) : await fetchSchema(gateway, userId, graphqlUrl));
  return runImport(userId, wish, text, (done) => {
    running.progress = done;
  });
}

/** Why accounts must be connected again; undefined where requests go where they went, with the same credential. */
function describeMove(before: Integration, after: Integration): string | undefined {
  const [from, to] = [new URL(before.base_url).origin, new URL(after.base_url).origin];
  if (from !== to) return `The integration was changed: its requests go to ${to} now, and went to ${from}. Connect again if you trust it.`;
  const same = isDeepStrictEqual([before.auth, before.hosts, before.variables], [after.auth, after.hosts, after.variables]);
  return same
    ? undefined
    : `The integration was changed: its credential is sent in another way now, to ${to}. Connect again if you trust it.`;
}

function nextVersion(version: string): string {
  const [major = 1, minor = 0] = version.split('.').map(Number);
  return `${major}.${minor + 1}.0`;
}

function describe({ recipe, counts }: Pick<MadeRecipe, 'counts'> & Pick<StoredRecipe, 'recipe'>): Record<string, unknown> {
  return { origin: new URL(recipe.base_url).origin, endpoints: counts.mapped };
}

function auditOf(principal: Principal, action: string, target: string, requestId: string, details: Record<string, unknown>) {
  return { userId: principal.userId, actor: principal.holderId, action, target, details, requestId };
}
