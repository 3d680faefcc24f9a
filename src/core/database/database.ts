/**
 * The database: Kysely over `pg`, or over PGlite where the embedded PostgreSQL cannot run (`app/embedded`). Both speak
 * PostgreSQL, run the same migrations and the same queries.
 */
import { chmodSync, promises as fs, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CamelCasePlugin, Kysely, PGliteDialect, PostgresDialect, sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import pg from 'pg';
import { unavailable } from '../errors.ts';
import type { Tables } from './tables.ts';

export type Db = Kysely<Tables>;

export interface Database {
  /** `embedded`: in the data folder, of one process, beside which the sandbox stands. */
  kind: 'postgres' | 'embedded';
  db: Db;
  /**
   * Runs SQL text under a name that the server prepares once per connection. Rows come as the database names them, in snake_case.
   */
  statement<Row>(name: string, text: string, values: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** PGlite, which lives in this process. */
export interface EmbeddedDatabase extends Database {
  /** Everything in it, packed, as of a moment between two statements. */
  dump(): Promise<Blob>;
}

const int8 = 20;
const date = 1082;

/** Counts and byte sums stay below 2^53; dates stay text, since a JavaScript Date would move them by the time zone. */
const toNumber = (text: string): number => Number(text);
const asText = (text: string): string => text;

const camelCase = () => new CamelCasePlugin({ maintainNestedObjectKeys: true });

/** `statementMsMax`: what takes longer is cancelled, and counts as a database that is away. */
export function openPostgres(
  databaseUrl: string,
  options: { poolMax?: number; statementMsMax?: number; onError?: (error: Error) => void } = {},
): Database {
  const { statementMsMax = 30_000 } = options;
  const types: pg.CustomTypesConfig = {
    getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
      if (oid === int8) return toNumber;
      if (oid === date) return asText;
      return pg.types.getTypeParser(oid, format as 'text');
    }) as pg.CustomTypesConfig['getTypeParser'],
  };
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.poolMax ?? 10,
    connectionTimeoutMillis: 5_000,
    statement_timeout: statementMsMax,
    // For a network that swallows everything: the server's own limit cannot be heard then.
    query_timeout: statementMsMax + 1_000,
    keepAlive: true,
    idle_in_transaction_session_timeout: 30_000,
    application_name: 'skillett',
    types,
    // Statements are planned once per connection, perhaps while their tables are empty; such a plan would read a table that has
    // grown from end to end until somebody analyses it (docs/decisions/0005).
    onConnect: async (client) => void (await client.query('set enable_seqscan to off')),
  });
  // A connection that the server closes is replaced on next use. Without a listener of its own it would end the process when
  // that happens between two statements of a transaction; the pool listens only to those that nobody uses.
  let closing = false;
  pool.on('connect', (client) => {
    let told = false;
    client.on('error', (error) => {
      if (!closing && !told) options.onError?.(error);
      told = true;
    });
  });
  pool.on('error', () => {});
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: [camelCase()] });
  return {
    kind: 'postgres',
    db,
    statement: async <Row>(name: string, text: string, values: unknown[]) => (await pool.query({ name, text, values })).rows as Row[],
    close: () => {
      closing = true;
      return db.destroy();
    },
  };
}

/** `folder` undefined keeps everything in memory (tests). `template` is a dump made by PGlite's `dumpDataDir`. */
export async function openEmbedded(folder: string | undefined, template?: Blob): Promise<EmbeddedDatabase> {
  // Beside PostgreSQL it is not needed.
  const { PGlite } = await import('@electric-sql/pglite');
  if (folder !== undefined) {
    // Its files can be read by everybody, so nobody else gets as far: the data folder may be one that others may enter.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  }
  const pglite = await PGlite.create({
    ...(folder === undefined ? {} : { dataDir: folder }),
    ...(template ? { loadDataDir: template } : {}),
    parsers: { [int8]: toNumber, [date]: asText },
  });
  const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }), plugins: [camelCase()] });
  return {
    kind: 'embedded',
    db,
    statement: async <Row>(_name: string, text: string, values: unknown[]) => (await pglite.query<Row>(text, values)).rows,
    dump: () => pglite.dumpDataDir('gzip'),
    close: async () => {
      await db.destroy();
      if (!pglite.closed) await pglite.close();
    },
  };
}

const packageFolder = path.resolve(import.meta.dirname, '../../..');

/** Node strips no types under node_modules, so an installed package runs what `npm run build` made of them. */
export const migrationsFolder = path.join(
  packageFolder,
  packageFolder.includes(`${path.sep}node_modules${path.sep}`) ? 'dist/server/migrations' : 'migrations',
);

/** A newer release has been here, and what it changed is not known to this one. */
export class NewerDatabase extends Error {
  constructor(migrations: readonly string[]) {
    super(
      `The database was brought up to date by a newer release of Skillett, with ${migrations.length === 1 ? 'the migration' : 'migrations'} ${migrations.join(', ')} which this release does not know. Start that release or a later one; to go back to this one, restore the backup that was made before the upgrade.`,
    );
    this.name = 'NewerDatabase';
  }
}

/**
 * Brings the database to the newest state and returns the names of the migrations that ran. Processes that start together take turns.
 * Throws NewerDatabase.
 */
export async function migrate(db: Db): Promise<string[]> {
  const ran = (await isUpToDate(db)) ? [] : await db.connection().execute(migrateAlone);
  await validateConstraints(db);
  return ran;
}

