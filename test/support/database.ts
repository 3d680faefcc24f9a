import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { inject } from 'vitest';
import { type Database, openEmbedded, openPostgres } from '../../src/core/database/database.ts';
import { runOn, withDatabase } from './run-on.ts';

/** A migrated PostgreSQL database of this test file's own. `url` lets a second process use it too; call `drop` at the end. */
export async function createTestDatabase(): Promise<{ url: string; database: Database; drop: () => Promise<void> }> {
  const serverUrl = inject('serverUrl');
  const name = `skillett_${randomBytes(6).toString('hex')}`;
  await runOn(serverUrl, `create database ${name} template ${inject('templateName')}`);
  const url = withDatabase(serverUrl, name);
  const database = openPostgres(url);
  return {
    url,
    database,
    drop: async () => {
      await database.close();
      await runOn(serverUrl, `drop database ${name} with (force)`);
    },
  };
}

/** An empty PostgreSQL database, for tests of migrations and start-up. */
export async function createEmptyDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const serverUrl = inject('serverUrl');
  const name = `skillett_${randomBytes(6).toString('hex')}`;
  await runOn(serverUrl, `create database ${name}`);
  return { url: withDatabase(serverUrl, name), drop: () => runOn(serverUrl, `drop database ${name} with (force)`) };
}

/** A migrated PGlite in memory: for what the embedded database may be, and seconds of work. */
export async function createPgliteTestDatabase(): Promise<Database> {
  return openEmbedded(undefined, new Blob([await readFile(inject('pgliteTemplate'))]));
}
