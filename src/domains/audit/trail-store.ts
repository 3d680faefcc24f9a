/** Reading the audit trail. Nothing changes or deletes its rows. */
import { type Selectable, sql } from 'kysely';
import type { Db } from '../../core/database/database.ts';
import type { AuditRowsTable } from '../../core/database/tables.ts';

export type AuditRow = Selectable<AuditRowsTable>;

/** What is given must hold. */
export interface TrailFilter {
  userId?: string | undefined;
  actor?: string | undefined;
  /** A whole action (`api_key.revoked`), or all of a noun (`api_key`). */
  action?: string | undefined;
  target?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

function rowsIn(db: Db, { userId, actor, action, target, since, until }: TrailFilter) {
  let query = db.selectFrom('auditRows');
  if (userId !== undefined) query = query.where('userId', '=', userId);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (action !== undefined) query = query.where(sql<boolean>`(action = ${action} or split_part(action, '.', 1) = ${action})`);
  if (target !== undefined) query = query.where('target', '=', target);
  if (since) query = query.where('createdAt', '>=', since);
  if (until) query = query.where('createdAt', '<', until);
  return query;
}

/** The latest first; ids sort by time. `after`: the id of the last row of the page before. */
export async function listAuditRows(db: Db, filter: TrailFilter, after: string | undefined, limit: number): Promise<AuditRow[]> {
  let query = rowsIn(db, filter).selectAll().orderBy('id', 'desc').limit(limit);
  if (after !== undefined) query = query.where('id', '<', after);
  return query.execute();
}

export async function countAuditRows(db: Db, filter: TrailFilter): Promise<number> {
  return (await rowsIn(db, filter).select(sql<number>`count(*)`.as('all')).executeTakeFirstOrThrow()).all;
}