/** On one connection, which holds a lock over all steps: `migrateTo` would take back what another process did after it looked. */
async function migrateAlone(db: Db): Promise<string[]> {
  await sql`select pg_advisory_lock(${migrationLock})`.execute(db);
  try {
    const ran: string[] = [];
    if (await isUpToDate(db)) return ran;
    for (const target of [...validatedFirst, undefined]) {
      ran.push(...(await runMigrations(db, target)));
      await validateConstraints(db);
    }
    return ran;
  } finally {
    // A connection that is lost has given it back.
    await sql`select pg_advisory_unlock(${migrationLock})`.execute(db).catch(() => {});
  }
}

/** Any number that nobody else takes. */
const migrationLock = 7_201_641_128;

/** Migrations whose constraints are validated before the next one runs, which relies on that. */
const validatedFirst = ['202611280941-calls-end-before-days'];
const lockTriesMax = 30;

/** Up to the migration `target`, or all. One that could not have its lock in time has let writers pass, and is tried again. */
async function runMigrations(db: Db, target: string | undefined): Promise<string[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await tryMigrations(db, target);
    } catch (error) {
      if (!isLockTimeout((error as Error).cause) || tries === lockTriesMax) throw error;
      await setTimeout(500);
    }
  }
}

/** `lock_timeout` gave the statement up (lock_not_available). */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && (error as { code?: string }).code === '55P03';
}

async function tryMigrations(db: Db, target: string | undefined): Promise<string[]> {
  if (target !== undefined && (await listRunMigrations(db))?.includes(target)) return [];
  const migrator = new Migrator({ db, provider: new FileMigrationProvider({ fs, path, migrationFolder: migrationsFolder }) });
  const { error, results } = await (target === undefined ? migrator.migrateToLatest() : migrator.migrateTo(target));
  const failed = results?.find((result) => result.status === 'Error');
  if (failed) throw new Error(`Migration ${failed.migrationName} failed; the database is as it was before it.`, { cause: error });
  if (error) {
    const unknown = await listUnknownMigrations(db);
    if (unknown.length > 0) throw new NewerDatabase(unknown);
    // Without a migration that failed, the database could not even be asked.
    throw error;
  }
  return (results ?? []).filter(({ status }) => status === 'Success').map((result) => result.migrationName);
}

/**
 * Looks at the rows that stood before a constraint which a migration added as NOT VALID. Kysely runs all migrations in one
 * transaction, whose locks would keep every writer waiting meanwhile; after it, processes of an older release go on writing.
 */
async function validateConstraints(db: Db): Promise<void> {
  const { rows } = await sql<{ statement: string }>`
    select format('alter table %s validate constraint %I', conrelid::regclass, conname) as statement from pg_constraint
    where not convalidated and connamespace = current_schema()::regnamespace order by conname`.execute(db);
  for (const { statement } of rows) await sql.raw(statement).execute(db);
}

/** Which migrations a start would run, and how many ran before. Throws NewerDatabase. */
export async function listPendingMigrations(db: Db): Promise<{ ran: number; names: string[] }> {
  const unknown = await listUnknownMigrations(db);
  if (unknown.length > 0) throw new NewerDatabase(unknown);
  const ran = (await listRunMigrations(db)) ?? [];
  return { ran: ran.length, names: (await listKnownMigrations()).filter((name) => !ran.includes(name)) };
}

/** Told by names alone: loading every migration to find that there is nothing to do takes a sixth of a start. */
async function isUpToDate(db: Db): Promise<boolean> {
  const known = await listKnownMigrations();
  const ran = await listRunMigrations(db);
  return ran !== undefined && ran.length === known.length && ran.every((name, at) => name === known[at]);
}

async function listKnownMigrations(): Promise<string[]> {
  return (await fs.readdir(migrationsFolder)).map((file) => path.parse(file).name).sort();
}

/** Undefined where the database is new, or cannot be asked. */
async function listRunMigrations(db: Db): Promise<string[] | undefined> {
  try {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    return rows.map(({ name }) => name).sort();
  } catch {
    return undefined;
  }
}

/** Names that ran here and are none of this release's; none where the database cannot be asked. */
async function listUnknownMigrations(db: Db): Promise<string[]> {
  const known = await listKnownMigrations();
  return ((await listRunMigrations(db)) ?? []).filter((name) => !known.includes(name));
}

/**
 * SQLSTATE classes and system errors that mean "the database cannot be used now", not "the statement was wrong". 25006: it
 * takes no writes, as a standby does until it is promoted.
 */
const awayCodes =
  /^(08...|57P0[123]|53...|25006|25P03|57014|ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)$/;
const awayMessages =
  /timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end/;

export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as Error & { code?: unknown }).code;
  return (typeof code === 'string' && awayCodes.test(code)) || awayMessages.test(error.message);
}

/** A deadlock or a serialisation failure: nothing is wrong with the statement, and it may be tried again. */
export function isTransient(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '40P01' || code === '40001';
}

/** What the client is told while the database is away. */
export function databaseUnavailable(cause: unknown): Error {
  return unavailable('The database cannot be reached at the moment. Try again shortly.', 5, cause);
}

/** Makes transactions that name the same thing take turns until each ends: counting and then inserting is exact only under it. */
export async function lockInTransaction(trx: Db, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(trx);
}
