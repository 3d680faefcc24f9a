/** Queries of device codes. */
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../core/database/database.ts';
import type { DeviceCodesTable } from '../../core/database/tables.ts';

export type DeviceCode = Omit<Selectable<DeviceCodesTable>, 'deviceCodeHash' | 'userCodeHash'>;

const columns = [
  'id',
  'clientName',
  'clientAddress',
  'scopes',
  'status',
  'userId',
  'sessionId',
  'grantedScopes',
  'intervalSeconds',
  'polledAt',
  'expiresAt',
  'createdAt',
] as const;

/** A client that waits its interval may still arrive this much early, when an earlier poll was held up on its way. */
const jitterSeconds = 0.5;
/** Clocks are set back this far without anything being wrong. */
const steppedBackSeconds = 60;

/** Before its end, and not from a future that the clock has since left. */
const alive = (clock: Clock) =>
  sql<boolean>`(expires_at > ${clock.sqlNow} and created_at <= ${clock.sqlNow} + ${steppedBackSeconds} * interval '1 second')`;

/** Whether the last poll is nearer than the interval. One that seems to lie in the future says nothing: the clock was set back. */
const tooSoon = (clock: Clock) =>
  sql<boolean>`coalesce(polled_at > ${clock.sqlNow} - (interval_seconds - ${jitterSeconds}::float8) * interval '1 second'
    and polled_at < ${clock.sqlNow} + interval '1 second', false)`;

/** False when a code like one of these is in use already. */
export async function insertDeviceCode(
  db: Db,
  clock: Clock,
  {
    lastsSeconds,
    ...row
  }: Pick<
    Selectable<DeviceCodesTable>,
    'id' | 'deviceCodeHash' | 'userCodeHash' | 'clientName' | 'clientAddress' | 'scopes' | 'intervalSeconds'
  > & { lastsSeconds: number },
): Promise<boolean> {
  const end: RawBuilder<Date> = sql`${clock.sqlNow} + ${lastsSeconds} * interval '1 second'`;
  const made = await db
    .insertInto('deviceCodes')
    .values({ ...row, createdAt: clock.sqlNow, expiresAt: end as never })
    .onConflict((clash) => clash.doNothing())
    .returning('id')
    .executeTakeFirst();
  return made !== undefined;
}

export interface OpenedDeviceCode extends DeviceCode {
  ageSeconds: number;
}

/**
 * The pending code that a session has looked up; with `bind`, also one that no session has, which is the session's from
 * then on. One that has expired is written down as expired, and not given.
 */
export async function openDeviceCode(
  db: Db,
  clock: Clock,
  userCodeHash: Buffer,
  sessionId: string,
  bind: boolean,
): Promise<OpenedDeviceCode | undefined> {
  const code = await db
    .updateTable('deviceCodes')
    .set({
      status: sql`case when ${alive(clock)} then status else 'expired' end` as never,
      sessionId: sql`case when ${alive(clock)} then coalesce(session_id, ${sessionId}) else session_id end` as never,
    })
    .where('userCodeHash', '=', userCodeHash)
    .where('status', '=', 'pending')
    .where((eb) => (bind ? eb.or([eb('sessionId', 'is', null), eb('sessionId', '=', sessionId)]) : eb('sessionId', '=', sessionId)))
    .returning(columns)
    .returning(sql<number>`greatest(0, floor(extract(epoch from ${clock.sqlNow} - created_at)))::int`.as('ageSeconds'))
    .executeTakeFirst();
  return code?.status === 'pending' ? code : undefined;
}

/** Approves or denies a pending code of this session. False when it has ended meanwhile. */
export async function decideDeviceCode(
  trx: Db,
  clock: Clock,
  decision: { id: string; sessionId: string; userId: string; status: 'authorized' | 'denied'; grantedScopes: string[] | null },
): Promise<boolean> {
  const { id, sessionId, ...change } = decision;
  const row = await trx
    .updateTable('deviceCodes')
    .set(change)
    .where('id', '=', id)
    .where('sessionId', '=', sessionId)
    .where('status', '=', 'pending')
    .where(alive(clock))
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Registers a poll: the code as it stands after it, with `tooSoon` for a poll of a pending code before its interval was
 * over, which makes the interval longer from then on (RFC 8628, section 3.5). Polls of one code take turns.
 */
export async function registerPoll(
  db: Db,
  clock: Clock,
  deviceCodeHash: Buffer,
  poll: { addSeconds: number; intervalSecondsMax: number },
): Promise<(DeviceCode & { tooSoon: boolean }) | undefined> {
  const { rows } = await sql<DeviceCode & { tooSoon: boolean }>`
    update device_codes as code set
      status = case when code.status in ('pending', 'authorized') and not before.alive then 'expired' else code.status end,
      interval_seconds =
        case when before.too_soon then least(code.interval_seconds + ${poll.addSeconds}, ${poll.intervalSecondsMax}) else code.interval_seconds end,
      polled_at = ${clock.sqlNow}
    from (
      select id, ${alive(clock)} as alive, status = 'pending' and ${alive(clock)} and ${tooSoon(clock)} as too_soon
      from device_codes where device_code_hash = ${deviceCodeHash} for update
    ) before
    where code.id = before.id
    returning ${sql.join(columns.map((column) => sql.ref(`code.${column}`)))}, before.too_soon`.execute(db);
  return rows[0];
}

/** Ends an approved code, once: false for everyone but the first. */
export async function claimDeviceCode(trx: Db, clock: Clock, id: string, status: 'redeemed' | 'denied'): Promise<boolean> {
  const row = await trx
    .updateTable('deviceCodes')
    .set({ status })
    .where('id', '=', id)
    .where('status', '=', 'authorized')
    .where(alive(clock))
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Writes down which codes have expired. */
export async function expireDeviceCodes(db: Db, clock: Clock): Promise<void> {
  await db
    .updateTable('deviceCodes')
    .set({ status: 'expired' })
    .where('status', 'in', ['pending', 'authorized'])
    .where(sql<boolean>`not ${alive(clock)}`)
    .execute();
}

/** Forgets codes that ended this long ago. */
export async function deleteOldDeviceCodes(db: Db, clock: Clock, days: number): Promise<void> {
  await db.deleteFrom('deviceCodes').where(sql<boolean>`expires_at < ${clock.sqlNow} - ${days} * interval '1 day'`).execute();
}
