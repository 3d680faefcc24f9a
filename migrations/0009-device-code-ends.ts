import { type Kysely, sql } from 'kysely';

/** A code that was seen expired stays expired, whatever the clock says later. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table device_codes drop constraint device_codes_status_check`.execute(db);
  await sql`
    alter table device_codes add constraint device_codes_status_check
      check (status in ('pending', 'authorized', 'denied', 'redeemed', 'expired'))`.execute(db);
  await sql`create index device_codes_by_end on device_codes (expires_at)`.execute(db);
}
