/** What one key has reached, for whoever has to find out what a lost key could do. */
import { sql } from 'kysely';
import type { Db } from '../../core/database/database.ts';

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

/** Connections that a key has sent anything with. Who asks is in a hurry, so the log is read only where it is not counted yet. */
export async function listConnectionsTouched(db: Db, keyId: string): Promise<string[]> {
  const { rows } = await sql<{ connectionId: string }>`
    select connection_id from call_hours where key_id = ${keyId} and connection_id <> ''
    union
    select connection_id from skill_calls
    where key_id = ${keyId} and connection_id is not null and started_at > (select until from call_settlement)`.execute(db);
  return rows.map((row) => row.connectionId);
}
