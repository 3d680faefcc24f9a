/**
 * How an import goes on, for whoever waits for it and for whoever asks later, at this process or another. Its row is there before
 * anything is read, and the process that reads says again and again that it does; one that is silent for long has ended.
 */
import type { Gateway } from '../../../core/context.ts';
import { type ErrorCode, notFound, SkillettError } from '../../../core/errors.ts';
import { newId } from '../../../core/ids.ts';
import type { Principal } from '../../../core/principal.ts';
import type { MadeRecipe } from '../../recipes/import/whole-recipe/make-recipe.ts';
import { deleteOldImports, findImport, insertImport, markDone, markFailed, touchImport } from './import-store.ts';

/** What came of an import that is done. */
export interface Imported {
  warnings: string[];
  counts: MadeRecipe['counts'];
  /** Connections that must be made again, since requests go elsewhere now, or with another credential. */
  ended: number;
}

export interface Import {
  id: string;
  slug: string;
  status: ImportStatus;
  /** From 0 to 1. */
  progress: number;
  result: Imported | undefined;
  /** Why it failed. */
  fault: { code: string; message: string } | undefined;
  startedAt: Date;
  endedAt: Date | null;
}

export const importStatuses = {
  running: 'It waits for its turn, or is being read.',
  done: 'The integration is there.',
  failed: 'Nothing came of it and nothing was changed; `error` says why.',
};
export type ImportStatus = keyof typeof importStatuses;

/** Some messages of a process may be late; this many are not. */
const silentSecondsMax = 20;
const beatMs = 3_000;
const warningsMax = 1_000;

export interface RunningImport {
  readonly id: string;
  /** How much is done, from 0 to 1. */
  progress: number;
}

/**
 * Runs it to its end, also when nobody waits any more. Returns what there is to say after at most `waitMs`; throws what it failed with, if
 * that was before.
 */
export async function trackImport(
  gateway: Gateway,
  { userId, slug, waitMs }: { userId: string; slug: string; waitMs: number },
  read: (running: RunningImport) => Promise<Imported>,
): Promise<Import> {
  const { db, clock, log } = gateway;
  const running: RunningImport = { id: newId('imp'), progress: 0 };
  await insertImport(db, clock, { id: running.id, userId, slug });
  const beat = setInterval(() => {
    touchImport(db, clock, running.id, running.progress).catch((error: unknown) =>
      log.debug({ err: error }, 'how far an import is could not be written'),
    );
  }, beatMs);
  const work = read(running)
    .catch(async (error: unknown) => {
      if (!(error instanceof SkillettError)) log.error({ err: error, importId: running.id }, 'an import failed');
      // Where this cannot be written, its silence says it.
      await markFailed(db, clock, running.id, faultOf(error)).catch(() => {});
      throw error;
    })
    .finally(() => clearInterval(beat));
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  // Nobody waits for what goes on after that.
  work.catch(() => {});
  try {
    await Promise.race([work, enough]);
  } finally {
    clearTimeout(timer);
  }
  return requireImport(gateway, { userId }, running.id);
}

/** In the transaction that keeps what was imported. */
export async function finishImport(trx: Gateway['db'], clock: Gateway['clock'], id: string, imported: Imported): Promise<Imported> {
  const kept = { ...imported, warnings: imported.warnings.slice(0, warningsMax) };
  await markDone(trx, clock, id, JSON.stringify(kept));
  return kept;
}

/** Throws not_found, also for another user's. */
export async function requireImport(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  { userId }: Pick<Principal, 'userId'>,
  id: string,
): Promise<Import> {
  const row = /^imp_[0-9a-f]{32}$/.test(id) ? await findImport(db, clock, userId, id) : undefined;
  if (!row) throw notFound('Import');
  const isLost = row.status === 'running' && row.silentSeconds > silentSecondsMax;
  return {
    id: row.id,
    slug: row.slug,
    status: isLost ? 'failed' : (row.status as ImportStatus),
    progress: row.progress,
    result: row.result === null ? undefined : (JSON.parse(row.result) as Imported),
    fault: isLost ? lost : row.message === null ? undefined : { code: row.errorCode ?? 'internal', message: row.message },
    startedAt: row.createdAt,
    endedAt: row.endedAt,
  };
}

const lost: Import['fault'] = {
  code: 'unavailable',
  message: 'The server process that read the description has ended, and nothing was changed. Import it again.',
};

/** Background job. */
export async function dropOldImports({ db, clock }: Gateway): Promise<{ imports: number }> {
  return { imports: await deleteOldImports(db, clock) };
}

function faultOf(error: unknown): { errorCode: ErrorCode; message: string } {
  if (error instanceof SkillettError) return { errorCode: error.code, message: error.message };
  return { errorCode: 'internal', message: 'Something went wrong inside Skillett. Import it again.' };
}
