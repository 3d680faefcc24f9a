import { type Kysely, sql } from 'kysely';

/** What belongs to the installation itself: settings, wrapped data keys, and leases of background jobs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table settings (
      name text primary key,
      value text not null,
      updated_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table data_keys (
      version integer primary key,
      wrapped text not null,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table leases (
      name text primary key,
      holder text not null,
      until timestamptz not null
    )`.execute(db);
}
