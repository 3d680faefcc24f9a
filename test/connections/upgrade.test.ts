/** Consents that were given out as the provider's own address, before a link was tied to a browser, end with the upgrade. */
import { promises as fs } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrationsFolder, openPostgres } from '../../src/core/database/database.ts';
import { createEmptyDatabase } from '../support/database.ts';

const name = '202611271715-consents-of-one-browser';
let database: ReturnType<typeof openPostgres>;
let drop: () => Promise<void>;

beforeAll(async () => {
  const empty = await createEmptyDatabase();
  drop = empty.drop;
  database = openPostgres(empty.url);
});

afterAll(async () => {
  await database.close();
  await drop();
});

it('a pending consent is expired by the upgrade, an ended one stays, and an older process can still start one', async () => {
  const { db } = database;
  const migrator = new Migrator({ db, provider: new FileMigrationProvider({ fs, path, migrationFolder: migrationsFolder }) });
  const before = (await migrator.getMigrations()).findIndex((migration) => migration.name === name) - 1;
  await migrator.migrateTo((await migrator.getMigrations())[before]?.name as string);
  await sql`insert into users (id, email, display_name, plan) values ('user_1', 'ada@example.org', 'Ada', 'free')`.execute(db);
  // As the release before writes them.
  const start = (id: string, status: string) => sql`
    insert into consents (id, user_id, started_by, integration, status, state_hash, sealed, requested_scopes, expires_at)
    values (${id}, 'user_1', 'key_1', 'github', ${status}, ${Buffer.from(id)}, 'x', '{}', now() + interval '10 minutes')`;
  await start('conn_1', 'pending').execute(db);
  await start('conn_2', 'error').execute(db);
  expect((await migrator.migrateUp()).results).toMatchObject([{ migrationName: name, status: 'Success' }]);
  await start('conn_3', 'pending').execute(db);
  const rows = await sql`select id, status, expires_at <= now() as expired, needs_confirmation from consents order by id`.execute(db);
  expect(rows.rows).toEqual([
    { id: 'conn_1', status: 'pending', expired: true, needsConfirmation: true },
    { id: 'conn_2', status: 'error', expired: false, needsConfirmation: true },
    { id: 'conn_3', status: 'pending', expired: false, needsConfirmation: true },
  ]);
});
