/** Queries of imports: what is being read, and what came of it. */
import { sql } from 'kysely';
import type { Clock } from '../../../core/clock.ts';
import type { Db } from '../../../core/database/database.ts';

/** Of a user; what a description is warned of can be long. */
const keptMax = 20;
const keptDays = 7;

export interface ImportRow {
  id: string;
  slug: string;
  status: string;
  progress: number;
  errorCode: string | null;
  message: string | null;
  result: string | null;
  createdAt: Date;
  endedAt: Date | null;
  /** How long ago the process that reads it last said so. */
  silentSeconds: number;
}

/** Forgets the user's oldest that have ended, as many as are too many. */
export async function insertImport(db: Db, clock: Clock, row: { id: string; userId: string; slug: string }): Promise<void> {
  await db
    .insertInto('imports')
    .values({ ...row, createdAt: clock.sqlNow, seenAt: clock.sqlNow })
    .execute();
  await db
    .deleteFrom('imports')
    .where('userId', '=', row.userId)
    .where('status', '<>', 'running')
    .where('id', 'not in', (latest) =>
      latest.selectFrom('imports').select('id').where('userId', '=', row.userId).orderBy('createdAt', 'desc').limit(keptMax),
    )
    .execute();
}

/** That it is being read, and how far. */
export async function touchImport(db: Db, clock: Clock, id: string, progress: number): Promise<void> {
  await db.updateTable('imports').set({ progress, seenAt: clock.sqlNow }).where('id', '=', id).where('status', '=', 'running').execute();
}

export async function markDone(db: Db, clock: Clock, id: string, result: string): Promise<void> {
  await db.updateTable('imports').set({ status: 'done', progress: 1, result, endedAt: clock.sqlNow }).where('id', '=', id).execute();
}

export async function markFailed(db: Db, clock: Clock, id: string, fault: { errorCode: string; message: string }): Promise<void> {
  await db
    .updateTable('imports')
    .set({ status: 'failed', ...fault, endedAt: clock.sqlNow })
    .where('id', '=', id)
    .where('status', '=', 'running')
    .execute();
}

export async function findImport(db: Db, clock: Clock, userId: string, id: string): Promise<ImportRow | undefined> {
  return db
    .selectFrom('imports')
    .select(['id', 'slug', 'status', 'progress', 'errorCode', 'message', 'result', 'createdAt', 'endedAt'])
    .select(sql<number>`extract(epoch from ${clock.sqlNow} - seen_at)::float8`.as('silentSeconds'))
    .where('id', '=', id)
    .where('userId', '=', userId)
    .executeTakeFirst();
}

export async function deleteImportsOf(trx: Db, userId: string): Promise<void> {
  await trx.deleteFrom('imports').where('userId', '=', userId).execute();
}

/** Those that nobody asks for any more. Returns how many. */
export async function deleteOldImports(db: Db, clock: Clock): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('imports')
    .where('createdAt', '<', sql<Date>`${clock.sqlNow} - ${keptDays} * interval '1 day'`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
