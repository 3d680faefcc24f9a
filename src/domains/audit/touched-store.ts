/** What one key has reached, for whoever has to find out what a lost key could do. */
import { sql } from 'kysely';
import type { Db } from '../../core/database.ts';

export interface Touched {
  userId: string;
  connectionId: string | null;
  account: string | null;
  integration: string;
  endpoint: string;
  calls: number;
  firstAt: Date;
  lastAt: Date;
}

/** Calls of a key since a moment by connection and endpoint, refused ones left out, the latest first. */
export async function listTouched(db: Db, keyId: string, since: Date, limit: number): Promise<Touched[]> {
  return db
    .selectFrom('skillCalls')
    .select(['userId', 'connectionId', 'account', 'integration', 'endpoint'])
    .select([sql<number>`count(*)`.as('calls'), sql<Date>`min(started_at)`.as('firstAt'), sql<Date>`max(started_at)`.as('lastAt')])
    .where('keyId', '=', keyId)
    .where('startedAt', '>=', since)
    .where('outcome', '!=', 'refused')
    .groupBy(['userId', 'connectionId', 'account', 'integration', 'endpoint'])
    .orderBy(sql`max(started_at)`, 'desc')
    .limit(limit)
    .execute();
}

/** Connections that a key has sent anything with. */
export async function listConnectionsTouched(db: Db, keyId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('skillCalls')
    .select('connectionId')
    .distinct()
    .where('keyId', '=', keyId)
    .where('connectionId', 'is not', null)
    .execute();
  return rows.map((row) => row.connectionId as string);
}
