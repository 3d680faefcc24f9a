/** Which process runs a background job. A lease is a row; a process that dies leaves it to run out. */
import { sql } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Db } from './database.ts';

/** Takes a job's lease, or renews one that `holder` has. False while another holder has it. */
export async function takeLease(db: Db, clock: Clock, lease: { name: string; holder: string; seconds: number }): Promise<boolean> {
  const until = sql<Date>`${clock.sqlNow} + ${lease.seconds} * interval '1 second'`;
  const taken = await db
    .insertInto('leases')
    .values({ name: lease.name, holder: lease.holder, until })
    .onConflict((clash) =>
      clash
        .column('name')
        .doUpdateSet({ holder: lease.holder, until })
        .where((eb) => eb.or([eb('leases.holder', '=', lease.holder), eb('leases.until', '<=', clock.sqlNow)])),
    )
    .returning('name')
    .executeTakeFirst();
  return taken !== undefined;
}

/** Lets the next process have it at once. */
export async function releaseLease(db: Db, lease: { name: string; holder: string }): Promise<void> {
  await db.deleteFrom('leases').where('name', '=', lease.name).where('holder', '=', lease.holder).execute();
}
